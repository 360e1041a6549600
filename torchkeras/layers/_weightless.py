"""Weightless: what poolings and reshapings share."""

from typing import Any

import torch

from torchkeras.core import dtypes
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers.layer import Layer


class Weightless(Layer):
    """Base of layers that select or combine values: integer inputs give integer outputs."""

    # Not so in layers that average, whose result is in their own dtype.
    _keeps_integers = True

    def build(self, input_shape: Any) -> None:
        """Create nothing; the shape is noted in the layer's build config."""

    def _floating(self, x: torch.Tensor) -> torch.Tensor:
        """Cast integers, of which there is no average."""
        return x if x.is_floating_point() else x.to(self._policy.torch_compute_dtype)

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> KerasTensor:
        """Return the KerasTensor of the output."""
        keeps = self._keeps_integers and not dtypes.is_float(inputs.dtype)
        dtype = inputs.dtype if keeps else self.compute_dtype
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype)
