"""Changes of the colour space."""

from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op
from torchkeras.ops.image._layout import IMAGE, channel_axis

# Shares of red, green and blue in brightness, of ITU-R BT.601.
_LUMA = (0.2989, 0.5870, 0.1140)


def _channels(owner: str, images: Any, data_format: str | None) -> tuple[torch.Tensor, int]:
    images = convert_to_tensor(images)
    axis = channel_axis(owner, images, data_format)
    if not images.is_floating_point():
        raise ValueError(
            f"{owner}: images must be of a floating point type, in [0, 1]. "
            f"Received: images of dtype {images.dtype}."
        )
    if images.shape[axis] != 3:
        raise ValueError(
            f"{owner}: images must have 3 channels. "
            f"Received: images of shape {tuple(images.shape)}."
        )
    return images, axis


@op("RGBToHSV", module=IMAGE)
def rgb_to_hsv(images: Any, data_format: str | None = None) -> Any:
    """Convert red, green and blue to hue, saturation and value, all in `[0, 1]`.

    Args:
        images: One image or a batch, of a floating point type, in `[0, 1]`.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for integers, or if there are not three channels.

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.rgb_to_hsv(torch.tensor([[[0.0, 0.5, 0.0]]]))
    tensor([[[0.3333, 1.0000, 0.5000]]])
    """
    images, axis = _channels("rgb_to_hsv", images, data_format)
    red, green, blue = images.unbind(axis)
    value = torch.maximum(torch.maximum(red, green), blue)
    spread = value - torch.minimum(torch.minimum(red, green), blue)
    grey = spread <= 0
    # The divisors are made 1 before a division by 0, which would make the gradient NaN.
    saturation = torch.where(value > 0, spread / torch.where(value > 0, value, 1), 0)
    sixth = 1 / (6 * torch.where(grey, 1, spread))
    hue = torch.where(
        value == red,
        (green - blue) * sixth,
        torch.where(value == green, (blue - red) * sixth + 1 / 3, (red - green) * sixth + 2 / 3),
    )
    hue = torch.where(grey, 0, torch.where(hue < 0, hue + 1, hue))
    return torch.stack((hue, saturation, value), axis)


@op("HSVToRGB", module=IMAGE)
def hsv_to_rgb(images: Any, data_format: str | None = None) -> Any:
    """Convert hue, saturation and value to red, green and blue, all in `[0, 1]`.

    Args:
        images: One image or a batch, of a floating point type.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for integers, or if there are not three channels.

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.hsv_to_rgb(torch.tensor([[[0.5, 1.0, 0.8]]]))
    tensor([[[0.0000, 0.8000, 0.8000]]])
    """
    images, axis = _channels("hsv_to_rgb", images, data_format)
    hue, saturation, value = images.unbind(axis)
    sixths = torch.remainder(hue, 1) * 6
    red = ((sixths - 3).abs() - 1).clamp(0, 1)
    green = (2 - (sixths - 2).abs()).clamp(0, 1)
    blue = (2 - (sixths - 4).abs()).clamp(0, 1)
    white = (1 - saturation) * value
    coloured = saturation * value
    return torch.stack([white + coloured * c for c in (red, green, blue)], axis)


@op("RGBToGrayscale", module=IMAGE)
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """Return the brightness, `0.2989 red + 0.587 green + 0.114 blue`, as one channel.

    Args:
        images: One image or a batch, of any dtype; with one channel it is returned as it is.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: if there are neither three channels nor one.

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.rgb_to_grayscale(torch.ones(4, 4, 3)).shape
    torch.Size([4, 4, 1])
    """
    images = convert_to_tensor(images)
    axis = channel_axis("rgb_to_grayscale", images, data_format)
    if images.shape[axis] == 1:
        return images
    if images.shape[axis] != 3:
        raise ValueError(
            "rgb_to_grayscale: images must have 3 channels, or 1. "
            f"Received: images of shape {tuple(images.shape)}."
        )
    x = images if images.is_floating_point() else images.to(torch.float32)
    red, green, blue = x.unbind(axis)
    grey = red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2]
    return grey.unsqueeze(axis).to(images.dtype)
