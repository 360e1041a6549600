"""`ImageDataGenerator`: images normalised, and changed at random, while a model is trained."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import received
from torchkeras._base.legacy import warn_user
from torchkeras.compat.preprocessing.affine import (
    apply_affine_transform,
    apply_channel_shift,
    flip_axis,
)
from torchkeras.compat.preprocessing.dataframe import DataFrameIterator
from torchkeras.compat.preprocessing.files import DirectoryIterator
from torchkeras.compat.preprocessing.iterators import NumpyArrayIterator
from torchkeras.compat.preprocessing.random_images import apply_brightness_shift

_SMALL = 1e-6
_OWNER = "ImageDataGenerator"
_ORDERINGS = {"tf": "channels_last", "th": "channels_first"}


class ImageDataGenerator:
    """Makes batches of images that are normalised, and changed at random.

    Random numbers are NumPy's global ones, drawn in the order of Keras 2.

    Args:
        featurewise_center: Whether the mean of all images (from `fit`) is taken away.
        samplewise_center: Whether each image's own mean is.
        featurewise_std_normalization: Whether images are divided by the deviation of all.
        samplewise_std_normalization: Whether each is divided by its own.
        zca_whitening: Whether pixels are decorrelated.
        zca_epsilon: Added to the variances.
        rotation_range: Degrees.
        width_shift_range: Share of the width, pixels if 1 or more, or a list of pixels.
        height_shift_range: The same of the height.
        brightness_range: Two factors.
        shear_range: Degrees.
        zoom_range: Two factors, or a number for `[1 - z, 1 + z]`.
        channel_shift_range: What is added at most.
        fill_mode: `"nearest"`, `"constant"`, `"reflect"` or `"wrap"`.
        cval: Value outside, for `"constant"`.
        horizontal_flip: Whether half of the images are mirrored.
        vertical_flip: Whether half are turned upside down.
        rescale: A factor.
        preprocessing_function: From image to image, before all that normalises.
        data_format: `"channels_last"` or `"channels_first"`; None: the global setting.
        validation_split: Share for `subset="validation"`.
        interpolation_order: 0 or 1; up to 5 with scipy.
        dtype: Of the batches; None: `floatx()`.

    >>> change = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True)
    >>> x, y = next(change.flow(np.full((4, 2, 2, 1), 255.0), np.arange(4), batch_size=2))
    >>> x.shape, float(x.max())
    ((2, 2, 2, 1), 1.0)
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], np.ndarray] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
        dim_ordering: str | None = None,
    ) -> None:
        if dim_ordering is not None:
            warn_user(f"{_OWNER}(dim_ordering) is the form of an older Keras. Use data_format.")
            data_format = _ORDERINGS.get(dim_ordering, data_format)
        self.data_format = config.standardize_data_format(data_format, _OWNER)
        if featurewise_std_normalization and not featurewise_center:
            featurewise_center = True
        if zca_whitening and not featurewise_center:
            featurewise_center = True
        if samplewise_std_normalization and not samplewise_center:
            samplewise_center = True
        self.featurewise_center, self.samplewise_center = featurewise_center, samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.channel_shift_range, self.fill_mode, self.cval = channel_shift_range, fill_mode, cval
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.interpolation_order, self.dtype = interpolation_order, dtype or config.floatx()
        last = self.data_format == "channels_last"
        self.row_axis, self.col_axis, self.channel_axis = (1, 2, 3) if last else (2, 3, 1)
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(
                f"{_OWNER}: validation_split must be between 0 and 1. "
                f"{received('validation_split', validation_split)}"
            )
        self._validation_split = validation_split
        if np.ndim(zoom_range) == 0:
            zoom_range = [1 - zoom_range, 1 + zoom_range]
        for name, value in (("zoom_range", zoom_range), ("brightness_range", brightness_range)):
            if value is not None and (np.ndim(value) != 1 or len(value) != 2):
                raise ValueError(f"{_OWNER}: {name} must be two numbers. {received(name, value)}")
        self.zoom_range, self.brightness_range = list(zoom_range), brightness_range
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Return batches of an array `(samples, height, width, channels)`."""
        return NumpyArrayIterator(
            x, y, self, batch_size=batch_size, shuffle=shuffle, sample_weight=sample_weight,
            seed=seed, data_format=self.data_format, save_to_dir=save_to_dir,
            save_prefix=save_prefix, save_format=save_format, subset=subset,
            ignore_class_split=ignore_class_split, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self,
        directory: str,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Return batches of the images in a folder's subfolders, one for each class."""
        return DirectoryIterator(
            directory, self, target_size=target_size, color_mode=color_mode, classes=classes,
            class_mode=class_mode, data_format=self.data_format, batch_size=batch_size,
            shuffle=shuffle, seed=seed, save_to_dir=save_to_dir, save_prefix=save_prefix,
            save_format=save_format, follow_links=follow_links, subset=subset,
            interpolation=interpolation, keep_aspect_ratio=keep_aspect_ratio, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | None = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Return batches of the images that a pandas table names."""
        for old in ("has_ext", "sort", "drop_duplicates"):
            if old in kwargs:
                warn_user(f"flow_from_dataframe({old}) is the form of an older Keras; left out.")
                del kwargs[old]
        if kwargs:
            raise TypeError(f"flow_from_dataframe: unknown arguments. Received: {sorted(kwargs)}.")
        return DataFrameIterator(
            dataframe, directory, self, x_col=x_col, y_col=y_col, weight_col=weight_col,
            target_size=target_size, color_mode=color_mode, classes=classes,
            class_mode=class_mode, data_format=self.data_format, batch_size=batch_size,
            shuffle=shuffle, seed=seed, save_to_dir=save_to_dir, save_prefix=save_prefix,
            save_format=save_format, subset=subset, interpolation=interpolation,
            validate_filenames=validate_filenames, dtype=self.dtype,
        )  # fmt: skip

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """Return an image normalised; it may be changed in place."""
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _SMALL
        if self.featurewise_center and self._is_fitted(self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._is_fitted(self.std):
            x /= self.std + _SMALL
        if self.zca_whitening and self._is_fitted(self.zca_whitening_matrix):
            x = (x.reshape(1, -1) @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def _is_fitted(self, known: Any) -> bool:
        if known is None:
            warn_user(f"{_OWNER}: call fit(images) before; nothing is normalised.", UserWarning)
        return known is not None

    def get_random_transform(
        self, img_shape: Sequence[int], seed: int | None = None
    ) -> dict[str, Any]:
        """Draw what to do with an image: the arguments of `apply_transform`."""
        if seed is not None:
            np.random.seed(seed)
        draw = np.random.uniform
        theta = draw(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        tx = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = draw(-self.shear_range, self.shear_range) if self.shear_range else 0
        low, high = self.zoom_range
        zx, zy = (1, 1) if low == high == 1 else draw(low, high, 2)
        flip_horizontal = (np.random.random() < 0.5) * self.horizontal_flip
        flip_vertical = (np.random.random() < 0.5) * self.vertical_flip
        shift = None
        if self.channel_shift_range != 0:
            shift = draw(-self.channel_shift_range, self.channel_shift_range)
        brightness = None
        if self.brightness_range is not None:
            brightness = draw(*self.brightness_range)
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": shift,
            "brightness": brightness,
        }

    def apply_transform(self, x: np.ndarray, transform_parameters: dict[str, Any]) -> np.ndarray:
        """Return an image changed as told; see `get_random_transform` for the names."""
        told = transform_parameters.get
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        x = apply_affine_transform(
            x, told("theta", 0), told("tx", 0), told("ty", 0), told("shear", 0), told("zx", 1),
            told("zy", 1), row_axis=rows, col_axis=columns, channel_axis=channels,
            fill_mode=self.fill_mode, cval=self.cval, order=self.interpolation_order,
        )  # fmt: skip
        if told("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, told("channel_shift_intensity"), channels)
        if told("flip_horizontal", False):
            x = flip_axis(x, columns)
        if told("flip_vertical", False):
            x = flip_axis(x, rows)
        if told("brightness") is not None:
            x = apply_brightness_shift(x, told("brightness"), False)
        return x

    def random_transform(self, x: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Return an image changed at random."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Learn the mean, deviation and correlations of images.

        Args:
            x: Array `(samples, height, width, channels)`.
            augment: Whether they are changed at random before.
            rounds: How often each is.
            seed: Of these changes.

        Raises:
            ValueError: if the array does not have 4 dimensions.
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(
                f"{_OWNER}.fit: x must have 4 dimensions. Received: an array of shape {x.shape}."
            )
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.array([self.random_transform(i) for _ in range(rounds) for i in x], self.dtype)
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = x.mean(axes, keepdims=True)[0]
            x = x - self.mean
        if self.featurewise_std_normalization:
            self.std = x.std(axes, keepdims=True)[0]
            x = x / (self.std + _SMALL)
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            u, s, _ = np.linalg.svd(flat.T @ flat / len(flat))
            self.zca_whitening_matrix = u @ np.diag(1 / np.sqrt(s + self.zca_epsilon)) @ u.T


def _shift(limits: Any, size: int) -> float:
    """Draw by how many pixels an image is moved along one axis."""
    if not np.any(limits):
        return 0
    if np.ndim(limits) or isinstance(limits, (int, np.integer)):  # a number n: out of range(n)
        drawn = np.random.choice(limits) * np.random.choice([-1, 1])
        return drawn * size if np.max(limits) < 1 else drawn
    drawn = np.random.uniform(-limits, limits)
    return drawn * size if limits < 1 else drawn
