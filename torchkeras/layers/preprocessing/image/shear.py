"""RandomShear: images slanted at random."""

from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._geometric import GeometricLayer, affine_rows
from torchkeras.random import SeedGenerator


@LAYERS.register()
class RandomShear(GeometricLayer):
    """Slants each image while training: a pixel `(x, y)` comes from `(x + sx y, y + sy x)`.

    Args:
        x_factor: Number `f` in [0, 1] for `sx` in `(-f, f)`, or a pair in [-1, 1]. A random sign,
            the same for `sx` and `sy`, is put to what is drawn.
        y_factor: Likewise for `sy`.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: What lies outside: `"reflect"`, `"constant"`, `"wrap"` or `"nearest"`.
        fill_value: Value outside, with `fill_mode="constant"`.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Whole number.

    Images `(..., height, width, channels)`, or a dict with `"images"`, `"labels"`,
    `"bounding_boxes"` and `"segmentation_masks"`. A call by itself counts as training.

    Raises:
        ValueError: for a bad factor, fill mode, interpolation or data format.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomShear(0.3, 0.2)(torch.rand(2, 8, 8, 3)).shape
    torch.Size([2, 8, 8, 3])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.x_factor = self._signed_range("x_factor", x_factor, lowest=0)
        self.y_factor = self._signed_range("y_factor", y_factor, lowest=0)
        self._set_sampling(interpolation, fill_value, fill_mode)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw `sx` and `sy`: `"shear_factor"`, of shape `(batch, 2)`."""
        if not training:
            return None
        images = self._images_of(data)
        shape, dtype = (self._batch_size(images), 1), self.compute_dtype
        sign = torch.where(self._uniform(images, shape, seed=seed) > 0.5, -1.0, 1.0)
        y = self._uniform(images, shape, *self.y_factor, seed, dtype)
        x = self._uniform(images, shape, *self.x_factor, seed, dtype)
        factor = torch.cat((x, y), -1) * sign.to(x.dtype)
        return {"shear_factor": factor, "input_shape": tuple(images.shape)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        x, y = transformation["shear_factor"].reshape(-1, 2).unbind(-1)
        matrix = affine_rows(1.0, x, 0.0, y, 1.0, 0.0, len(x), x)
        return self._affine(images, matrix, interpolation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the upright boxes around the slanted ones.

        As in Keras the factors count in shares of the image's sides, and the upright box around
        what `sx` makes is what `sy` slants.
        """
        if not training:
            return bounding_boxes
        height, width = self._size_of(transformation)
        factor = transformation["shear_factor"].to(torch.float32).reshape(-1, 2, 1)
        x_by_y, y_by_x = factor[:, 0] * (width / height), factor[:, 1] * (height / width)

        def move(boxes: torch.Tensor) -> torch.Tensor:
            left, top, right, bottom = boxes.unbind(-1)
            left, right = _slanted(left, right, x_by_y * top, x_by_y * bottom)
            top, bottom = _slanted(top, bottom, y_by_x * left, y_by_x * right)
            return torch.stack((left, top, right, bottom), -1)

        return self._map_boxes(bounding_boxes, height, width, move)


def _slanted(
    low: torch.Tensor, high: torch.Tensor, shift: torch.Tensor, other: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ends of an interval that is moved back by anything between two shifts."""
    return low - torch.maximum(shift, other), high - torch.minimum(shift, other)
