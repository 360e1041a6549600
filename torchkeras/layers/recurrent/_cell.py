"""What the built-in cells share: weights, initial state, and dropout that is constant over time."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras import activations, constraints, initializers, regularizers
from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.tensor import get_device
from torchkeras.layers.layer import Layer
from torchkeras.random import SeedGenerator, dropout


class RecurrentCell(Layer):
    """Base of cells whose step is an input part, `project`, and a part with the state, `advance`.

    The input part of all steps is one product of matrices, so a layer computes it before its loop.
    `gates` is the number of blocks of `units` columns in the kernels.
    """

    gates = 1
    _step_ndim = 2  # of one step's input

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        implementation = kwargs.pop("implementation", 2) if self.gates > 1 else 2
        owner = type(self).__name__
        check.one_of(owner, "implementation", implementation, (0, 1, 2))
        units = check.positive_int(owner, "units", units)
        dropout = check.fraction(owner, "dropout", dropout)
        recurrent_dropout = check.fraction(owner, "recurrent_dropout", recurrent_dropout)
        super().__init__(**kwargs)
        self.implementation = implementation
        self.units = units
        self.activation = activations.get(activation)
        self._activation = activations.native(self.activation) or _identity
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self._dropout_mask: torch.Tensor | None = None
        self._recurrent_dropout_mask: torch.Tensor | None = None
        self._stacked: Any = None  # the state's masks, and they as one tensor

    def activation_is(self, name: str) -> bool:
        """Tell whether the activation is Keras's function of this name."""
        return self.activation is activations.get(name)

    # ------------------------------------------------------------------ state

    @property
    def state_size(self) -> Any:
        """Size of the state, or list of the sizes of several."""
        return self.units

    @property
    def output_size(self) -> int:
        """Size of the output."""
        return self.units

    def get_initial_state(self, batch_size: int | None = None) -> list[torch.Tensor]:
        """Return zeros of shape `(batch_size, units)`, one for each state."""
        device = self.kernel.device if self.built else get_device()
        dtype = dtypes.torch_dtype(self.compute_dtype)
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [torch.zeros(batch_size, n, dtype=dtype, device=device) for n in sizes]

    # ------------------------------------------------------------------ weights

    def build(self, input_shape: Any) -> None:
        """Create the kernels and the bias."""
        owner, features, width = type(self).__name__, input_shape[-1], self.gates * self.units
        if features is None:
            raise ValueError(
                f"{owner}: the last dimension of the inputs must be known. "
                f"Received: input_shape={input_shape}."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, width),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            order=(1, 0),  # what torch's fused kernels read without a copy
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, width),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            order=(1, 0),
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self._bias_shape(),
                initializer=self._start_of_bias(),
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _start_of_bias(self) -> Any:
        return self.bias_initializer

    # ------------------------------------------------------------------ dropout

    @property
    def thins_in_a_loop(self) -> str | None:
        """Name the option of dropout that only a loop knows, or None."""
        if self.recurrent_dropout:
            return "recurrent_dropout"
        if self.dropout and self.gates > 1 and self.implementation == 1:
            return "dropout with implementation=1"
        return None

    def get_dropout_mask(self, step_input: torch.Tensor) -> torch.Tensor | list[torch.Tensor]:
        """Return the factors of the inputs, the same for all steps until they are reset.

        They are a list with one tensor for each gate if there is recurrent dropout as well, or
        `implementation=1`, as in Keras.
        """
        if self._dropout_mask is None:
            self.__dict__["_dropout_mask"] = self._draw(step_input, self.dropout)
        return self._dropout_mask

    def get_recurrent_dropout_mask(
        self, step_input: torch.Tensor
    ) -> torch.Tensor | list[torch.Tensor]:
        """Return the factors of the state, the same for all steps until they are reset."""
        if self._recurrent_dropout_mask is None:
            self.__dict__["_recurrent_dropout_mask"] = self._draw(
                step_input, self.recurrent_dropout
            )
        return self._recurrent_dropout_mask

    def reset_dropout_mask(self) -> None:
        """Let the next call draw new factors of the inputs."""
        self.__dict__["_dropout_mask"] = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Let the next call draw new factors of the state."""
        self.__dict__["_recurrent_dropout_mask"] = self.__dict__["_stacked"] = None

    def _draw(self, like: torch.Tensor, rate: float) -> torch.Tensor | list[torch.Tensor]:
        seed = None if self.seed is None else self.seed_generator
        if self.gates == 1 or not self.thins_in_a_loop:
            return dropout(torch.ones_like(like), rate, seed=seed)
        return list(dropout(like.new_ones((self.gates, *like.shape)), rate, seed=seed).unbind(0))

    def _input_factors(self, inputs: torch.Tensor, training: bool) -> Any:
        """Return the factors of the inputs, `(batch, ...)` or a list of such, or None.

        Those of a whole sequence, `(batch, steps, ...)`, are made for its steps.
        """
        if not training or not 0 < self.dropout < 1:
            return None
        whole = inputs.ndim > self._step_ndim
        masks = self.get_dropout_mask(inputs[:, 0] if whole else inputs)
        if not whole:
            return masks
        return masks.unsqueeze(1) if torch.is_tensor(masks) else [m.unsqueeze(1) for m in masks]

    def _state_factors(self, state: torch.Tensor, training: bool) -> torch.Tensor | None:
        """Return the factors of the state, `(1 or gates, batch, units)`, or None."""
        if not training or not 0 < self.recurrent_dropout < 1:
            return None
        masks = self.get_recurrent_dropout_mask(state)
        known = self._stacked
        if known is None or known[0] is not masks:
            stack = masks.unsqueeze(0) if torch.is_tensor(masks) else torch.stack(masks)
            known = self.__dict__["_stacked"] = (masks, stack)
        return known[1]

    # ------------------------------------------------------------------ one step

    def project(self, inputs: torch.Tensor, training: bool = False) -> torch.Tensor:
        """Return the part of the step that needs the inputs alone, for one step or many."""
        kernel, bias = self.kernel.t(), self._input_bias()
        if inputs.dtype is not kernel.dtype:
            inputs = inputs.to(kernel.dtype)
        factors = self._input_factors(inputs, training)
        if isinstance(factors, list):
            parts = zip(factors, kernel.chunk(self.gates), strict=True)
            columns = torch.cat([F.linear(inputs * f, k) for f, k in parts], -1)
            return columns if bias is None else columns + bias
        return F.linear(inputs if factors is None else inputs * factors, kernel, bias)

    def thinned(self, inputs: torch.Tensor, training: bool) -> torch.Tensor:
        """Apply a dropout that is the same for all gates."""
        factors = self._input_factors(inputs, training)
        return inputs if factors is None else inputs * factors

    def _input_bias(self) -> torch.Tensor | None:
        return self.bias

    def advance(self, projected: torch.Tensor, states: Any, training: bool) -> tuple[Any, list]:
        """Return the output and the new states."""
        raise TypeError(f"{type(self).__name__} must define advance()")

    def _step(self, inputs: torch.Tensor, states: Any, training: bool) -> tuple[Any, Any]:
        nested = isinstance(states, (list, tuple))
        projected = self.project(inputs, training)
        output, new = self.advance(projected, states if nested else [states], training)
        return output, new if nested else new[0]


def through(
    kernel: torch.Tensor,
    state: torch.Tensor,
    factors: torch.Tensor | None,
    base: torch.Tensor | None,
) -> torch.Tensor:
    """Return `base + state @ kernel`, each gate's columns from the state thinned for it."""
    if factors is None:
        return state @ kernel if base is None else torch.addmm(base, state, kernel)
    gates = factors.shape[0]
    if gates == 1:
        return through(kernel, state * factors[0], None, base)
    parts = kernel.t().unflatten(0, (gates, -1)).transpose(1, 2)
    columns = torch.bmm(state * factors, parts).transpose(0, 1).flatten(1)
    return columns if base is None else base + columns


def _identity(x: torch.Tensor) -> torch.Tensor:
    return x
