"""MaxNumBoundingBoxes: as many boxes for each image."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._base import BaseImagePreprocessingLayer


@LAYERS.register()
class MaxNumBoundingBoxes(BaseImagePreprocessingLayer):
    """Cuts off or pads the boxes of each image to a fixed number; images stay as they are.

    Args:
        max_number: Number of boxes.
        fill_value: Value of added boxes and labels.

    A dict with `"images"` and `"bounding_boxes"`: boxes `(..., n, 4) -> (..., max_number, 4)`,
    labels `(..., n) -> (..., max_number)`.

    Raises:
        ValueError: if `max_number` is no positive integer.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    >>> boxes = {"boxes": torch.ones(1, 2, 4), "labels": torch.ones(1, 2)}
    >>> data = layer({"images": torch.rand(1, 8, 8, 3), "bounding_boxes": boxes})
    >>> data["bounding_boxes"]["labels"]
    tensor([[ 1.,  1., -1.]])
    """

    # Keras's configs lose it.
    config_quiet = frozenset({"fill_value"})

    def __init__(self, max_number: int, fill_value: float = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number = check.positive_int(type(self).__name__, "max_number", max_number)
        self.fill_value = fill_value

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Return the images."""
        return images

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Return the labels."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Cut off or pad boxes and labels, in training and outside of it."""

        def fit(x: torch.Tensor, axis: int) -> torch.Tensor:
            x = x.narrow(axis, 0, min(x.shape[axis], self.max_number))
            missing = self.max_number - x.shape[axis]
            padding = (0, 0) * (-axis - 1) + (0, missing)
            return F.pad(x, padding, value=self.fill_value)

        changed = {
            "boxes": fit(bounding_boxes["boxes"], -2),
            "labels": fit(bounding_boxes["labels"], -1),
        }
        return {**bounding_boxes, **changed}

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the masks."""
        return segmentation_masks

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shapes, with `max_number` boxes."""
        if not isinstance(input_shape, dict) or "bounding_boxes" not in input_shape:
            return input_shape
        shapes = dict(input_shape["bounding_boxes"])
        shapes["boxes"] = (*shapes["boxes"][:-2], self.max_number, shapes["boxes"][-1])
        shapes["labels"] = (*shapes["labels"][:-1], self.max_number)
        return {**input_shape, "bounding_boxes": shapes}
