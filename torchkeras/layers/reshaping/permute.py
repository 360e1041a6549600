"""Permute: the dimensions of a sample in another order."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers._weightless import Weightless
from torchkeras.layers.input_spec import InputSpec


@LAYERS.register()
class Permute(Weightless):
    """Put the dimensions of each sample in another order; a view, nothing moves.

    Args:
        dims: The order; dimensions count from 1, the batch dimension stays.

    Shapes: `(batch, d_1, d_2, ...) -> (batch, d_dims[0], d_dims[1], ...)`.

    Raises:
        ValueError: if `dims` is no permutation of 1, 2, ….

    >>> import torch, torchkeras as keras
    >>> keras.layers.Permute((2, 1))(torch.ones(2, 10, 64)).shape
    torch.Size([2, 64, 10])
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                "Permute: dims must hold each of the numbers 1, 2, ... once. "
                f"{received('dims', dims)}"
            )
        self._order = (0, *self.dims)
        self.input_spec = InputSpec(ndim=len(self._order))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with their dimensions in the new order."""
        return inputs.permute(self._order)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        return tuple(input_shape[d] for d in self._order)
