"""Images of another size."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check
from torchkeras.ops._op import op
from torchkeras.ops.image import resample
from torchkeras.ops.image._layout import IMAGE, batch_first, floating, rounded

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def interpolate(
    x: torch.Tensor, size: tuple[int, int], interpolation: str, antialias: bool
) -> torch.Tensor:
    """Return floating point images `(batch, channels, height, width)` in another size."""
    if interpolation.startswith("lanczos"):
        return resample.stretch(x, size, interpolation, antialias)
    if interpolation == "nearest":
        return F.interpolate(x, size, mode="nearest-exact")
    if antialias or interpolation == "bicubic":  # of these kernels, the one for planes is faster
        x = x.contiguous()
    return F.interpolate(x, size, mode=interpolation, antialias=antialias)


def cropped(x: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return the largest window in the middle that has the proportions of `size`."""
    height, width = x.shape[2:]
    new_height = min(height, max(int(width * size[0] / size[1]), 1))
    new_width = min(width, max(int(height * size[1] / size[0]), 1))
    top, left = (height - new_height) // 2, (width - new_width) // 2
    return x[:, :, top : top + new_height, left : left + new_width]


def padded(x: torch.Tensor, size: tuple[int, int], value: float) -> torch.Tensor:
    """Return the images with equal margins, in the proportions of `size` up to one pixel."""
    height, width = x.shape[2:]
    rows = max(int(width * size[0] / size[1]) - height, 0) // 2
    columns = max(int(height * size[1] / size[0]) - width, 0) // 2
    return F.pad(x, (columns, columns, rows, rows), value=value)


def as_size(owner: str, size: Any) -> tuple[int, int]:
    """Return the height and width in `size`."""
    numbers = () if size is None or isinstance(size, (int, str)) else tuple(map(float, size))
    if len(numbers) != 2 or not all(n > 0 and n.is_integer() for n in numbers):
        raise ValueError(
            f"{owner}: size must be two positive integers, height and width. "
            f"{check.received('size', size)}"
        )
    return int(numbers[0]), int(numbers[1])


@op(module=IMAGE)
def resize(
    images: Any,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Return images in another size; integers are rounded.

    Args:
        images: One image or a batch, of any dtype.
        size: New height and width.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        antialias: Whether more pixels are averaged where the images shrink.
        crop_to_aspect_ratio: Whether proportions are kept by cutting the longer side.
        pad_to_aspect_ratio: Whether proportions are kept by padding the shorter side.
        fill_mode: `"constant"` is the only one.
        fill_value: Value of the padding.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for a bad size or shape, an unknown interpolation or fill mode, or both ways of
            keeping proportions.

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.resize(torch.rand(2, 4, 6, 3), (8, 8)).shape
    torch.Size([2, 8, 8, 3])
    """
    check.one_of("resize", "interpolation", interpolation, INTERPOLATIONS)
    check.one_of("resize", "fill_mode", fill_mode, ("constant",))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            "resize: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be true. "
            "Received: crop_to_aspect_ratio=True, pad_to_aspect_ratio=True."
        )
    size = as_size("resize", size)
    x, back = batch_first("resize", images, data_format)
    dtype = x.dtype
    if crop_to_aspect_ratio:
        x = cropped(x, size)
    x = floating(x, exact=interpolation == "nearest")
    if pad_to_aspect_ratio:
        x = padded(x, size, fill_value)
    y = interpolate(x, size, interpolation, antialias)
    # As in Keras, all that a true pixel has a share in is true.
    return back(y.bool() if dtype is torch.bool else rounded(y, dtype))
