"""RandomFlip: images mirrored at random."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._geometric import GeometricLayer
from torchkeras.random import SeedGenerator

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


@LAYERS.register()
class RandomFlip(GeometricLayer):
    """Mirrors each image with probability 1/2 while training.

    Args:
        mode: `"horizontal"` (left becomes right), `"vertical"`, or `"horizontal_and_vertical"`:
            both at once or neither.
        seed: Whole number.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Images `(..., height, width, channels)`, or a dict with `"images"`, `"labels"`,
    `"bounding_boxes"` and `"segmentation_masks"`. A call by itself counts as training.

    Raises:
        ValueError: for an unknown mode or data format.

    >>> import torch, torchkeras as keras
    >>> flip = keras.layers.RandomFlip("horizontal", seed=3)
    >>> flip(torch.tensor([[[1.0], [2.0], [3.0]]])).flatten()
    tensor([3., 2., 1.])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.mode = check.one_of(type(self).__name__, "mode", mode, _MODES)
        self.seed = seed
        self.generator = SeedGenerator(seed)
        # Pixels are copied, never mixed.
        self._set_sampling("nearest", 0.0)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are mirrored: `"flips"`, with `"input_shape"`."""
        if not training:
            return None
        images = self._images_of(data)
        shape = (images.shape[0], 1, 1, 1) if self._is_batched(images) else (1, 1, 1)
        flips = self._uniform(images, shape, seed=seed) <= 0.5
        return {"flips": flips, "input_shape": tuple(images.shape)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        axes = {"horizontal": (self.width_axis,), "vertical": (self.height_axis,)}
        mirrored = images.flip(axes.get(self.mode, (self.height_axis, self.width_axis)))
        return torch.where(transformation["flips"], mirrored, images)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Mirror a batch of masks, in the compute dtype as in Keras."""
        masks = self._cast(segmentation_masks)
        return super().transform_segmentation_masks(masks, transformation, training=training)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Mirror the boxes; labels of those outside of the image become -1."""
        if not training:
            return bounding_boxes
        height, width = self._size_of(transformation)

        def move(boxes: torch.Tensor) -> torch.Tensor:
            left, top, right, bottom = boxes.unbind(-1)
            if self.mode != "vertical":
                left, right = width - right, width - left
            if self.mode != "horizontal":
                top, bottom = height - bottom, height - top
            mirrored = torch.stack((left, top, right, bottom), -1)
            moved = torch.where(transformation["flips"].reshape(-1, 1, 1), mirrored, boxes)
            return moved.reshape(boxes.shape)  # those of one image stay its own

        return self._map_boxes(bounding_boxes, height, width, move)
