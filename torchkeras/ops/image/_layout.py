"""What all image ops share: the order of dimensions, and the dtype that is computed in."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras._base import config
from torchkeras.core.tensor import convert_to_tensor

IMAGE = "keras.src.ops.image"  # the module that stands in files
_WIDE_INTEGERS = (torch.int32, torch.int64, torch.uint32, torch.uint64)


def batch_first(
    owner: str, images: Any, data_format: str | None
) -> tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]:
    """Return images as a view `(batch, channels, height, width)`, and the way back from there.

    Raises:
        ValueError: if they are neither one image nor a batch, or for an unknown data format.
    """
    images = convert_to_tensor(images)
    last = config.standardize_data_format(data_format, owner) == "channels_last"
    if images.ndim not in (3, 4):
        raise ValueError(
            f"{owner}: images must have 3 dimensions (one image) or 4 (a batch). "
            f"Received: images of shape {tuple(images.shape)}."
        )
    single = images.ndim == 3
    x = images.unsqueeze(0) if single else images

    def back(y: torch.Tensor) -> torch.Tensor:
        if last:
            y = y.permute(0, 2, 3, 1)
        return y.squeeze(0) if single else y

    return (x.permute(0, 3, 1, 2) if last else x), back


def channel_axis(owner: str, images: torch.Tensor, data_format: str | None) -> int:
    """Return the axis of the channels of one image or a batch, counted from the end."""
    last = config.standardize_data_format(data_format, owner) == "channels_last"
    if images.ndim not in (3, 4):
        raise ValueError(
            f"{owner}: images must have 3 dimensions (one image) or 4 (a batch). "
            f"Received: images of shape {tuple(images.shape)}."
        )
    return -1 if last else -3


def floating(x: torch.Tensor, exact: bool = True) -> torch.Tensor:
    """Return a tensor in the dtype that is computed in: single precision, or double if it is that.

    With `exact`, integers of 32 and 64 bits are widened to double precision, too.
    """
    if x.dtype in (torch.float32, torch.float64):
        return x
    return x.to(torch.float64 if exact and x.dtype in _WIDE_INTEGERS else torch.float32)


def rounded(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return to a dtype: integers are rounded and stay within their limits, so are booleans."""
    if x.dtype is dtype:
        return x
    if dtype is torch.bool:
        return x > 0.5
    if dtype.is_floating_point:
        return x.to(dtype)
    limits = torch.iinfo(dtype)
    return x.round().clamp(limits.min, limits.max).to(dtype)
