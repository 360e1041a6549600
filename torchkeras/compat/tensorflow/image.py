"""`tf.image`: the basics, on `(height, width, channels)` or a batch of such."""

import builtins
import io
from typing import Any

import numpy as np
import torch

from torchkeras import ops
from torchkeras import random as keras_random
from torchkeras._base.optional import require
from torchkeras.compat.tensorflow.arrays import convert_to_tensor
from torchkeras.compat.tensorflow.missing import missing

_CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}


class ResizeMethod:
    """Names of interpolations."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    AREA = "area"


def resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: builtins.bool = False,
    antialias: builtins.bool = False,
    name: str | None = None,
) -> Any:
    """Return images of another size, as floats unless neighbours are taken."""
    images = convert_to_tensor(images)
    if preserve_aspect_ratio:
        have = images.shape[-3:-1]
        factor = min(n / h for n, h in zip(size, have, strict=True))
        size = [max(1, round(h * factor)) for h in have]
    if method != "nearest":
        images = ops.cast(images, "float32")
    if method == "bicubic" and not antialias:
        for axis, n in zip((-3, -2), size, strict=True):
            weights = _cubic(images.shape[axis], int(n))
            images = torch.movedim(torch.movedim(images, axis, -1) @ weights, -1, axis)
        return images
    return ops.image.resize(
        images,
        tuple(int(n) for n in size),
        interpolation=method,
        antialias=antialias,
        data_format="channels_last",
    )


def _cubic(have: int, want: int) -> torch.Tensor:
    """Return the `(have, want)` weights of Keys's cubic; torch's own has another sharpness."""
    at = (torch.arange(want, dtype=torch.float64) + 0.5) * have / want - 0.5
    d = (at[None, :] - torch.arange(have)[:, None]).abs()
    near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    weights = torch.where(d <= 1, near, torch.where(d < 2, far, 0.0))
    return (weights / weights.sum(0)).float()


def _flip(images: Any, axis: int) -> Any:
    return ops.flip(convert_to_tensor(images), axis=axis)


def flip_left_right(image: Any) -> Any:
    """Return images mirrored left to right."""
    return _flip(image, -2)


def flip_up_down(image: Any) -> Any:
    """Return images turned upside down."""
    return _flip(image, -3)


def _uniform(low: float, high: float, seed: int | None) -> float:
    return float(keras_random.uniform((), low, high, seed=seed))


def random_flip_left_right(image: Any, seed: int | None = None) -> Any:
    """Mirror with a chance of one half."""
    return flip_left_right(image) if _uniform(0, 1, seed) < 0.5 else convert_to_tensor(image)


def random_flip_up_down(image: Any, seed: int | None = None) -> Any:
    """Turn upside down with a chance of one half."""
    return flip_up_down(image) if _uniform(0, 1, seed) < 0.5 else convert_to_tensor(image)


def rot90(image: Any, k: int = 1, name: str | None = None) -> Any:
    """Turn by quarters, against the clock."""
    return torch.rot90(convert_to_tensor(image), k, (-3, -2))


def adjust_brightness(image: Any, delta: float) -> Any:
    """Add to all values; whole numbers are scaled as fractions of their range."""
    return _as_float(image, lambda x: x + delta)


def adjust_contrast(images: Any, contrast_factor: float) -> Any:
    """Spread the values of each channel about their mean."""
    x = convert_to_tensor(images)
    mean = ops.mean(ops.cast(x, "float32"), axis=(-3, -2), keepdims=True)
    out = (ops.cast(x, "float32") - mean) * contrast_factor + mean
    return _back(out, x)


def adjust_gamma(image: Any, gamma: float = 1.0, gain: float = 1.0) -> Any:
    """Raise the values, as fractions of their range, to a power."""
    return _as_float(image, lambda x: gain * x**gamma)


def adjust_saturation(image: Any, saturation_factor: float, name: str | None = None) -> Any:
    """Multiply the saturation."""

    def change(x: Any) -> Any:
        hsv = ops.image.rgb_to_hsv(x, data_format="channels_last")
        hue, sat, value = ops.unstack(hsv, axis=-1)
        sat = ops.clip(sat * saturation_factor, 0.0, 1.0)
        return ops.image.hsv_to_rgb(ops.stack([hue, sat, value], -1), data_format="channels_last")

    return _as_float(image, change)


def adjust_hue(image: Any, delta: float, name: str | None = None) -> Any:
    """Turn the hue."""

    def change(x: Any) -> Any:
        hsv = ops.image.rgb_to_hsv(x, data_format="channels_last")
        hue, sat, value = ops.unstack(hsv, axis=-1)
        hue = ops.mod(hue + delta, 1.0)
        return ops.image.hsv_to_rgb(ops.stack([hue, sat, value], -1), data_format="channels_last")

    return _as_float(image, change)


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """Add a random amount."""
    return adjust_brightness(image, _uniform(-max_delta, max_delta, seed))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """Change the contrast by a random factor."""
    return adjust_contrast(image, _uniform(lower, upper, seed))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """Change the saturation by a random factor."""
    return adjust_saturation(image, _uniform(lower, upper, seed))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """Turn the hue by a random amount."""
    return adjust_hue(image, _uniform(-max_delta, max_delta, seed))


def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """Return the brightness, one channel."""
    return _as_float(
        images, lambda x: ops.sum(x * torch.tensor([0.2989, 0.587, 0.114]), -1, keepdims=True)
    )


def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """Return three equal channels."""
    return ops.repeat(convert_to_tensor(images), 3, axis=-1)


def convert_image_dtype(
    image: Any, dtype: Any, saturate: builtins.bool = False, name: str | None = None
) -> Any:
    """Return images in another dtype, their range with it."""
    x = convert_to_tensor(image)
    scaled = _fraction(x)
    name_ = str(dtype)
    if "float" in name_:
        return ops.cast(scaled, name_)
    most = torch.iinfo(getattr(torch, name_)).max
    return ops.cast(ops.clip(scaled * (most + 0.5), 0, most), name_)


def per_image_standardization(image: Any) -> Any:
    """Return images with mean 0 and variance 1."""
    x = ops.cast(convert_to_tensor(image), "float32")
    axes = (-3, -2, -1)
    count = x.shape[-3] * x.shape[-2] * x.shape[-1]
    deviation = ops.maximum(ops.std(x, axis=axes, keepdims=True), 1.0 / count**0.5)
    return (x - ops.mean(x, axis=axes, keepdims=True)) / deviation


def crop_to_bounding_box(image, offset_height, offset_width, target_height, target_width):
    """Return a window."""
    rows = slice(offset_height, offset_height + target_height)
    cols = slice(offset_width, offset_width + target_width)
    return convert_to_tensor(image)[..., rows, cols, :]


def pad_to_bounding_box(image, offset_height, offset_width, target_height, target_width):
    """Put zeros around."""
    x = convert_to_tensor(image)
    below = target_height - offset_height - x.shape[-3]
    right = target_width - offset_width - x.shape[-2]
    pairs = [(0, 0)] * (x.ndim - 3)
    return ops.pad(x, [*pairs, (offset_height, below), (offset_width, right), (0, 0)])


def central_crop(image: Any, central_fraction: float) -> Any:
    """Return the middle."""
    x = convert_to_tensor(image)
    top = int((x.shape[-3] - x.shape[-3] * central_fraction) / 2)
    left = int((x.shape[-2] - x.shape[-2] * central_fraction) / 2)
    return x[..., top : x.shape[-3] - top, left : x.shape[-2] - left, :]


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Any:
    """Cut from, or put zeros around, the middle."""
    x = convert_to_tensor(image)
    for axis, target in ((-3, target_height), (-2, target_width)):
        have = x.shape[axis]
        if have > target:
            start = (have - target) // 2
            x = x.narrow(axis, start, target)
        elif have < target:
            before = (target - have) // 2
            pairs = [(0, 0)] * x.ndim
            pairs[axis] = (before, target - have - before)
            x = ops.pad(x, pairs)
    return x


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Any:
    """Return a random window of a size."""
    x = convert_to_tensor(value)
    starts = [
        int(_uniform(0, 1, seed) * (n - int(s) + 1)) for n, s in zip(x.shape, size, strict=True)
    ]
    return x[tuple(slice(b, b + int(s)) for b, s in zip(starts, size, strict=True))]


def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """Return hue, saturation and value."""
    return ops.image.rgb_to_hsv(convert_to_tensor(images), data_format="channels_last")


def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """Return red, green and blue."""
    return ops.image.hsv_to_rgb(convert_to_tensor(images), data_format="channels_last")


def decode_image(
    contents: bytes,
    channels: int | None = None,
    dtype: Any = "uint8",
    name=None,
    expand_animations=True,
) -> Any:
    """Return the pixels of a PNG, JPEG, GIF or BMP file's bytes."""
    image = require("PIL.Image", "image").open(io.BytesIO(bytes(contents)))
    mode = {0: None, None: None, 1: "L", 3: "RGB", 4: "RGBA"}[channels]
    if mode is None:
        mode = image.mode if image.mode in _CHANNELS else "RGB"
    pixels = np.asarray(image.convert(mode))
    x = torch.from_numpy(np.array(pixels if pixels.ndim == 3 else pixels[..., None]))
    return x if str(dtype) == "uint8" else convert_image_dtype(x, dtype)


def decode_jpeg(contents: bytes, channels: int = 0, **kwargs: Any) -> Any:
    """Return the pixels of a JPEG file's bytes."""
    return decode_image(contents, channels)


decode_png = decode_bmp = decode_jpeg


def _fraction(x: Any) -> Any:
    if x.dtype.is_floating_point:
        return x
    return x.to(torch.float32) / torch.iinfo(x.dtype).max


def _as_float(image: Any, change: Any) -> Any:
    x = convert_to_tensor(image)
    out = change(_fraction(x))
    if x.dtype.is_floating_point:
        return out
    most = torch.iinfo(x.dtype).max
    return (out * (most + 0.5)).clamp(0, most).to(x.dtype)


def _back(out: Any, x: Any) -> Any:
    if x.dtype.is_floating_point:
        return out.to(x.dtype)
    return out.round().clamp(0, torch.iinfo(x.dtype).max).to(x.dtype)


def __getattr__(name: str) -> Any:
    raise missing("tf.image", name)
