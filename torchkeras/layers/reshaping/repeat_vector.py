"""RepeatVector: a vector as a sequence of equal steps."""

from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers._weightless import Weightless
from torchkeras.layers.input_spec import InputSpec


@LAYERS.register()
class RepeatVector(Weightless):
    """Repeat a vector `n` times, as steps of a sequence; a view, nothing is copied.

    Args:
        n: Number of steps.

    Shapes: `(batch, features) -> (batch, n, features)`.

    Raises:
        TypeError: if `n` is no integer.
        ValueError: if it is not positive.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RepeatVector(3)(torch.ones(2, 32)).shape
    torch.Size([2, 3, 32])
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int) or isinstance(n, bool):
            raise TypeError(f"RepeatVector: n must be an integer. {received('n', n)}")
        if n <= 0:
            raise ValueError(f"RepeatVector: n must be a positive integer. {received('n', n)}")
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `n` equal steps."""
        return inputs.unsqueeze(1).expand(-1, self.n, -1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        return (input_shape[0], self.n, input_shape[1])
