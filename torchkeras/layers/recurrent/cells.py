"""The cells: one step of a simple recurrent layer, of LSTM and of GRU."""

from typing import Any

import torch

from torchkeras import activations
from torchkeras.core.registry import LAYERS
from torchkeras.layers.recurrent._cell import RecurrentCell, _identity, through


@LAYERS.register()
class SimpleRNNCell(RecurrentCell):
    """One step of SimpleRNN: `h' = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Args:
        units: Size of state and output.
        activation: Default tanh.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: Initializers.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: Constraints of the weights.
        dropout: Share of the inputs that is dropped while training, the same at all steps.
        recurrent_dropout: Share of the state that is dropped, likewise.
        seed: Seed of the dropout.

    Shapes: `(batch, features), [(batch, units)] -> (batch, units), [(batch, units)]`.

    >>> import torch, torchkeras as keras
    >>> cell = keras.layers.SimpleRNNCell(4)
    >>> output, states = cell(torch.ones(2, 3), cell.get_initial_state(2))
    >>> output.shape
    torch.Size([2, 4])
    """

    def call(self, sequence: torch.Tensor, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the output and the new states."""
        return self._step(sequence, states, training)

    def advance(self, projected: torch.Tensor, states: Any, training: bool) -> tuple[Any, list]:
        """Add the part of the state."""
        h = states[0]
        factors = self._state_factors(h, training)
        output = self._activation(through(self.recurrent_kernel, h, factors, projected))
        return output, [output]


class GatedCell(RecurrentCell):
    """A cell with a second activation, that of the gates."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, activation, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self._gate = activations.native(self.recurrent_activation) or _identity

    def gate_is(self, name: str) -> bool:
        """Tell whether the gates' activation is Keras's function of this name."""
        return self.recurrent_activation is activations.get(name)


class ForgetBias:
    """Ones for the forget gate's part of LSTM's bias; `start` for the others."""

    def __init__(self, start: Any, units: int) -> None:
        self.start, self.units = start, units

    def __call__(self, shape: Any, dtype: Any = None) -> torch.Tensor:
        units = self.units
        rest = self.start((units,), dtype=dtype), self.start((2 * units,), dtype=dtype)
        return torch.cat([rest[0], torch.ones_like(rest[0]), rest[1]])


@LAYERS.register()
class LSTMCell(GatedCell):
    """One step of LSTM, with the gates in the order i, f, c, o of the kernels' columns.

    `c' = f * c + i * activation(g)`, `h' = o * activation(c')`, where `i, f, g, o` are the columns
    of `x @ kernel + h @ recurrent_kernel + bias`, gates through `recurrent_activation`.

    Args:
        units: Size of both states and of the output.
        activation: Of the candidate and the output; default tanh.
        recurrent_activation: Of the gates; default sigmoid.
        use_bias: Whether a bias is added.
        unit_forget_bias: Whether the forget gate's bias starts at one.
        kernel_initializer, recurrent_initializer, bias_initializer: Initializers.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: Constraints of the weights.
        dropout, recurrent_dropout: Shares of the inputs and of the state that are dropped.
        seed: Seed of the dropout.

    Hochreiter and Schmidhuber, 1997, https://www.bioinf.jku.at/publications/older/2604.pdf

    >>> import torch, torchkeras as keras
    >>> cell = keras.layers.LSTMCell(4)
    >>> output, (h, c) = cell(torch.ones(2, 3), cell.get_initial_state(2))
    >>> c.shape
    torch.Size([2, 4])
    """

    gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **kwargs,
        )
        self.unit_forget_bias = unit_forget_bias

    @property
    def state_size(self) -> list[int]:
        """Sizes of the output state and the carry."""
        return [self.units, self.units]

    def _start_of_bias(self) -> Any:
        start = self.bias_initializer
        return ForgetBias(start, self.units) if self.unit_forget_bias else start

    def call(self, inputs: torch.Tensor, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the output and the new states."""
        return self._step(inputs, states, training)

    def advance(self, projected: torch.Tensor, states: Any, training: bool) -> tuple[Any, list]:
        """Add the part of the state, and open and close the gates."""
        h = states[0]
        z = through(self.recurrent_kernel, h, self._state_factors(h, training), projected)
        i, f, g, o = z.chunk(4, 1)
        gate, activation = self._gate, self._activation
        c = torch.addcmul(gate(f) * states[1], gate(i), activation(g))
        output = gate(o) * activation(c)
        return output, [output, c]


@LAYERS.register()
class GRUCell(GatedCell):
    """One step of GRU, with the gates in the order z, r, h of the kernels' columns.

    `h' = z * h + (1 - z) * activation(x @ W + r * (h @ U))` with `reset_after`, else `(r * h) @ U`.

    Args:
        units: Size of state and output.
        activation: Of the candidate; default tanh.
        recurrent_activation: Of the gates; default sigmoid.
        use_bias: Whether biases are added: `(2, 3 * units)` with `reset_after`.
        kernel_initializer, recurrent_initializer, bias_initializer: Initializers.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the weights.
        kernel_constraint, recurrent_constraint, bias_constraint: Constraints of the weights.
        dropout, recurrent_dropout: Shares of the inputs and of the state that are dropped.
        reset_after: Whether the reset gate is applied after the product with the state.
        seed: Seed of the dropout.

    Cho et al., 2014, https://arxiv.org/abs/1406.1078

    >>> import torch, torchkeras as keras
    >>> cell = keras.layers.GRUCell(4)
    >>> output, states = cell(torch.ones(2, 3), cell.get_initial_state(2))
    >>> output.shape
    torch.Size([2, 4])
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **kwargs,
        )
        self.reset_after = reset_after

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _input_bias(self) -> torch.Tensor | None:
        bias = self.bias
        return bias if bias is None or not self.reset_after else bias[0]

    def call(self, inputs: torch.Tensor, states: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the output and the new states."""
        return self._step(inputs, states, training)

    def advance(self, projected: torch.Tensor, states: Any, training: bool) -> tuple[Any, list]:
        """Add the part of the state, and open and close the gates."""
        h, units, kernel = states[0], self.units, self.recurrent_kernel
        factors = self._state_factors(h, training)
        gates, candidate = projected.split((2 * units, units), 1)
        if self.reset_after:
            bias = self.bias
            part = through(kernel, h, factors, None if bias is None else bias[1])
            part_of_gates, part_of_candidate = part.split((2 * units, units), 1)
            z, r = self._gate(gates + part_of_gates).chunk(2, 1)
            candidate = self._activation(candidate + r * part_of_candidate)
        else:
            of_gates, of_candidate = kernel.split((2 * units, units), 1)
            first, last = (None, None) if factors is None else (factors[:2], factors[2:])
            z, r = self._gate(through(of_gates, h, first, gates)).chunk(2, 1)
            candidate = self._activation(through(of_candidate, r * h, last, candidate))
        output = torch.lerp(candidate, h, z)  # z * h + (1 - z) * candidate
        return output, [output]


# A layer may split a step into project and advance only where nobody replaced the step.
WHOLE_STEPS = (SimpleRNNCell.call, LSTMCell.call, GRUCell.call)
