"""RandomRotation: images turned at random."""

from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._geometric import GeometricLayer, affine_rows
from torchkeras.ops import boxes
from torchkeras.random import SeedGenerator


@LAYERS.register()
class RandomRotation(GeometricLayer):
    """Turns each image about its middle by a random angle while training.

    Args:
        factor: Shares of a full turn, counterclockwise: number `f` for `(-f, f)`, or a pair.
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
    >>> quarter = keras.layers.RandomRotation((0.25, 0.25))
    >>> quarter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).unsqueeze(-1)).squeeze(-1).round()
    tensor([[2., 4.],
            [1., 3.]])
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self.seed = seed
        self.generator = SeedGenerator(seed)
        self._set_sampling(interpolation, fill_value, fill_mode)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the angles, in degrees: `"angle"`, with the matrices made of them."""
        if not training:
            return None
        images = self._images_of(data)
        batch = self._batch_size(images)
        height, width = self._image_size(images)
        low, high = (f * 360.0 for f in self.factor)
        angle = self._uniform(images, (batch,), low, high, seed)
        cos, sin = torch.deg2rad(angle).cos(), torch.deg2rad(angle).sin()
        x, y = (width - 1) / 2, (height - 1) / 2
        matrix = affine_rows(
            cos, -sin, x - (cos * x - sin * y), sin, cos, y - (sin * x + cos * y), batch, angle
        )
        return {
            "angle": angle,
            "rotation_matrix": matrix if self._is_batched(images) else matrix[0],
            "image_height": height,
            "image_width": width,
            "batch_size": batch,
        }

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        return self._affine(images, transformation["rotation_matrix"], interpolation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the upright boxes around the turned ones."""
        if not training:
            return bounding_boxes
        height, width = transformation["image_height"], transformation["image_width"]
        angle = transformation["angle"]
        return self._map_boxes(
            bounding_boxes,
            height,
            width,
            lambda x: boxes.affine_transform(x, angle, 0, 0, 1, 0, 0, height, width),
        )
