"""Pooling over windows of any rank, of given sizes or to a given number of windows."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check, config
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops import _window
from torchkeras.ops._op import NN, op, to_float

Tensor = torch.Tensor
Sizes = Sequence[int]


def max_pool1d(
    x: Tensor, window: Sizes, stride: Sizes, padding: Sizes, dilation: int, ceil: bool
) -> Tensor:
    """Pool as an image of height 1: `torch.max_pool1d` copies what is not channels first."""
    return torch.max_pool2d(
        x.unsqueeze(2), (1, *window), (1, *stride), (0, *padding), dilation, ceil
    ).squeeze(2)


def avg_pool1d(
    x: Tensor, window: Sizes, stride: Sizes, padding: Sizes, ceil: bool, inclusive: bool
) -> Tensor:
    """Pool as an image of height 1."""
    return F.avg_pool2d(
        x.unsqueeze(2), (1, *window), (1, *stride), (0, *padding), ceil, inclusive
    ).squeeze(2)


def avg_pool3d(
    x: Tensor, window: Sizes, stride: Sizes, padding: Sizes, ceil: bool, inclusive: bool
) -> Tensor:
    """Average over height and width, then over depth: torch has no 3D kernel for channels last."""
    if x.is_contiguous():
        return F.avg_pool3d(x, window, stride, padding, ceil, inclusive)
    n, c, d, h, w = x.shape
    planes = x.permute(0, 2, 1, 3, 4).reshape(n * d, c, h, w)
    planes = F.avg_pool2d(planes, window[1:], stride[1:], padding[1:], ceil, inclusive)
    h, w = planes.shape[2:]
    lines = planes.reshape(n, d, c, h * w).permute(0, 2, 1, 3)
    lines = F.avg_pool2d(lines, (window[0], 1), (stride[0], 1), (padding[0], 0), ceil, inclusive)
    return lines.reshape(n, c, lines.shape[2], h, w)


def _as_image(pool: Any) -> Any:
    """Return a 2D pooling for the use on images of height 1, which keeps channels last."""

    def pool1d(x: Tensor, size: Sizes) -> Tensor:
        return pool(x.unsqueeze(2), (1, *size)).squeeze(2)

    return pool1d


# torch's kernels by rank.
MAX = {1: max_pool1d, 2: torch.max_pool2d, 3: torch.max_pool3d}
AVERAGE = {1: avg_pool1d, 2: F.avg_pool2d, 3: avg_pool3d}
ADAPTIVE_AVERAGE = {
    1: _as_image(F.adaptive_avg_pool2d),
    2: F.adaptive_avg_pool2d,
    3: F.adaptive_avg_pool3d,
}
ADAPTIVE_MAX = {
    1: _as_image(F.adaptive_max_pool2d),
    2: F.adaptive_max_pool2d,
    3: F.adaptive_max_pool3d,
}


def _first(owner: str, x: Tensor, data_format: str | None) -> tuple[Tensor, int, bool]:
    """Return the inputs with their channels first, their rank, and whether that was a change."""
    rank = x.ndim - 2
    if rank not in MAX:
        raise ValueError(
            f"{owner}: inputs must have 3, 4 or 5 dimensions. Received: inputs of shape "
            f"{tuple(x.shape)}."
        )
    last = config.standardize_data_format(data_format, owner) == "channels_last"
    return (x.permute(_window.to_torch(rank)) if last else x), rank, last


def _pool(
    owner: str, x: Tensor, pool_size: Any, strides: Any, padding: str, data_format: str | None
) -> Tensor:
    x, rank, last = _first(owner, x, data_format)
    size = check.ntuple(owner, "pool_size", pool_size, rank)
    steps = size if strides is None else check.ntuple(owner, "strides", strides, rank)
    check.one_of(owner, "padding", padding, ("valid", "same"))
    spatial = x.shape[2:]
    _window.output_sizes(owner, tuple(x.shape), spatial, size, steps, padding)
    pads, trim, ceil = (0,) * rank, None, False
    if padding == "same":
        pads, trim = _window.pool_padding(spatial, size, steps)
        ceil = max(steps) > 1
    if owner == "max_pool":
        y = MAX[rank](x, size, steps, pads, 1, ceil)
    else:
        y = AVERAGE[rank](x, size, steps, pads, ceil, False)
    y = y if trim is None else y[trim]
    return y.permute(_window.to_keras(rank)) if last else y


@op("MaxPool", module=NN)
def _max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
    data_format: str | None = None,
) -> Any:  # fmt: skip
    x = convert_to_tensor(inputs)
    x = to_float(x) if x.dtype is torch.bool else x
    return _pool("max_pool", x, pool_size, strides, padding, data_format)


@op("AveragePool", module=NN)
def _average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
    data_format: str | None = None,
) -> Any:  # fmt: skip
    return _pool("average_pool", to_float(inputs), pool_size, strides, padding, data_format)


def _adaptive(
    owner: str, kernels: Any, inputs: Any, output_size: Any, data_format: str | None
) -> Tensor:
    x, rank, last = _first(owner, to_float(inputs), data_format)
    y = kernels[rank](x, check.ntuple(owner, "output_size", output_size, rank))
    return y.permute(_window.to_keras(rank)) if last else y


@op("AdaptiveMaxPool", module=NN)
def _adaptive_max_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    return _adaptive("adaptive_max_pool", ADAPTIVE_MAX, inputs, output_size, data_format)


@op("AdaptiveAveragePool", module=NN)
def _adaptive_average_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    return _adaptive("adaptive_average_pool", ADAPTIVE_AVERAGE, inputs, output_size, data_format)


def max_pool(
    inputs: Any, pool_size: int | Sizes, strides: int | Sizes | None = None,
    padding: str = "valid", data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the largest value of each window.

    Args:
        inputs: `(batch, *spatial, channels)` of one to three spatial dimensions, or channels first.
        pool_size: Size of the windows.
        strides: Steps from one window to the next; default: `pool_size`.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.ops.max_pool(torch.ones(1, 8, 8, 3), 2).shape
    torch.Size([1, 4, 4, 3])
    """
    data_format = config.standardize_data_format(data_format, "max_pool")
    return _max_pool(inputs, pool_size, strides, str(padding).lower(), data_format)


def average_pool(
    inputs: Any, pool_size: int | Sizes, strides: int | Sizes | None = None,
    padding: str = "valid", data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the average of each window, in which padding does not count.

    The arguments are those of `max_pool`.

    >>> import torch, torchkeras as keras
    >>> keras.ops.average_pool(torch.ones(1, 9, 3), 2, padding="same").shape
    torch.Size([1, 5, 3])
    """
    data_format = config.standardize_data_format(data_format, "average_pool")
    return _average_pool(inputs, pool_size, strides, str(padding).lower(), data_format)


def adaptive_max_pool(
    inputs: Any, output_size: int | Sizes, data_format: str | None = None
) -> Tensor:
    """Return the largest value of each of as many windows as the output has elements.

    >>> import torch, torchkeras as keras
    >>> keras.ops.adaptive_max_pool(torch.ones(1, 9, 7, 3), 4).shape
    torch.Size([1, 4, 4, 3])
    """
    data_format = config.standardize_data_format(data_format, "adaptive_max_pool")
    return _adaptive_max_pool(inputs, output_size, data_format)


def adaptive_average_pool(
    inputs: Any, output_size: int | Sizes, data_format: str | None = None
) -> Tensor:
    """Return the average of each of as many windows as the output has elements.

    >>> import torch, torchkeras as keras
    >>> keras.ops.adaptive_average_pool(torch.ones(1, 9, 7, 3), (4, 2)).shape
    torch.Size([1, 4, 2, 3])
    """
    data_format = config.standardize_data_format(data_format, "adaptive_average_pool")
    return _adaptive_average_pool(inputs, output_size, data_format)
