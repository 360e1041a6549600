"""Averages with weights, correlations and counts of values."""

from typing import Any

import torch

from torchkeras.core import dtypes
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import common_dtype, op, to_float
from torchkeras.ops.reduction import Axis, _axes, _reduce, _summable

Tensor = torch.Tensor


@op(named=("weights",))
def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """Return the mean over axes, with weights `sum(x * weights) / sum(weights)`.

    Args:
        x: Tensor.
        axis: Axis or axes; default: all of them.
        weights: Of the shape of `x`, or one for each entry of one axis; default: all equal.

    Raises:
        ValueError: if the shape of the weights is neither.

    >>> import torchkeras as keras
    >>> keras.ops.average([1.0, 2.0], weights=[3, 1])
    tensor(1.2500)
    """
    if weights is None:
        return _reduce(torch.mean, to_float(x), axis, False)
    x, weights = convert_to_tensor(x), convert_to_tensor(weights)
    dtype = common_dtype(x, weights, 1.0)
    x, weights = x.to(dtype), weights.to(dtype)
    axes = [range(x.ndim)[a] for a in _axes(x, axis)]
    if weights.shape != x.shape:
        if weights.ndim != 1 or len(axes) != 1 or weights.shape[0] != x.shape[axes[0]]:
            raise ValueError(
                "average: weights must have the shape of x, or that of the one axis. "
                f"Received: weights of shape {tuple(weights.shape)}, x of shape {tuple(x.shape)}, "
                f"axis={axis}."
            )
        weights = weights.reshape([-1 if a in axes else 1 for a in range(x.ndim)]).expand_as(x)
    total = _reduce(torch.sum, weights, axis, False)
    return _reduce(torch.sum, x * weights, axis, False) / total


def _corrcoef_spec(x: Any) -> KerasTensor:
    dtype = dtypes.standardize_dtype(x.dtype)
    if "float" not in dtype and "complex" not in dtype:
        dtype = dtypes.standardize_dtype(None)
    return KerasTensor(x.shape[:1] * 2 if x.ndim == 2 else (), dtype)


@op(spec=_corrcoef_spec)
def corrcoef(x: Any) -> Any:
    """Return the correlations between the rows of `x`, a matrix of (variables, observations).

    >>> import torchkeras as keras
    >>> keras.ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = to_float(x)
    if x.ndim > 2:
        raise ValueError(
            f"corrcoef: x must have at most 2 dimensions. Received: shape {tuple(x.shape)}."
        )
    return torch.corrcoef(x)


@op()
def histogram(x: Any, bins: int = 10, range: Any = None) -> Any:
    """Count the values in bins of equal width; the last bin holds its right edge too.

    Args:
        x: Values, of any shape.
        bins: Number of bins.
        range: `(low, high)`, outside of which nothing is counted; default: that of the values.

    Returns:
        The counts, as floats, and the `bins + 1` edges.

    Raises:
        TypeError: if `bins` is no integer.
        ValueError: if it is not positive, or `range` is not a pair in rising order.

    >>> import torchkeras as keras
    >>> keras.ops.histogram([1.0, 2.0, 2.5, 3.0], bins=2)
    (tensor([1., 3.]), tensor([1., 2., 3.]))
    """
    if not isinstance(bins, int) or isinstance(bins, bool):
        raise TypeError(f"histogram: bins must be an integer. Received: bins={bins}.")
    if bins <= 0:
        raise ValueError(f"histogram: bins must be positive. Received: bins={bins}.")
    if range is not None and (len(range) != 2 or range[1] < range[0]):
        raise ValueError(
            f"histogram: range must be a pair (low, high) with low <= high. Received: {range}."
        )
    x = to_float(x).detach().flatten()
    dtype = x.dtype
    if x.dtype not in (torch.float32, torch.float64):
        x = x.float()
    if range is None:
        range = torch.aminmax(x) if x.numel() else (0.0, 1.0)
    low, high = (torch.as_tensor(r, dtype=x.dtype, device=x.device) for r in range)
    spread = torch.where(low == high, 0.5, 0.0).to(x.dtype)
    edges = torch.linspace(low - spread, high + spread, bins + 1, dtype=x.dtype, device=x.device)
    index = torch.searchsorted(edges, x, right=True)  # 0: below; bins + 1: at the end or above
    index = torch.where(x == edges[-1], bins, index)
    counts = torch.zeros(bins + 2, dtype=torch.int64, device=x.device)
    counts = counts.scatter_add(0, index, torch.ones_like(index))
    return counts[1:-1].to(dtype), edges.to(dtype)


def _bincount_spec(
    x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False
) -> KerasTensor:
    dtype = torch.int32
    if weights is not None:
        kind = weights.dtype if hasattr(weights, "dtype") else convert_to_tensor(weights).dtype
        dtype = _summable(torch.empty(0, dtype=dtypes.torch_dtype(kind))).dtype
    return KerasTensor((*x.shape[:-1], None), dtypes.standardize_dtype(dtype), sparse=sparse)


@op(extra=("weights",), spec=_bincount_spec)
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """Count how often each of the numbers 0, 1, 2, … occurs, along the last axis.

    Args:
        x: Integers >= 0.
        weights: What each entry counts for, of the shape of `x`; default: 1.
        minlength: Least number of counts.
        sparse: Only False.

    Raises:
        TypeError: if `x` does not hold integers.
        ValueError: for negative integers, another shape of weights, or `sparse=True`.

    >>> import torchkeras as keras
    >>> keras.ops.bincount([1, 2, 2, 3])
    tensor([0, 1, 2, 1], dtype=torch.int32)
    """
    x = convert_to_tensor(x)
    if sparse:
        raise ValueError("bincount: torch has no sparse counts. Received: sparse=True.")
    if x.numel() and (x.is_floating_point() or x.is_complex() or x.dtype is torch.bool):
        raise TypeError(f"bincount: x must hold integers. Received: dtype {x.dtype}.")
    if minlength < 0 or x.ndim == 0 or (x.numel() and x.min() < 0):
        raise ValueError(
            "bincount: x must hold integers >= 0 along an axis, and minlength must be >= 0. "
            f"Received: x={x}, minlength={minlength}."
        )
    size = max(minlength, int(x.max()) + 1 if x.numel() else 0)
    if weights is None:
        counts = torch.ones_like(x, dtype=torch.int32)
    else:
        counts = _summable(convert_to_tensor(weights))
        if counts.shape != x.shape:
            raise ValueError(
                f"bincount: weights must have the shape of x. Received: {tuple(counts.shape)} and "
                f"{tuple(x.shape)}."
            )
    out = torch.zeros((*x.shape[:-1], size), dtype=counts.dtype, device=x.device)
    return out.scatter_add(-1, x.long(), counts)
