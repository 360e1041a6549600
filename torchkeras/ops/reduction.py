"""Ops that take axes away: sums, means, extremes, arguments of extremes."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import MATH, op, to_float

Axis = int | Sequence[int] | None
_FLOATS = frozenset((torch.float32, torch.float64, torch.float16, torch.bfloat16))


def _axes(x: torch.Tensor, axis: Axis) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    return tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)


def _reduce(
    function: Callable[..., Any], x: Any, axis: Axis, keepdims: bool, **options: Any
) -> Any:
    """Reduce over axes; over none of them, entry by entry (torch takes `()` for all)."""
    axes = _axes(x, axis)
    if not axes and x.ndim:
        return function(x.unsqueeze(0), dim=(0,), **options)
    return function(x, dim=axes, keepdim=keepdims, **options)


def _direct(
    function: Callable[..., Any], *, whole: bool = True, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate an op: a plain float tensor goes straight to torch's kernel, along one axis.

    `whole`: or over all of them.
    """

    def decorate(slow: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(slow)
        def public(
            x: Any, axis: Axis = None, keepdims: bool = False, *rest: Any, **named: Any
        ) -> Any:
            if type(x) is torch.Tensor and x.dtype in _FLOATS and not rest and not named:
                if type(axis) is int:
                    return function(x, dim=axis, keepdim=keepdims, **options)
                if whole and axis is None and not keepdims:
                    return function(x, **options)
            return slow(x, axis, keepdims, *rest, **named)

        return public

    return decorate


def _summable(x: torch.Tensor) -> torch.Tensor:
    """Widen small integers, as Keras does before it adds or multiplies many of them."""
    narrow = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16)
    return x.to(torch.int32) if x.dtype in narrow else x


@_direct(torch.sum)
@op()
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the sum over axes."""
    x = _summable(convert_to_tensor(x))
    return _reduce(torch.sum, x, axis, keepdims, dtype=x.dtype)


@_direct(torch.mean)
@op()
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the mean over axes."""
    return _reduce(torch.mean, to_float(x), axis, keepdims)


@_direct(torch.var, correction=0)
@op()
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the variance over axes."""
    return _reduce(torch.var, to_float(x), axis, keepdims, correction=0)


@_direct(torch.std, correction=0)
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


@_direct(torch.amax)
@op()
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Return the greatest value over axes."""
    return _extreme(torch.amax, x, axis, keepdims, initial)


@_direct(torch.amin)
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


@_direct(torch.amax)
@op()
def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the greatest value over axes.

    >>> import torchkeras as keras
    >>> keras.ops.amax([[1, 2], [3, 0]], axis=1)
    tensor([2, 3], dtype=torch.int32)
    """
    return _extreme(torch.amax, x, axis, keepdims, None)


@_direct(torch.amin)
@op()
def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the smallest value over axes.

    >>> import torchkeras as keras
    >>> keras.ops.amin([[1, 2], [3, 0]], axis=1)
    tensor([1, 0], dtype=torch.int32)
    """
    return _extreme(torch.amin, x, axis, keepdims, None)


@op()
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the greatest value less the smallest over axes.

    >>> import torchkeras as keras
    >>> keras.ops.ptp([[1, 2], [3, 0]], axis=1)
    tensor([1, 3], dtype=torch.int32)
    """
    x = convert_to_tensor(x)
    if x.dtype is torch.bool:
        raise TypeError("ptp: x must hold numbers. Received: booleans.")
    return _reduce(torch.amax, x, axis, keepdims) - _reduce(torch.amin, x, axis, keepdims)


@op()
def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """Return the number of values over axes that are not zero, as int32.

    >>> import torchkeras as keras
    >>> keras.ops.count_nonzero([[1, 2], [3, 0]], axis=1)
    tensor([2, 1], dtype=torch.int32)
    """
    return _reduce(torch.sum, convert_to_tensor(x) != 0, axis, False, dtype=torch.int32)


@_direct(torch.logsumexp, whole=False)
@op(module=MATH)
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return `log(sum(exp(x)))` over axes, without overflow."""
    return _reduce(torch.logsumexp, to_float(x), axis, keepdims)
