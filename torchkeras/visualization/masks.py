"""Segmentation masks in colours over images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import fraction
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.visualization._images import as_pixels
from torchkeras.visualization.gallery import plot_image_gallery

_STEPS = np.array([1, 127, 31])  # from the colour of a class to that of the next


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: int | None = None,
    color_mapping: Mapping[int, Sequence[int]] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> np.ndarray:
    """Return images with their masks over them.

    Args:
        images: Batch of images from 0 to 255.
        segmentation_masks: Whole numbers `(batch, height, width)`, or with an axis of 1 behind.
        num_classes: Number of classes; None: as the masks hold.
        color_mapping: Class -> red, green, blue; None: different colours. A class that it lacks is
            not drawn.
        alpha: How much a mask covers, from 0 to 1.
        blend: Whether images shine through; False: masks alone are drawn.
        ignore_index: Class that is not drawn.
        data_format: `"channels_last"` or `"channels_first"`; None: the global setting.

    Returns:
        uint8 of the images' shape.

    Raises:
        ValueError: for another number of dimensions, or a class above `num_classes`.
        TypeError: if masks are not whole numbers.

    >>> import numpy as np, torchkeras as keras
    >>> mask = np.array([[[0, 1]]])
    >>> keras.visualization.draw_segmentation_masks(np.full((1, 1, 2, 3), 100), mask)[0, 0].tolist()
    [[20, 20, 20], [20, 121, 44]]
    """
    owner = "draw_segmentation_masks"
    fraction(owner, "alpha", alpha)
    pixels = as_pixels(owner, images, data_format)
    first = config.standardize_data_format(data_format, owner) == "channels_first"
    masks = np.asarray(convert_to_numpy(segmentation_masks))
    if masks.dtype.kind not in "iu":
        raise TypeError(
            f"{owner}: segmentation_masks must be whole numbers. Received: {masks.dtype}."
        )
    if masks.ndim == 4:
        masks = masks[:, 0] if first and masks.shape[1] == 1 else masks[..., 0]
    if masks.shape != pixels.shape[:3]:
        raise ValueError(
            f"{owner}: images and masks must have the same sizes. "
            f"Received: {pixels.shape[:3]} and {masks.shape}."
        )
    count = int(masks.max()) + 1 if num_classes is None else num_classes
    if masks.max() >= count:
        raise ValueError(
            f"{owner}: masks must be below num_classes={count}. Received: {masks.max()}."
        )
    if color_mapping is None:
        color_mapping = {i: i * _STEPS % 255 for i in range(count)}
    out = pixels.copy() if blend else np.zeros_like(pixels)
    for number, color in color_mapping.items():
        here = masks == number
        if number == ignore_index or not here.any():
            continue
        color = np.asarray(color, "float64")
        mixed = pixels[here] * (1 - alpha) + color * alpha if blend else color
        out[here] = np.clip(np.floor(np.round(mixed, 6)), 0, 255)
    return out.transpose(0, 3, 1, 2) if first else out


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: int,
    value_range: Sequence[float] = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: Mapping[int, Sequence[int]] | None = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> None:
    """Show images, side by side with their true and their predicted masks.

    Args:
        images: Batch of images.
        num_classes: Number of classes.
        value_range: Least and largest value of the images.
        y_true: True masks.
        y_pred: Predicted masks.
        color_mapping: This and the following: as in `draw_segmentation_masks`.
        kwargs: Further arguments of `plot_image_gallery`.

    Raises:
        ImportError: without matplotlib.
    """
    owner = "plot_segmentation_mask_gallery"
    pixels = as_pixels(owner, images, data_format, value_range)
    parts = [pixels]
    for masks in (y_true, y_pred):
        if masks is not None:
            parts.append(
                draw_segmentation_masks(
                    pixels,
                    masks,
                    num_classes,
                    color_mapping,
                    alpha,
                    blend,
                    ignore_index,
                    "channels_last",
                )
            )
    wide = np.concatenate(parts, axis=2)
    plot_image_gallery(wide, data_format="channels_last", **kwargs)
