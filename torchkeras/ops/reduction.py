"""Ops that take axes away: sums, means, extremes, arguments of extremes."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import MATH, op, to_float

Axis = int | Sequence[int] | None


def _axes(x: torch.Tensor, axis: Axis) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    return (axis,) if isinstance(axis, int) else tuple(axis)


@op()
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the sum over axes."""
    x = convert_to_tensor(x)
    if x.dtype in (torch.bool, torch.int8, torch.int16):
        x = x.to(torch.int32)
    return torch.sum(x, dim=_axes(x, axis), keepdim=keepdims, dtype=x.dtype)


@op()
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the mean over axes."""
    x = to_float(x)
    return torch.mean(x, dim=_axes(x, axis), keepdim=keepdims)


@op()
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the variance over axes."""
    x = to_float(x)
    return torch.var(x, dim=_axes(x, axis), keepdim=keepdims, correction=0)


@op()
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the standard deviation over axes."""
    x = to_float(x)
    return torch.std(x, dim=_axes(x, axis), keepdim=keepdims, correction=0)


def _extreme(function: Callable[..., Any], x: Any, axis: Axis, keepdims: bool, initial: Any) -> Any:
    x = convert_to_tensor(x)
    out = function(x, dim=_axes(x, axis), keepdim=keepdims)
    if initial is None:
        return out
    pair = torch.maximum if function is torch.amax else torch.minimum
    return pair(out, torch.as_tensor(initial, dtype=out.dtype, device=out.device))


@op()
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Return the greatest value over axes."""
    return _extreme(torch.amax, x, axis, keepdims, initial)


@op()
def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Return the smallest value over axes."""
    return _extreme(torch.amin, x, axis, keepdims, initial)


@op()
def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Return the product over axes."""
    x = convert_to_tensor(x, dtype)
    for a in sorted((a % x.ndim for a in _axes(x, axis)), reverse=True):
        x = torch.prod(x, dim=a, keepdim=keepdims)
    return x


@op()
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Tell whether all values are true."""
    x = convert_to_tensor(x).bool()
    return torch.all(x, dim=_axes(x, axis), keepdim=keepdims) if x.ndim else x


@op()
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Tell whether one value is true."""
    x = convert_to_tensor(x).bool()
    return torch.any(x, dim=_axes(x, axis), keepdim=keepdims) if x.ndim else x


@op()
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the index of the greatest value, as int32."""
    return torch.argmax(convert_to_tensor(x), axis, keepdims).to(torch.int32)


@op()
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the index of the smallest value, as int32."""
    return torch.argmin(convert_to_tensor(x), axis, keepdims).to(torch.int32)


@op()
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Return the running sum along an axis."""
    x = convert_to_tensor(x, dtype)
    kind = torch.int32 if x.dtype is torch.bool else x.dtype
    return torch.cumsum(x.flatten() if axis is None else x, axis or 0, dtype=kind)


@op(module=MATH)
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return `log(sum(exp(x)))` over axes, without overflow."""
    x = to_float(x)
    return torch.logsumexp(x, dim=_axes(x, axis), keepdim=keepdims)
