"""Images of files: read, written, turned into arrays and back."""

import io
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import ntuple, one_of, received
from torchkeras._base.optional import require
from torchkeras.core.dtypes import standardize_dtype
from torchkeras.core.tensor import convert_to_numpy

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


def pillow() -> Any:
    """Return Pillow's module of images."""
    return require("PIL.Image", "image")


def load_img(
    path: str | os.PathLike[str] | io.BytesIO,
    color_mode: str = "rgb",
    target_size: Sequence[int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read an image file as an image of Pillow.

    Args:
        path: File, or its content.
        color_mode: `"grayscale"`, `"rgb"` or `"rgba"`.
        target_size: Height and width to resize to; None: its own.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"hamming"`, `"box"` or `"lanczos"`.
        keep_aspect_ratio: Whether the longer side is cut before, so that proportions stay.

    Raises:
        ValueError: for an unknown colour mode or interpolation.
        TypeError: if `path` is none.
        ImportError: without Pillow.
    """
    one_of("load_img", "color_mode", color_mode, _MODES)
    if isinstance(path, io.BytesIO):
        image = pillow().open(path)
    elif isinstance(path, (str, os.PathLike)):
        with open(path, "rb") as f:
            image = pillow().open(io.BytesIO(f.read()))
    else:
        raise TypeError(f"load_img: path must be a path or a BytesIO. {received('path', path)}")
    deep_grey = image.mode in ("L", "I;16", "I")  # its depth stays
    if not (color_mode == "grayscale" and deep_grey) and image.mode != _MODES[color_mode]:
        image = image.convert(_MODES[color_mode])
    if target_size is None:
        return image
    return resized(image, target_size, interpolation, keep_aspect_ratio)


def resized(image: Any, size: Sequence[int], interpolation: str, keep_aspect_ratio: bool) -> Any:
    """Return an image of Pillow in another height and width."""
    height, width = ntuple("load_img", "target_size", size, 2)
    if image.size == (width, height):
        return image
    one_of("load_img", "interpolation", interpolation, INTERPOLATIONS)
    resample = getattr(pillow().Resampling, interpolation.upper())
    if not keep_aspect_ratio:
        return image.resize((width, height), resample)
    crop_width = min(image.width, image.height * width // height)
    crop_height = min(image.height, image.width * height // width)
    left, top = (image.width - crop_width) // 2, (image.height - crop_height) // 2
    window = (left, top, left + crop_width, top + crop_height)
    return image.resize((width, height), resample, box=window)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """Return an image of Pillow as an array `(height, width, channels)`.

    Args:
        img: Image, or what turns into an array.
        data_format: `"channels_last"`, or `"channels_first"`; None: the global setting.
        dtype: None: `floatx()`.

    Raises:
        ValueError: for another data format, or neither 2 nor 3 dimensions.

    >>> import numpy as np, torchkeras as keras
    >>> keras.utils.img_to_array(keras.utils.array_to_img(np.zeros((2, 3, 1)))).shape
    (2, 3, 1)
    """
    first = config.standardize_data_format(data_format, "img_to_array") == "channels_first"
    x = np.array(img, standardize_dtype(dtype))
    if x.ndim == 3:
        return x.transpose(2, 0, 1) if first else x
    if x.ndim == 2:
        return x[None] if first else x[..., None]
    raise ValueError(
        f"img_to_array: an image has 2 or 3 dimensions. Received: an array of shape {x.shape}."
    )


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Any:
    """Return an array `(height, width, channels)` as an image of Pillow.

    Args:
        x: Array with 1, 3 or 4 channels.
        data_format: `"channels_last"`, or `"channels_first"`; None: the global setting.
        scale: Whether the least value becomes 0 and the largest 255.
        dtype: That it is computed in; None: `floatx()`.

    Raises:
        ValueError: for another data format, number of dimensions or of channels.
        ImportError: without Pillow.

    >>> import numpy as np, torchkeras as keras
    >>> keras.utils.array_to_img(np.random.rand(20, 30, 3)).size
    (30, 20)
    """
    first = config.standardize_data_format(data_format, "array_to_img") == "channels_first"
    values = np.asarray(convert_to_numpy(x), standardize_dtype(dtype))
    if values.ndim != 3:
        raise ValueError(
            "array_to_img: x must have 3 dimensions, those of one image. "
            f"Received: an array of shape {values.shape}."
        )
    if first:
        values = values.transpose(1, 2, 0)
    if scale:
        values = values - values.min()
        largest = values.max()
        values = (values / largest if largest != 0 else values) * 255
    channels = values.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(
            "array_to_img: x must have 1, 3 or 4 channels. "
            f"Received: an array of shape {values.shape}."
        )
    image = pillow()
    if channels == 1:
        deep = values.max() > 255
        return image.fromarray(values[..., 0].astype("int32" if deep else "uint8"))
    return image.fromarray(np.ascontiguousarray(values.astype("int64").astype("uint8")))


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array `(height, width, channels)` as an image file.

    Args:
        path: File; its ending tells the format.
        x: Array with 1, 3 or 4 channels.
        data_format: `"channels_last"`, or `"channels_first"`; None: the global setting.
        file_format: Format, where the path has no ending.
        scale: Whether the least value becomes 0 and the largest 255.
        kwargs: Further arguments of `PIL.Image.save`.

    Raises:
        ValueError: as `array_to_img`.
        ImportError: without Pillow.
    """
    image = array_to_img(x, data_format, scale)
    named = str(file_format or os.path.splitext(str(path))[1]).lower().lstrip(".")
    if image.mode == "RGBA" and named in ("jpg", "jpeg"):
        warnings.warn("save_img: JPEG has no transparency; it is left out.", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format="JPEG" if named == "jpg" else file_format, **kwargs)
