"""RandomZoom: images enlarged or shrunk at random."""

from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._geometric import GeometricLayer, affine_rows
from torchkeras.random import SeedGenerator


@LAYERS.register()
class RandomZoom(GeometricLayer):
    """Enlarges or shrinks each image about its middle while training.

    Args:
        height_factor: Relative change of the height that is seen: number `f` for `(-f, f)`, or a
            pair, in [-1, 1]. Below 0 things get larger, above 0 smaller.
        width_factor: Likewise for the width; default: the same change as for the height.
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
    >>> half = keras.layers.RandomZoom((-0.5, -0.5))
    >>> half(torch.tensor([[[1.0], [2.0], [3.0]]])).flatten()
    tensor([1.5000, 2.0000, 2.5000])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
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
        if width_factor is not None:
            self.width_lower, self.width_upper = self._signed_range("width_factor", width_factor)
        self._set_sampling(interpolation, fill_value, fill_mode)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the shares of the image that are seen: `"height_zoom"` and `"width_zoom"`."""
        if not training:
            return None
        images = self._images_of(data)
        shape = (self._batch_size(images), 1)
        height = self._uniform(images, shape, self.height_lower, self.height_upper, seed) + 1.0
        width = height
        if self.width_factor is not None:
            width = self._uniform(images, shape, self.width_lower, self.width_upper, seed) + 1.0
        return {"height_zoom": height, "width_zoom": width, "input_shape": tuple(images.shape)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        height, width = self._image_size(images)
        y, x = (transformation[k].reshape(-1) for k in ("height_zoom", "width_zoom"))
        shift_x, shift_y = (1 - x) * ((width - 1) / 2), (1 - y) * ((height - 1) / 2)
        matrix = affine_rows(x, 0.0, shift_x, 0.0, y, shift_y, len(x), x)
        return self._affine(images, matrix, interpolation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Enlarge or shrink the boxes."""
        if not training:
            return bounding_boxes
        height, width = self._size_of(transformation)
        y, x = (transformation[k].reshape(-1, 1, 1) for k in ("height_zoom", "width_zoom"))
        zoom = torch.cat((x, y, x, y), -1)
        middle = torch.tensor((width - 1, height - 1) * 2, device=zoom.device) / 2
        return self._map_boxes(
            bounding_boxes, height, width, lambda b: (b - middle) / zoom + middle
        )
