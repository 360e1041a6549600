"""Ops that make, join, cut and rearrange tensors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor, get_device
from torchkeras.ops._op import CORE, binary, op, promote


@op()
def reshape(x: Any, newshape: Any) -> Any:
    """Return the values in a new shape; one size may be -1."""
    shape = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    if None in shape:
        shape = tuple(-1 if d is None else d for d in shape)
    try:
        return torch.reshape(convert_to_tensor(x), shape)
    except RuntimeError as e:
        if min(shape) < -1 or shape.count(-1) > 1:
            raise ValueError(
                "reshape: newshape must hold sizes, and -1 (or None) once at most. "
                f"Received: newshape={newshape}."
            ) from e
        raise


@op()
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Return the axes in another order, by default reversed."""
    x = convert_to_tensor(x)
    return torch.permute(x, tuple(axes) if axes is not None else tuple(reversed(range(x.ndim))))


@op()
def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """Insert axes of size 1."""
    x = convert_to_tensor(x)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    rank = x.ndim + len(axes)
    for a in sorted(a % rank for a in axes):
        x = x.unsqueeze(a)
    return x


@op()
def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Take axes of size 1 away."""
    x = convert_to_tensor(x)
    if axis is None:
        return x.squeeze()
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in axes:
        if x.shape[a] != 1:
            raise ValueError(
                f"squeeze: axis must have size 1. Received: axis={a} of shape {tuple(x.shape)}."
            )
    return x.squeeze(axes)


@op()
def concatenate(xs: Any, axis: int = 0) -> Any:
    """Join tensors along an axis."""
    return torch.cat(promote(*xs), dim=axis)


@op()
def stack(x: Any, axis: int = 0) -> Any:
    """Join tensors along a new axis."""
    return torch.stack(promote(*x), dim=axis)


@op()
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Cut a tensor into equal parts, or at indices."""
    x = convert_to_tensor(x)
    if not isinstance(indices_or_sections, int):
        return list(torch.tensor_split(x, tuple(indices_or_sections), dim=axis))
    size = x.shape[axis]
    if size % indices_or_sections:
        raise ValueError(
            f"split: the axis must divide into equal parts. Received: {indices_or_sections} parts "
            f"of size {size}."
        )
    return list(torch.tensor_split(x, indices_or_sections, dim=axis))


@op()
def tile(x: Any, repeats: Any) -> Any:
    """Repeat a whole tensor along its axes."""
    return torch.tile(
        convert_to_tensor(x), (repeats,) if isinstance(repeats, int) else tuple(repeats)
    )


@op()
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Repeat each entry along an axis."""
    x = convert_to_tensor(x)
    if isinstance(repeats, (list, tuple, np.ndarray)):
        counts = np.asarray(repeats).reshape(-1)
        if counts.size > 1:  # the counts are known: so is the shape, on symbols too
            x, axis = (x.flatten(), 0) if axis is None else (x, axis)
            index = np.repeat(np.arange(x.shape[axis]), counts)
            return torch.index_select(x, axis, torch.as_tensor(index, device=x.device))
        repeats = int(counts[0])
    elif not isinstance(repeats, int):
        repeats = convert_to_tensor(repeats)
    return torch.repeat_interleave(x, repeats, dim=axis)


@op()
def flip(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Reverse the order along axes."""
    x = convert_to_tensor(x)
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return torch.flip(x, tuple(axes))


@op(tensors=2)
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Return the entries at indices along an axis."""
    x, indices = convert_to_tensor(x), convert_to_tensor(indices).long()
    if axis is None:
        x, axis = x.flatten(), 0
    if not -x.ndim <= axis < x.ndim:
        raise IndexError(
            f"take: axis must be an axis of x. Received: axis={axis} of shape {tuple(x.shape)}."
        )
    axis %= x.ndim
    indices = torch.where(indices < 0, indices + x.shape[axis], indices)
    taken = torch.index_select(x, axis, indices.flatten())
    return taken.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def _matmul(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    if x1.dtype is torch.bool:
        return torch.matmul(x1.int(), x2.int()).bool()
    return torch.matmul(x1, x2)


def _factors(x1: Any, x2: Any) -> tuple[Any, ...]:
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if x1.dtype is x2.dtype is torch.int8:  # these are summed up, and returned, in int32
        return x1.int(), x2.int()
    return promote(x1, x2)


matmul = binary(_matmul, "matmul", "Return the matrix product.", prepare=_factors)


@op(module=CORE)
def cast(x: Any, dtype: Any) -> Any:
    """Return `x` with another dtype."""
    return convert_to_tensor(x).to(dtypes.torch_dtype(dtype))


@op("StopGradient", module=CORE)
def stop_gradient(variable: Any) -> Any:
    """Return the value, through which no gradient flows."""
    return convert_to_tensor(variable).detach()


@op()
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros of the same shape."""
    return torch.zeros_like(convert_to_tensor(x), dtype=dtype and dtypes.torch_dtype(dtype))


@op()
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Return ones of the same shape."""
    return torch.ones_like(convert_to_tensor(x), dtype=dtype and dtypes.torch_dtype(dtype))


def _shape(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def zeros(shape: Any, dtype: Any = None) -> torch.Tensor:
    """Return zeros."""
    return torch.zeros(_shape(shape), dtype=dtypes.torch_dtype(dtype), device=get_device())


def ones(shape: Any, dtype: Any = None) -> torch.Tensor:
    """Return ones."""
    return torch.ones(_shape(shape), dtype=dtypes.torch_dtype(dtype), device=get_device())


_KINDS = {int: int, float: float, bool: int}  # how a Python number counts among dtypes


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> torch.Tensor:
    """Return evenly spaced values; none if `stop` does not lie in the direction of `step`."""
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    if dtype is None and type(start) is type(stop) is type(step) is int:
        dtype = torch.int32
    elif dtype is None:
        kinds = (_KINDS.get(type(v), v) for v in (start, stop, step))
        dtype = dtypes.result_type(*(getattr(k, "dtype", k) for k in kinds))
    if (stop < start) if step > 0 else (stop > start):
        stop = start
    return torch.arange(start, stop, step, dtype=dtypes.torch_dtype(dtype), device=get_device())
