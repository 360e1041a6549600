"""Images changed at random, drawn from NumPy's global generator as in Keras 2."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base.optional import require
from torchkeras.compat.preprocessing.affine import (
    apply_affine_transform,
    apply_channel_shift,
    refuse_range,
)
from torchkeras.utils import array_to_img, img_to_array


def random_rotation(
    x: np.ndarray,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Turn an image by up to `rg` degrees."""
    theta = np.random.uniform(-rg, rg)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, *axes, fill_mode, cval,
                                  interpolation_order)  # fmt: skip


def random_shift(
    x: np.ndarray,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Move an image by up to these shares of its width and height."""
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *axes, fill_mode, cval,
                                  interpolation_order)  # fmt: skip


def random_shear(
    x: np.ndarray,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Shear an image by up to `intensity` degrees."""
    shear = np.random.uniform(-intensity, intensity)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, *axes, fill_mode, cval,
                                  interpolation_order)  # fmt: skip


def random_zoom(
    x: np.ndarray,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Zoom an image by factors in a range, one for each axis."""
    refuse_range("random_zoom", "zoom_range", zoom_range)
    zx, zy = (1, 1) if tuple(zoom_range) == (1, 1) else np.random.uniform(*zoom_range, 2)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *axes, fill_mode, cval,
                                  interpolation_order)  # fmt: skip


def random_channel_shift(
    x: np.ndarray, intensity_range: float, channel_axis: int = 0
) -> np.ndarray:
    """Add a number of up to `intensity_range`, within the range of the image's values."""
    intensity = np.random.uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, intensity, channel_axis)


def apply_brightness_shift(x: np.ndarray, brightness: float, scale: bool = True) -> np.ndarray:
    """Return an image brighter by a factor.

    Args:
        x: Image; values out of 0 to 255 are brought there before, and back.
        brightness: The factor.
        scale: Whether the result stays spread from 0 to 255.

    Raises:
        ImportError: without Pillow.
    """
    low, high = np.min(x), np.max(x)
    out = low < 0 or high > 255
    image = array_to_img(x, scale=bool(out or scale))
    image = require("PIL.ImageEnhance", "image").Brightness(image).enhance(brightness)
    found = img_to_array(image)
    return found / 255 * (high - low) + low if out and not scale else found


def random_brightness(
    x: np.ndarray, brightness_range: Sequence[float], scale: bool = True
) -> np.ndarray:
    """Make an image brighter by a factor in a range."""
    refuse_range("random_brightness", "brightness_range", brightness_range)
    return apply_brightness_shift(x, np.random.uniform(*brightness_range), scale)


def list_pictures(directory: str, ext: Any = ("jpg", "jpeg", "bmp", "png", "ppm", "tif", "tiff")):
    """Return the paths of the images below a folder."""
    endings = (ext,) if isinstance(ext, str) else tuple(ext)
    return [
        os.path.join(root, name)
        for root, _, names in os.walk(directory)
        for name in names
        if name.lower().endswith(tuple(f".{e}" for e in endings))
    ]
