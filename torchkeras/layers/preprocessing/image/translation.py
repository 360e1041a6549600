"""RandomTranslation: images shifted at random."""

from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._geometric import GeometricLayer, affine_rows
from torchkeras.random import SeedGenerator


@LAYERS.register()
class RandomTranslation(GeometricLayer):
    """Shifts each image while training.

    Args:
        height_factor: Share of the height to shift down by: number `f` for `(-f, f)`, or a pair,
            in [-1, 1].
        width_factor: Share of the width to shift to the right by, likewise.
        fill_mode: What lies outside: `"reflect"`, `"constant"`, `"wrap"` or `"nearest"`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: Whole number.
        fill_value: Value outside, with `fill_mode="constant"`.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Images `(..., height, width, channels)`, or a dict with `"images"`, `"labels"`,
    `"bounding_boxes"` and `"segmentation_masks"`. A call by itself counts as training.

    Raises:
        ValueError: for a bad factor, fill mode, interpolation or data format.

    >>> import torch, torchkeras as keras
    >>> shift = keras.layers.RandomTranslation(0.0, (0.25, 0.25), fill_mode="constant")
    >>> shift(torch.tensor([[[1.0], [2.0], [3.0], [4.0]]])).flatten()
    tensor([0., 1., 2., 3.])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height_factor = height_factor
        self.height_lower, self.height_upper = self._signed_range("height_factor", height_factor)
        self.width_factor = width_factor
        self.width_lower, self.width_upper = self._signed_range("width_factor", width_factor)
        self._set_sampling(interpolation, fill_value, fill_mode)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the shifts to the right and down, in pixels: `"translations"`."""
        if not training:
            return None
        images = self._images_of(data)
        shape = (self._batch_size(images), 1)
        height, width = self._image_size(images)
        down = self._uniform(images, shape, self.height_lower, self.height_upper, seed)
        right = self._uniform(images, shape, self.width_lower, self.width_upper, seed)
        shifts = torch.cat((right * width, down * height), -1)
        return {"translations": shifts, "input_shape": tuple(images.shape)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        right, down = transformation["translations"].reshape(-1, 2).unbind(-1)
        matrix = affine_rows(1.0, 0.0, -right, 0.0, 1.0, -down, len(right), right)
        return self._affine(images, matrix, interpolation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Shift the boxes."""
        if not training:
            return bounding_boxes
        shift = transformation["translations"].reshape(-1, 1, 2).repeat(1, 1, 2)
        height, width = self._size_of(transformation)
        # Those of one image stay its own.
        return self._map_boxes(
            bounding_boxes, height, width, lambda b: (b + shift).reshape(b.shape)
        )
