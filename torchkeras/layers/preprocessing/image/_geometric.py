"""What the layers that move pixels share: how they sample, and how boxes follow."""

from collections.abc import Callable
from numbers import Real
from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._base import BaseImagePreprocessingLayer
from torchkeras.ops import boxes
from torchkeras.ops.image import affine_transform

FILL_MODES = ("reflect", "wrap", "constant", "nearest")


class GeometricLayer(BaseImagePreprocessingLayer):
    """Base of layers that move pixels: images in the compute dtype, labels as they are."""

    _FILL_MODES: tuple[str, ...] = FILL_MODES

    def _set_sampling(
        self, interpolation: str, fill_value: float, fill_mode: str = "constant"
    ) -> None:
        owner = type(self).__name__
        choices = ("nearest", "bilinear")
        self.interpolation = check.one_of(owner, "interpolation", interpolation, choices)
        self.fill_mode = check.one_of(owner, "fill_mode", fill_mode, self._FILL_MODES)
        if not isinstance(fill_value, Real):
            raise ValueError(
                f"{owner}: fill_value must be a number. {check.received('fill_value', fill_value)}"
            )
        self.fill_value = fill_value

    def _signed_range(self, name: str, factor: Any, lowest: float = -1) -> tuple[float, float]:
        """Return `(-f, f)` for a number `f`, or the pair of numbers in [-1, 1] that is given."""
        pair = isinstance(factor, (tuple, list)) and len(factor) == 2
        numbers = factor if pair else [factor]
        least = -1 if pair else lowest
        if not all(isinstance(f, Real) and least <= f <= 1 for f in numbers):
            raise ValueError(
                f"{type(self).__name__}: {name} must be a number in [{lowest}, 1], or a pair of "
                f"numbers in [-1, 1]. {check.received(name, factor)}"
            )
        return (min(factor), max(factor)) if pair else (-abs(factor), abs(factor))

    def _cast(self, images: Any) -> torch.Tensor:
        return convert_to_tensor(images).to(dtypes.torch_dtype(self.compute_dtype))

    def _affine(self, images: Any, matrix: torch.Tensor, interpolation: str) -> torch.Tensor:
        """Take each pixel from where `matrix`, as of `ops.image.affine_transform`, leads."""
        return affine_transform(
            images, matrix, interpolation, self.fill_mode, self.fill_value, self.data_format
        )

    def _size_of(self, transformation: dict[str, Any]) -> tuple[int, int]:
        shape = transformation["input_shape"]
        return shape[self.height_axis], shape[self.width_axis]

    def _map_boxes(
        self,
        bounding_boxes: dict[str, Any],
        height: int,
        width: int,
        move: Callable[[torch.Tensor], torch.Tensor],
    ) -> dict[str, Any]:
        """Apply `move` to boxes as left, top, right, bottom; cut them off at the borders."""
        form = self.bounding_box_format
        corners = boxes.convert_format(bounding_boxes, form, "xyxy", height, width)
        corners["boxes"] = move(corners["boxes"])
        corners = boxes.clip_to_image_size(corners, height, width)
        return boxes.convert_format(corners, "xyxy", form, height, width)

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Transform a batch of images, in the compute dtype."""
        return super().transform_images(self._cast(images), transformation, training=training)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Return the labels."""
        return labels

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape


def affine_rows(
    a0: Any, a1: Any, a2: Any, b0: Any, b1: Any, b2: Any, batch: int, like: torch.Tensor
) -> torch.Tensor:
    """Stack tensors or numbers as the eight columns of `affine_transform`'s matrices."""
    values = (a0, a1, a2, b0, b1, b2, 0.0, 0.0)
    full = [v if isinstance(v, torch.Tensor) else like.new_full((batch,), v) for v in values]
    return torch.stack(full, -1)
