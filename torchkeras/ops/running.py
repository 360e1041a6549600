"""Ops along an axis whose entries build on their neighbours: running sums, differences, areas."""

from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op, promote, to_float

Tensor = torch.Tensor


def _prepared(x: Any, axis: int | None, dtype: Any) -> tuple[Tensor, int]:
    x = convert_to_tensor(x, dtype)
    if x.dtype is torch.bool:
        x = x.to(torch.int32)
    return (x.flatten(), 0) if axis is None else (x, axis)


def _without_nan(x: Tensor, value: float) -> Tensor:
    if x.is_floating_point() or x.is_complex():
        return torch.where(torch.isnan(x), value, x)
    return x


@op()
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Return the running sum along an axis; None: of the flat tensor.

    >>> import torchkeras as keras
    >>> keras.ops.cumsum([1, 2, 3])
    tensor([1, 3, 6], dtype=torch.int32)
    """
    x, axis = _prepared(x, axis, dtype)
    return torch.cumsum(x, axis, dtype=x.dtype)


@op()
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Return the running product along an axis; None: of the flat tensor.

    >>> import torchkeras as keras
    >>> keras.ops.cumprod([1, 2, 3])
    tensor([1, 2, 6], dtype=torch.int32)
    """
    x, axis = _prepared(x, axis, dtype)
    return torch.cumprod(x, axis, dtype=x.dtype)


@op()
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Return the running sum along an axis, NaN counted as 0.

    >>> import torchkeras as keras
    >>> keras.ops.nancumsum([1.0, float("nan"), 3.0])
    tensor([1., 1., 4.])
    """
    x, axis = _prepared(_without_nan(convert_to_tensor(x), 0), axis, dtype)
    return torch.cumsum(x, axis, dtype=x.dtype)


@op()
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Return the running product along an axis, NaN counted as 1.

    >>> import torchkeras as keras
    >>> keras.ops.nancumprod([2.0, float("nan"), 3.0])
    tensor([2., 2., 6.])
    """
    x, axis = _prepared(_without_nan(convert_to_tensor(x), 1), axis, dtype)
    return torch.cumprod(x, axis, dtype=x.dtype)


@op()
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Return the `n`-th difference between neighbours along an axis; of booleans: if they differ.

    Raises:
        ValueError: if `n` is negative or `a` has no axis.

    >>> import torchkeras as keras
    >>> keras.ops.diff([1, 2, 4, 7, 0])
    tensor([ 1,  2,  3, -7], dtype=torch.int32)
    """
    a = convert_to_tensor(a)
    if n < 0:
        raise ValueError(f"diff: n must be >= 0. Received: n={n}.")
    if a.ndim == 0:
        raise ValueError("diff: a must have at least one dimension. Received: a number.")
    return torch.diff(a, n=n, dim=axis)


@op(extra=("x",))
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Return the integral along an axis by the trapezoidal rule.

    Args:
        y: Values of the function.
        x: Where they were taken, of one axis or of the shape of `y`; default: every `dx`.
        dx: Distance of the points.
        axis: Axis of the points.

    >>> import torchkeras as keras
    >>> keras.ops.trapezoid([[1, 2, 3], [4, 5, 6]], axis=1)
    tensor([ 4., 10.])
    """
    y = to_float(y)
    if x is None:
        return torch.trapezoid(y, dx=dx, dim=axis)
    y, x = promote(y, x)
    return torch.trapezoid(y, x, dim=axis)
