"""Quantiles, percentiles and medians, with NaN and without."""

from typing import Any

import torch

from torchkeras._base.check import one_of
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op, to_float
from torchkeras.ops.reduction import Axis, _axes

Tensor = torch.Tensor
_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_shares(owner: str, q: Any, most: float) -> None:
    if isinstance(q, Tensor) and (q.device.type != "cpu" or torch.compiler.is_compiling()):
        return  # the values are not at hand
    if isinstance(q, (int, float)):
        inside = 0 <= q <= most
    else:
        q = convert_to_tensor(q)
        inside = q.is_meta or bool(((q >= 0) & (q <= most)).all())
    if not inside:
        raise ValueError(f"{owner}: q must be between 0 and {most:g}. Received: q={q}.")


def _quantile(
    owner: str, x: Any, q: Any, axis: Axis, method: str, keepdims: bool, *, most: float = 1,
    skip: bool = False,
) -> Tensor:  # fmt: skip
    """Return quantiles from the sorted values; `skip`: of those that are not NaN.

    torch.quantile does not take more than 16 million values, nor half precision.
    """
    one_of(owner, "method", method, _METHODS)
    _check_shares(owner, q, most)
    x = to_float(x)
    exact = x.dtype if x.dtype is torch.float64 else torch.float32
    q = convert_to_tensor(q).to(exact) / most
    axes = sorted(range(x.ndim)[a] for a in _axes(x, axis))
    kept = [1 if a in axes else n for a, n in enumerate(x.shape)]
    rows = torch.movedim(x, axes, [a - len(axes) for a in range(len(axes))])
    rows = rows.flatten(rows.ndim - len(axes)) if axes else rows.unsqueeze(-1)
    if rows.shape[-1] == 0:
        raise ValueError(f"{owner}: x must have values. Received: x of shape {tuple(x.shape)}.")
    values = rows.sort(-1).values  # NaN come last
    last = values.new_full((), rows.shape[-1] - 1, dtype=exact)
    if skip:
        last = (torch.isnan(rows).logical_not().sum(-1, keepdim=True) - 1).clamp(min=0).to(exact)
    position = (q.reshape(-1) * last).expand(*rows.shape[:-1], q.numel())

    def at(index: Tensor) -> Tensor:
        return values.gather(-1, index.long())

    if method == "lower":
        out = at(position.floor())
    elif method == "higher":
        out = at(position.ceil())
    elif method == "nearest":
        out = at(position.round())
    else:
        share = position.frac() if method == "linear" else torch.full_like(position, 0.5)
        low, high = at(position.floor()).to(exact), at(position.ceil()).to(exact)
        out = torch.where(low == high, low, torch.lerp(low, high, share)).to(x.dtype)
    if not skip:
        out = torch.where(torch.isnan(values[..., -1:]), torch.nan, out)
    shape = kept if keepdims else [n for a, n in enumerate(x.shape) if a not in axes]
    return out.movedim(-1, 0).reshape((*q.shape, *shape))


@op(tensors=2)
def quantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return the values below which the shares `q` of the data lie.

    Args:
        x: Data; a NaN makes its result NaN.
        q: Share or shares between 0 and 1: their shape comes first in the result's.
        axis: Axis or axes of the data; default: all of them.
        method: Between two values: `"linear"`, `"lower"`, `"higher"`, `"midpoint"`, `"nearest"`.
        keepdims: Keep the axes, with size 1.

    Raises:
        ValueError: for an unknown method, `q` outside of 0 to 1, or no data.

    >>> import torchkeras as keras
    >>> keras.ops.quantile([1.0, 2.0, 3.0, 4.0], [0.25, 0.75])
    tensor([1.7500, 3.2500])
    """
    return _quantile("quantile", x, q, axis, method, keepdims)


@op(tensors=2)
def nanquantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return the quantiles, as `quantile`, of what is not NaN; NaN where there is nothing.

    >>> import torchkeras as keras
    >>> keras.ops.nanquantile([1.0, 2.0, float("nan"), 4.0], 0.5)
    tensor(2.)
    """
    return _quantile("nanquantile", x, q, axis, method, keepdims, skip=True)


@op(tensors=2)
def percentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return the quantiles, as `quantile`, with `q` in percent.

    >>> import torchkeras as keras
    >>> keras.ops.percentile([1.0, 2.0, 3.0], 50)
    tensor(2.)
    """
    return _quantile("percentile", x, q, axis, method, keepdims, most=100)


@op(tensors=2)
def nanpercentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return the quantiles of what is not NaN, with `q` in percent.

    >>> import torchkeras as keras
    >>> keras.ops.nanpercentile([1.0, float("nan"), 3.0], 50)
    tensor(2.)
    """
    return _quantile("nanpercentile", x, q, axis, method, keepdims, most=100, skip=True)


@op()
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the median over axes: of an even number of values the mean of the middle two.

    >>> import torchkeras as keras
    >>> keras.ops.median([1, 7, 3, 4])
    tensor(3.5000)
    """
    return _quantile("median", x, 0.5, axis, "linear", keepdims)


@op()
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the median of what is not NaN; NaN where there is nothing.

    >>> import torchkeras as keras
    >>> keras.ops.nanmedian([1.0, float("nan"), 3.0])
    tensor(2.)
    """
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, skip=True)
