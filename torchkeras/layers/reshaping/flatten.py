"""Flatten: each sample as one row."""

import math
from typing import Any

import torch

from torchkeras._base import config
from torchkeras.core.registry import LAYERS
from torchkeras.layers._weightless import Weightless
from torchkeras.layers.input_spec import InputSpec


@LAYERS.register()
class Flatten(Weightless):
    """Put all values of a sample into one row, channels last.

    Args:
        data_format: `"channels_last"`, or `"channels_first"` for inputs that are it: they give the
            same rows. Default: the global one.

    Shapes: `(batch, ...) -> (batch, size)`; `(batch,) -> (batch, 1)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Flatten()(torch.ones(2, 3, 4)).shape
    torch.Size([2, 12])
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format, "Flatten")
        self.input_spec = InputSpec(min_ndim=1)
        self._channels_first = self.data_format == "channels_first"

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return one row a sample."""
        if inputs.ndim <= 2:  # a new tensor: a mask must not travel on with the old one
            return inputs.view(inputs.shape) if inputs.ndim == 2 else inputs.unsqueeze(1)
        if self._channels_first:
            inputs = inputs.movedim(1, -1)
        return inputs.flatten(1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        sample = tuple(input_shape[1:])
        return (input_shape[0], None if None in sample else math.prod(sample))
