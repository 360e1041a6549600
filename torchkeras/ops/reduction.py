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


def _reduce(
    function: Callable[..., Any], x: Any, axis: Axis, keepdims: bool, **options: Any
) -> Any:
    """Reduce over axes; over none of them, entry by entry (torch takes `()` for all)."""
    axes = _axes(x, axis)
    if not axes and x.ndim:
        return function(x.unsqueeze(0), dim=(0,), **options)
    return function(x, dim=axes, keepdim=keepdims, **options)


def _summable(x: torch.Tensor) -> torch.Tensor:
    """Widen small integers, as Keras does before it adds or multiplies many of them."""
    narrow = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16)
    return x.to(torch.int32) if x.dtype in narrow else x


@op()
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the sum over axes."""
    x = _summable(convert_to_tensor(x))
    return _reduce(torch.sum, x, axis, keepdims, dtype=x.dtype)


@op()
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the mean over axes."""
    return _reduce(torch.mean, to_float(x), axis, keepdims)


@op()
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the variance over axes."""
    return _reduce(torch.var, to_float(x), axis, keepdims, correction=0)


@op()
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the standard deviation over axes."""
    return _reduce(torch.std, to_float(x), axis, keepdims, correction=0)


def _extreme(function: Callable[..., Any], x: Any, axis: Axis, keepdims: bool, initial: Any) -> Any:
    x = convert_to_tensor(x)
    if initial is not None and x.numel() == 0:  # nothing but the initial value takes part
        return torch.full_like(_reduce(torch.sum, x, axis, keepdims, dtype=x.dtype), initial)
    out = _reduce(function, x, axis, keepdims)
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
    x = convert_to_tensor(x)
    x = _summable(x) if dtype is None else convert_to_tensor(x, dtype)
    axes = [range(x.ndim)[a] for a in _axes(x, axis)]
    for a in sorted(axes, reverse=True):
        x = torch.prod(x, dim=a, keepdim=keepdims, dtype=x.dtype)
    return x


@op()
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Tell whether all values are true."""
    x = convert_to_tensor(x).bool()
    return _reduce(torch.all, x, axis, keepdims) if x.ndim else x


@op()
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Tell whether one value is true."""
    x = convert_to_tensor(x).bool()
    return _reduce(torch.any, x, axis, keepdims) if x.ndim else x


def _ordered(x: Any) -> torch.Tensor:
    x = convert_to_tensor(x)
    return x.to(torch.uint8) if x.dtype is torch.bool else x


@op()
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the index of the greatest value, as int32."""
    return torch.argmax(_ordered(x), axis, keepdims).to(torch.int32)


@op()
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the index of the smallest value, as int32."""
    return torch.argmin(_ordered(x), axis, keepdims).to(torch.int32)


@op()
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Return the running sum along an axis."""
    x = convert_to_tensor(x, dtype)
    kind = torch.int32 if x.dtype is torch.bool else x.dtype
    return torch.cumsum(x.flatten() if axis is None else x, axis or 0, dtype=kind)


@op(module=MATH)
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return `log(sum(exp(x)))` over axes, without overflow."""
    return _reduce(torch.logsumexp, to_float(x), axis, keepdims)
