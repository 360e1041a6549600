"""Reshape: the same values in another shape."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers._weightless import Weightless


@LAYERS.register()
class Reshape(Weightless):
    """Give each sample another shape, without moving values where memory allows.

    Args:
        target_shape: Shape of a sample, without the batch dimension; -1 once, for the dimension
            that follows from the others.

    Shapes: `(batch, ...) -> (batch, *target_shape)`.

    Raises:
        ValueError: if the number of values would change, or more than one dimension is -1.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Reshape((3, -1))(torch.ones(2, 12)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._built_from_the_start()
        target = tuple(-1 if d is None else d for d in target_shape)
        if not all(isinstance(d, int) and d >= -1 for d in target) or target.count(-1) > 1:
            raise ValueError(
                "Reshape: target_shape must hold integers >= 0, and -1 once at most. "
                f"{received('target_shape', target_shape)}"
            )
        self.target_shape = target

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs in the new shape, as a view where memory allows."""
        shape = self.target_shape
        if inputs.numel() == 0:  # -1 would mean any number
            shape = self._resolved(inputs.shape[1:])
        try:
            return inputs.reshape(inputs.shape[0], *shape)
        except RuntimeError:
            raise self._impossible(inputs.shape[1:]) from None

    def _impossible(self, sample: Any) -> ValueError:
        return ValueError(
            "Reshape: the number of values must stay the same. "
            f"Received: target_shape={self.target_shape}, a sample's shape={tuple(sample)}."
        )

    def _resolved(self, sample: Any) -> tuple[int | None, ...]:
        """Return the target shape with a number for -1, if the input's sizes are known."""
        target = self.target_shape
        if None in sample:
            return tuple(None if d == -1 else d for d in target)
        total, known = math.prod(sample), math.prod(d for d in target if d != -1)
        if -1 not in target:
            if known != total:
                raise self._impossible(sample)
            return target
        if known == 0 or total % known:
            raise self._impossible(sample)
        return tuple(total // known if d == -1 else d for d in target)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        return (input_shape[0], *self._resolved(tuple(input_shape[1:])))
