"""Numbers between two ends, evenly spaced on a linear or a logarithmic scale."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import common_dtype, op


def _kinds(dtype: Any, *ends: Any) -> tuple[torch.dtype, torch.dtype]:
    """Return the dtypes of the result and of the computation."""
    common = common_dtype(*ends)
    if not (common.is_floating_point or common.is_complex):
        common = dtypes.torch_dtype(None)
    if dtype is None:
        return common, common
    wanted = dtypes.torch_dtype(dtype)
    # An integer result is cut off: it shall not miss the next number by a rounding error.
    exact = not (wanted.is_floating_point or wanted.is_complex or common.is_complex)
    return wanted, torch.float64 if exact else torch.promote_types(common, wanted)


def _samples(
    start: Any, stop: Any, num: int, endpoint: bool, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `num` values along a new first axis, and the step between them."""
    start, stop = (convert_to_tensor(v, dtype) for v in (start, stop))
    start, stop = torch.broadcast_tensors(start, stop)
    gaps = num - 1 if endpoint else num
    if gaps <= 0:
        nan = torch.full_like(start, float("nan"))
        return start.expand(num, *start.shape).clone(), nan
    step = (stop - start) / gaps
    plain = start.ndim == 0 and not (start.requires_grad or stop.requires_grad)
    if plain and dtype is not torch.float64 and not dtype.is_complex:
        last = stop if endpoint else stop - step
        return torch.linspace(start, last, num, dtype=dtype, device=start.device), step
    counts = torch.arange(num, device=start.device).to(dtype)
    counts = counts.reshape(-1, *[1] * start.ndim)
    out = start + counts * step
    if endpoint:  # exactly
        out = torch.cat([out[:-1], stop.unsqueeze(0)])
    return out, step


def _placed(x: torch.Tensor, axis: int, dtype: torch.dtype) -> torch.Tensor:
    return (x if axis == 0 else torch.movedim(x, 0, axis)).to(dtype)


@op("Linspace", tensors=2)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return `num` evenly spaced values.

    Args:
        start: First value; a tensor gives as many sequences.
        stop: Last value.
        num: Number of values.
        endpoint: Whether `stop` is the last value; else it is the one after.
        retstep: Also return the step between two values.
        dtype: Default: that of the ends, as a float; integers are rounded down.
        axis: Where the new axis is put if an end is a tensor.

    >>> linspace(0, 1, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    num = check.integer("linspace", "num", num, signed=False)
    wanted, kind = _kinds(dtype, start, stop)
    samples, step = _samples(start, stop, num, endpoint, kind)
    if dtypes.is_int(wanted):
        samples = torch.floor(samples)
    samples = _placed(samples, axis, wanted)
    if not retstep:
        return samples
    numbers = isinstance(start, (int, float)) and isinstance(stop, (int, float))
    return samples, step.item() if numbers and not step.is_meta else step


@op("Logspace", tensors=2)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
) -> torch.Tensor:
    """Return `base` to the power of `num` evenly spaced values; arguments as of `linspace`.

    >>> logspace(0, 2, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    num = check.integer("logspace", "num", num, signed=False)
    wanted, kind = _kinds(dtype, start, stop)
    exponents, _ = _samples(start, stop, num, endpoint, kind)
    return _placed(torch.pow(convert_to_tensor(base, kind), exponents), axis, wanted)


@op("Geomspace", tensors=2)
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> torch.Tensor:
    """Return `num` values each of which is the same multiple of the one before it.

    The two ends have the same sign; the other arguments are those of `linspace`.

    >>> geomspace(1, 100, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    num = check.integer("geomspace", "num", num, signed=False)
    wanted, kind = _kinds(dtype, start, stop)
    first, last = (convert_to_tensor(v, kind) for v in (start, stop))
    # Of negative ends, the sequence of their opposites.
    sign = 1 if kind.is_complex else torch.where((first < 0) & (last < 0), -1, 1)
    exponents, _ = _samples(
        torch.log10(first * sign), torch.log10(last * sign), num, endpoint, kind
    )
    out = torch.pow(torch.tensor(10, dtype=kind, device=exponents.device), exponents) * sign
    if num and not kind.is_complex:  # the ends exactly
        first, last = (v.expand(out.shape[1:]).unsqueeze(0) for v in (first, last))
        tail = [last] if endpoint and num > 1 else []
        out = torch.cat([first, out[1 : num - len(tail)], *tail])
    return _placed(out, axis, wanted)
