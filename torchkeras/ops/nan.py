"""Reductions that pass over NaN."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op, to_float
from torchkeras.ops.reduction import Axis, _axes, _ordered, _reduce, _summable

Tensor = torch.Tensor


def _has_nan(x: Tensor) -> bool:
    return x.is_floating_point() or x.is_complex()


def _filled(x: Tensor, value: float) -> Tensor:
    """Return `x` with a value in place of NaN."""
    return torch.where(torch.isnan(x), value, x) if _has_nan(x) else x


def _extreme(
    function: Callable[..., Any], x: Any, axis: Axis, keepdims: bool, least: float
) -> Tensor:
    x = convert_to_tensor(x)
    if not _has_nan(x):
        return _reduce(function, x, axis, keepdims)
    missing = torch.isnan(x)
    out = _reduce(function, torch.where(missing, least, x), axis, keepdims)
    nothing = _reduce(torch.all, missing, axis, keepdims) if x.ndim else missing
    return torch.where(nothing, torch.nan, out)


@op()
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the greatest value that is not NaN; NaN where there is none.

    >>> import torchkeras as keras
    >>> keras.ops.nanmax([1.0, float("nan"), 3.0])
    tensor(3.)
    """
    return _extreme(torch.amax, x, axis, keepdims, -torch.inf)


@op()
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the smallest value that is not NaN; NaN where there is none.

    >>> import torchkeras as keras
    >>> keras.ops.nanmin([1.0, float("nan"), 3.0])
    tensor(1.)
    """
    return _extreme(torch.amin, x, axis, keepdims, torch.inf)


@op()
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the sum of what is not NaN.

    >>> import torchkeras as keras
    >>> keras.ops.nansum([1.0, float("nan"), 3.0])
    tensor(4.)
    """
    x = _summable(convert_to_tensor(x))
    if x.is_floating_point():
        return _reduce(torch.nansum, x, axis, keepdims)
    return _reduce(torch.sum, _filled(x, 0), axis, keepdims, dtype=x.dtype)


@op()
def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the product of what is not NaN.

    >>> import torchkeras as keras
    >>> keras.ops.nanprod([2.0, float("nan"), 3.0])
    tensor(6.)
    """
    x = _filled(_summable(convert_to_tensor(x)), 1)
    for a in sorted((range(x.ndim)[a] for a in _axes(x, axis)), reverse=True):
        x = torch.prod(x, dim=a, keepdim=keepdims, dtype=x.dtype)
    return x


@op()
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the mean of what is not NaN; NaN where there is nothing.

    >>> import torchkeras as keras
    >>> keras.ops.nanmean([1.0, float("nan"), 3.0])
    tensor(2.)
    """
    return _reduce(torch.nanmean, to_float(x), axis, keepdims)


@op()
def nanvar(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the variance of what is not NaN; NaN where there is nothing.

    >>> import torchkeras as keras
    >>> keras.ops.nanvar([1.0, float("nan"), 3.0])
    tensor(1.)
    """
    x = to_float(x)
    missing = torch.isnan(x)
    count = _reduce(torch.sum, ~missing, axis, True)
    some = count.clamp(min=1)
    mean = _reduce(torch.sum, torch.where(missing, 0, x), axis, True) / some
    distance = torch.where(missing, 0, x - mean)  # no gradient comes out of a NaN
    if distance.is_complex():
        distance = torch.abs(distance)
    mean = _reduce(torch.sum, torch.square(distance), axis, True) / some
    out = torch.where(count > 0, mean, torch.nan)
    if keepdims:
        return out
    return out.squeeze(_axes(x, axis))


@op()
def nanstd(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the standard deviation of what is not NaN; NaN where there is nothing.

    >>> import torchkeras as keras
    >>> keras.ops.nanstd([1.0, float("nan"), 3.0])
    tensor(1.)
    """
    return torch.sqrt(nanvar(x, axis, keepdims))


def _argument(
    function: Callable[..., Tensor], x: Any, axis: int | None, keepdims: bool, least: float
) -> Tensor:
    x = _ordered(x)
    if not _has_nan(x):
        return function(x, axis, keepdims).to(torch.int32)
    missing = torch.isnan(x)
    index = function(torch.where(missing, least, x), axis, keepdims)
    nothing = _reduce(torch.all, missing, axis, keepdims) if x.ndim else missing
    return torch.where(nothing, -1, index).to(torch.int32)


@op()
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the index of the greatest value that is not NaN; -1 where there is none.

    >>> import torchkeras as keras
    >>> keras.ops.nanargmax([1.0, float("nan"), 3.0])
    tensor(2, dtype=torch.int32)
    """
    return _argument(torch.argmax, x, axis, keepdims, -torch.inf)


@op()
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the index of the smallest value that is not NaN; -1 where there is none.

    >>> import torchkeras as keras
    >>> keras.ops.nanargmin([1.0, float("nan"), 3.0])
    tensor(0, dtype=torch.int32)
    """
    return _argument(torch.argmin, x, axis, keepdims, torch.inf)
