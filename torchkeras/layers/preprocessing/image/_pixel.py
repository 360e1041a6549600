"""The frame of layers that change the values of pixels, and move none."""

from numbers import Real
from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core import nest
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._base import BaseImagePreprocessingLayer
from torchkeras.random import SeedGenerator, uniform


class PixelLayer(BaseImagePreprocessingLayer):
    """Hands images to `_adjust` in the compute dtype; labels, boxes and masks pass as they are.

    A subclass with random factors draws them in `_draw`, one row an image, from the range `factor`
    and the stream `generator`. Outside of training images pass as they are, too.
    """

    # Whether the layer works outside of training.
    _always_active = False
    # Whether integer images become floats also where nothing is done to them, as in Keras.
    _always_casts = False

    def _set_factor(self, factor: Any) -> None:
        # None stands for 0 where the range goes below it, as in Keras; elsewhere it is an error.
        if factor is None and self._FACTOR_BOUNDS[0] < 0:
            factor = 0.0
        self.factor = self._as_range("factor", factor)

    def _set_value_range(self, value_range: Any) -> None:
        values = value_range if isinstance(value_range, (tuple, list)) else ()
        if len(values) != 2 or not all(isinstance(v, Real) for v in values):
            raise ValueError(
                f"{type(self).__name__}: value_range must be a list of two numbers. "
                f"{check.received('value_range', value_range)}"
            )
        if values[0] == values[1]:
            raise ValueError(
                f"{type(self).__name__}: the two numbers of value_range must differ. "
                f"{check.received('value_range', value_range)}"
            )
        self.value_range = sorted(values)

    def _set_seed(self, seed: Any) -> None:
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def _uniform(self, count: Any, bounds: Any, seed: Any) -> torch.Tensor:
        """Draw `count` numbers (or a shape of them) from a range."""
        shape = count if isinstance(count, tuple) else (count,)
        return uniform(shape, *bounds, dtype="float32", seed=seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw a transformation for each image; None outside of training."""
        if not training:
            return None
        seed = self._get_seed_generator() if seed is None else seed
        return self._draw(self._batch_size(data), seed)

    def _draw(self, count: int, seed: Any) -> Any:
        return None

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        raise NotImplementedError

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> torch.Tensor:
        """Transform a batch of images."""
        images = convert_to_tensor(images)
        active = training or self._always_active
        if active or self._always_casts:
            images = images.to(self._policy.torch_compute_dtype)
        return self._adjust(images, transformation) if active else images

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Return the labels."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the boxes."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the masks."""
        return segmentation_masks

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape

    def compute_output_spec(self, data: Any, training: bool = True) -> Any:
        """Return symbols of the same shapes; images are of the compute dtype."""
        if not isinstance(data, dict):
            return KerasTensor(data.shape, self._output_dtype(data.dtype))
        # New symbols, also where the data stay: an output with the input's history is a cycle.
        outputs = nest.map_structure(lambda x: KerasTensor(x.shape, x.dtype), data)
        images = data["images"]
        return {**outputs, "images": KerasTensor(images.shape, self._output_dtype(images.dtype))}

    def _output_dtype(self, dtype: str) -> str:
        return self.compute_dtype


def per_image(values: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return one number an image so that it broadcasts over images of a batch."""
    if values.dtype != torch.bool:
        values = values.to(images)
    return values.to(images.device).reshape(-1, 1, 1, 1)
