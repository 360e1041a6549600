"""Blocks of pixels moved into channels and back, and patches cut out and put together."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check, config
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import NN, op

Tensor = torch.Tensor
Sizes = int | Sequence[int]


def _images(
    owner: str, x: Any, block_size: int, data_format: str | None
) -> tuple[Tensor, bool, tuple[int, ...]]:
    x = convert_to_tensor(x)
    if check.positive_int(owner, "block_size", block_size) < 2:
        raise ValueError(
            f"{owner}: block_size must be an integer above 1. "
            f"{check.received('block_size', block_size)}"
        )
    last = config.standardize_data_format(data_format, owner) == "channels_last"
    if x.ndim != 4:
        raise ValueError(
            f"{owner}: x must have 4 dimensions. Received: x of shape {tuple(x.shape)}."
        )
    n, *sizes = x.shape
    h, w, c = sizes if last else (*sizes[1:], sizes[0])
    return x, last, (n, h, w, c)


@op(module=NN)
def depth_to_space(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Move channels into blocks of `block_size * block_size` pixels.

    Channels last, a block's pixels are far apart in the channels; channels first, side by side.

    Raises:
        ValueError: if the channels do not divide into blocks.

    >>> import torch, torchkeras as keras
    >>> keras.ops.depth_to_space(torch.ones(1, 2, 2, 12), 2).shape
    torch.Size([1, 4, 4, 3])
    """
    b = block_size
    x, last, (n, h, w, c) = _images("depth_to_space", x, b, data_format)
    if c % (b * b):
        raise ValueError(
            "depth_to_space: the channels must be a multiple of block_size ** 2. "
            f"Received: block_size={b}, {c} channels."
        )
    if not last:
        return F.pixel_shuffle(x, b)
    y = x.reshape(n, h, w, b, b, c // (b * b)).permute(0, 1, 3, 2, 4, 5)
    return y.reshape(n, h * b, w * b, c // (b * b))


@op(module=NN)
def space_to_depth(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Move blocks of `block_size * block_size` pixels into channels.

    Raises:
        ValueError: if the image does not divide into blocks.

    >>> import torch, torchkeras as keras
    >>> keras.ops.space_to_depth(torch.ones(1, 4, 4, 3), 2).shape
    torch.Size([1, 2, 2, 12])
    """
    b = block_size
    x, last, (n, h, w, c) = _images("space_to_depth", x, b, data_format)
    if h % b or w % b:
        raise ValueError(
            "space_to_depth: height and width must be multiples of block_size. "
            f"Received: block_size={b}, an image of {h} x {w}."
        )
    if not last:
        return F.pixel_unshuffle(x, b)
    y = x.reshape(n, h // b, b, w // b, b, c).permute(0, 1, 3, 2, 4, 5)
    return y.reshape(n, h // b, w // b, b * b * c)


def _pairs(owner: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    return (
        check.ntuple(owner, "kernel_size", kernel_size, 2),
        check.ntuple(owner, "dilation", dilation, 2),
        check.ntuple(owner, "padding", padding, 2, minimum=0),
        check.ntuple(owner, "stride", stride, 2),
    )


@op(module=NN)
def unfold(
    x: Any, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> Any:
    """Cut images into patches: `(batch, channels, h, w) -> (batch, channels * patch, patches)`.

    >>> import torch, torchkeras as keras
    >>> keras.ops.unfold(torch.ones(1, 3, 4, 4), 2, stride=2).shape
    torch.Size([1, 12, 4])
    """
    x = convert_to_tensor(x)
    if x.ndim != 4:
        raise ValueError(
            f"unfold: x must have 4 dimensions. Received: x of shape {tuple(x.shape)}."
        )
    return F.unfold(x, *_pairs("unfold", kernel_size, dilation, padding, stride))


@op(module=NN)
def fold(
    x: Any, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0,
    stride: Sizes = 1,
) -> Any:  # fmt: skip
    """Add patches up to images: `(batch, channels * patch, patches) -> (batch, channels, h, w)`.

    >>> import torch, torchkeras as keras
    >>> keras.ops.fold(torch.ones(1, 12, 4), 4, 2, stride=2).shape
    torch.Size([1, 3, 4, 4])
    """
    x = convert_to_tensor(x)
    if x.ndim != 3:
        raise ValueError(f"fold: x must have 3 dimensions. Received: x of shape {tuple(x.shape)}.")
    size = check.ntuple("fold", "output_size", output_size, 2)
    return F.fold(x, size, *_pairs("fold", kernel_size, dilation, padding, stride))
