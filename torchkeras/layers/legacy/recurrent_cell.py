"""AbstractRNNCell: base of users' cells in Keras 2."""

from typing import Any

import torch

from torchkeras.core import nest
from torchkeras.core.dtypes import torch_dtype
from torchkeras.layers.layer import Layer


class AbstractRNNCell(Layer):
    """Base of a recurrent layer's cell: a subclass defines `state_size` and `call`.

    `call(inputs, states)` returns the output of a step and the states after it. `output_size` is
    the width of the output.

    >>> import torch, torchkeras as keras
    >>> class Sum(AbstractRNNCell):
    ...     state_size = 2
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> keras.layers.RNN(Sum())(torch.ones(1, 3, 2))
    tensor([[3., 3.]])
    """

    def call(self, inputs: Any, states: Any) -> Any:
        """Return the output of a step, and the states after it."""
        raise NotImplementedError(f"{type(self).__name__}: define call(inputs, states).")

    @property
    def state_size(self) -> Any:
        """Width of the state, or list of the widths of several."""
        raise NotImplementedError(f"{type(self).__name__}: define state_size.")

    @property
    def output_size(self) -> Any:
        """Width of the output."""
        raise NotImplementedError(f"{type(self).__name__}: define output_size.")

    def get_initial_state(
        self, inputs: Any = None, batch_size: int | None = None, dtype: Any = None
    ) -> Any:
        """Return states of zeros, one for each width."""
        if inputs is not None:
            batch_size, dtype = inputs.shape[0], inputs.dtype
        kind = dtype if isinstance(dtype, torch.dtype) else torch_dtype(dtype or self.dtype)

        def zeros(size: Any) -> torch.Tensor:
            shape = (size,) if isinstance(size, int) else tuple(size)
            return torch.zeros((batch_size, *shape), dtype=kind)

        size = self.state_size
        if isinstance(size, (list, tuple)) and not nest.is_nested(next(iter(size))):
            return [zeros(n) for n in size]
        return [zeros(size)] if isinstance(size, int) else nest.map_structure(zeros, size)
