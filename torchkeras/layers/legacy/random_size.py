"""RandomHeight and RandomWidth: images of random sizes."""

from numbers import Real
from typing import Any

import torch

from torchkeras._base import check, config
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.layer import Layer
from torchkeras.ops.image import resize
from torchkeras.ops.image.resize import INTERPOLATIONS
from torchkeras.random import SeedGenerator, uniform


class _RandomSize(Layer):
    """Base of both: one random size for all images of a batch; a class states the axis."""

    def __init__(
        self, factor: Any, interpolation: str = "bilinear", seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        pair = isinstance(factor, (tuple, list)) and len(factor) == 2
        low, high = factor if pair else (factor, factor)
        numbers = all(isinstance(f, Real) for f in (low, high))
        if numbers and not pair:
            low = -low
        if not numbers or low > high or low < -1:
            raise ValueError(
                f"{owner}: factor must be a number >= 0, or a pair (low, high) with low >= -1. "
                f"{received('factor', factor)}"
            )
        self.factor = factor
        self._range = (1.0 + low, 1.0 + high)
        self.interpolation = check.one_of(owner, "interpolation", interpolation, INTERPOLATIONS)
        self.seed = seed
        self.generator = SeedGenerator(seed)
        self.supports_masking = True
        self._built_from_the_start()

    def _size(self, images: torch.Tensor, axis: int) -> int:
        drawn = uniform((), *self._range, seed=self.generator)
        return max(1, int(drawn * images.shape[axis]))

    def _resized(self, inputs: torch.Tensor, rows: bool) -> torch.Tensor:
        inputs = convert_to_tensor(inputs, self.compute_dtype)
        first = config.image_data_format() == "channels_first"
        axes = (-2, -1) if first else (-3, -2)
        size = [inputs.shape[a] for a in axes]
        size[0 if rows else 1] = self._size(inputs, axes[0 if rows else 1])
        return resize(inputs, tuple(size), interpolation=self.interpolation)

    def _unknown(self, input_shape: Any, rows: bool) -> tuple[int | None, ...]:
        first = config.image_data_format() == "channels_first"
        shape = list(input_shape)
        shape[(-2 if first else -3) + (0 if rows else 1)] = None
        return tuple(shape)


@LAYERS.register(module="keras._legacy.layers")
class RandomHeight(_RandomSize):
    """Stretches all images of a batch to one random height while training.

    Args:
        factor: Number `f`, for `(-f, f)`, or a pair: the relative change.
        interpolation: As of `Resizing`.
        seed: Whole number.

    Shapes: `(..., height, width, channels) -> (..., new_height, width, channels)`.

    Raises:
        ValueError: for a bad factor or interpolation.

    >>> import torch
    >>> RandomHeight((0.5, 0.5))(torch.ones(1, 4, 4, 3), training=True).shape
    torch.Size([1, 6, 4, 3])
    """

    def call(self, inputs: torch.Tensor, training: bool = True) -> torch.Tensor:
        """Return the images, in another height while training."""
        return self._resized(inputs, True) if training else inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape with an unknown height."""
        return self._unknown(input_shape, True)


@LAYERS.register(module="keras._legacy.layers")
class RandomWidth(_RandomSize):
    """Stretches all images of a batch to one random width while training.

    Args:
        factor: Number `f`, for `(-f, f)`, or a pair: the relative change.
        interpolation: As of `Resizing`.
        seed: Whole number.

    Shapes: `(..., height, width, channels) -> (..., height, new_width, channels)`.

    Raises:
        ValueError: for a bad factor or interpolation.

    >>> import torch
    >>> RandomWidth((0.5, 0.5))(torch.ones(1, 4, 4, 3), training=True).shape
    torch.Size([1, 4, 6, 3])
    """

    def call(self, inputs: torch.Tensor, training: bool = True) -> torch.Tensor:
        """Return the images, in another width while training."""
        return self._resized(inputs, False) if training else inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape with an unknown width."""
        return self._unknown(input_shape, False)
