"""Values added around a tensor, in all of NumPy's ways."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from torchkeras._base.check import one_of
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op
from torchkeras.ops.quantiles import median

Tensor = torch.Tensor


def _reflect(index: Tensor, size: int) -> Tensor:
    period = 2 * (size - 1)
    if not period:
        return torch.zeros_like(index)
    index = index % period
    return torch.minimum(index, period - index)


def _symmetric(index: Tensor, size: int) -> Tensor:
    index = index % (2 * size)
    return torch.minimum(index, 2 * size - 1 - index)


# Which entry of the axis stands at an index outside of it.
_ENTRIES: dict[str, Callable[[Tensor, int], Tensor]] = {
    "edge": lambda index, size: index.clamp(0, size - 1),
    "reflect": _reflect,
    "symmetric": _symmetric,
    "wrap": lambda index, size: index % size,
    "circular": lambda index, size: index % size,
}


def _mean(x: Tensor, axis: int) -> Tensor:
    if x.is_floating_point() or x.is_complex():
        return x.mean(axis, keepdim=True)
    return x.double().mean(axis, keepdim=True).round().to(x.dtype)


def _median(x: Tensor, axis: int) -> Tensor:
    if x.is_floating_point():
        return median(x, axis, keepdims=True)
    return median(x.double(), axis, keepdims=True).round().to(x.dtype)


# What stands all along an axis before and after it.
_SUMMARIES: dict[str, Callable[[Tensor, int], Tensor]] = {
    "maximum": lambda x, axis: x.amax(axis, keepdim=True),
    "minimum": lambda x, axis: x.amin(axis, keepdim=True),
    "mean": _mean,
    "median": _median,
}
_MODES = ("constant", *_ENTRIES, *_SUMMARIES, "linear_ramp", "empty")


def _widths(pad_width: Any, rank: int) -> list[tuple[int, int]]:
    def pair(p: Any) -> tuple[int, int]:
        return (p[0], p[-1]) if isinstance(p, (list, tuple)) else (p, p)

    if isinstance(pad_width, np.ndarray):
        pad_width = pad_width.tolist()
    given = list(pad_width) if isinstance(pad_width, (list, tuple)) else [pad_width]
    if len(given) == 2 and not any(isinstance(p, (list, tuple)) for p in given):
        given = [tuple(given)]
    if len(given) == 1:
        given *= rank
    widths = [pair(p) for p in given if not isinstance(p, (list, tuple)) or len(p) in (1, 2)]
    whole = all(isinstance(w, (int, np.integer)) and w >= 0 for pair in widths for w in pair)
    if len(given) != rank or len(widths) != rank or not whole:
        raise ValueError(
            "pad: pad_width must hold integers >= 0: one, a pair, or a pair for each dimension. "
            f"Received: pad_width={pad_width} for {rank} dimensions."
        )
    return widths


def _ramp(edge: Tensor, axis: int, width: int) -> Tensor:
    """Return values that rise from 0 to the edge, which is left out."""
    exact = edge.is_floating_point() or edge.is_complex()
    step = torch.arange(width, dtype=edge.dtype if exact else torch.float64, device=edge.device)
    step = (step / width).reshape([-1 if a == axis else 1 for a in range(edge.ndim)])
    return edge * step if exact else torch.floor(edge * step).to(edge.dtype)


@op(named=("constant_values",))
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """Add entries before and after those of each axis.

    Args:
        x: Tensor.
        pad_width: Number of entries: one for all, `(before, after)` for all axes, or such a pair
            for each.
        mode: `"constant"`, `"edge"`, `"linear_ramp"` (down to 0), `"maximum"`, `"mean"`,
            `"median"`, `"minimum"`, `"reflect"`, `"symmetric"`, `"wrap"`, `"circular"` (the same),
            `"empty"` (zeros).
        constant_values: Number for `"constant"`; default 0.

    Raises:
        ValueError: for another mode, bad widths, nothing to repeat, or constant values in vain.

    >>> import torchkeras as keras
    >>> keras.ops.pad([1, 2, 3], 2, mode="reflect")
    tensor([3, 2, 1, 2, 3, 2, 1], dtype=torch.int32)
    """
    one_of("pad", "mode", mode, _MODES)
    if constant_values is not None and mode != "constant":
        raise ValueError(
            "pad: constant_values must be None unless mode='constant'. "
            f"Received: mode={mode!r}, constant_values={constant_values}."
        )
    x = convert_to_tensor(x)
    widths = _widths(pad_width, x.ndim)
    if mode in ("constant", "empty"):
        return _constant(x, widths, constant_values)
    for axis, (before, after) in enumerate(widths):
        size = x.shape[axis]
        if not before and not after:
            continue
        if not size:
            raise ValueError(
                f"pad: x must have values for mode={mode!r}. Received: shape {tuple(x.shape)}."
            )
        if mode in _ENTRIES:
            index = torch.arange(-before, size + after, device=x.device)
            x = torch.index_select(x, axis, _ENTRIES[mode](index, size))
            continue
        if mode == "linear_ramp":
            first = _ramp(x.narrow(axis, 0, 1), axis, before)
            last = _ramp(x.narrow(axis, size - 1, 1), axis, after).flip(axis)
        else:
            value = _SUMMARIES[mode](x, axis)
            shape = list(x.shape)
            shape[axis] = before
            first = value.expand(shape)
            shape[axis] = after
            last = value.expand(shape)
        x = torch.cat([first, x, last], axis)
    return x


def _constant(x: Tensor, widths: list[tuple[int, int]], value: Any) -> Tensor:
    flat = [w for pair in reversed(widths) for w in pair]
    if value is None or isinstance(value, (bool, int, float)):
        return F.pad(x, flat, value=value or 0)
    inside = F.pad(torch.ones_like(x, dtype=torch.bool), flat)
    return torch.where(inside, F.pad(x, flat), convert_to_tensor(value).to(x.dtype))
