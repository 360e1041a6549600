"""SimpleRNN: the fully connected recurrent layer."""

from typing import Any

from torchkeras.core.registry import LAYERS
from torchkeras.layers.recurrent import fused
from torchkeras.layers.recurrent._layer import FusedLayer, called
from torchkeras.layers.recurrent.cells import SimpleRNNCell


@LAYERS.register()
class SimpleRNN(FusedLayer):
    """Recurrent layer: `h' = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    With tanh or relu it runs on torch's fused kernel.

    Args:
        units: Size of state and output.
        activation: Default tanh.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: Initializers.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the weights.
        activity_regularizer: Penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: Constraints of the weights.
        dropout: Share of the inputs that is dropped while training, the same at all steps.
        recurrent_dropout: Share of the state that is dropped, likewise; needs a loop.
        seed: Seed of the dropout.
        return_sequences: Whether all outputs are returned, not only the last.
        return_state: Whether the last state is returned as well.
        go_backwards: Whether the sequence is read, and the outputs returned, from its end.
        stateful: Whether a batch starts with the state that the one before ended with.
        unroll: Accepted as Keras does.

    Shapes: `(batch, steps, features) -> (batch, units)`, or `(batch, steps, units)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.SimpleRNN(4, return_sequences=True)(torch.ones(2, 5, 3)).shape
    torch.Size([2, 5, 4])
    """

    # Keras's own configs lose the seed.
    config_quiet = frozenset({"seed"})

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        if "use_cudnn" in kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to SimpleRNN: {kwargs}")
        cell = SimpleRNNCell(
            units,
            activation=activation,
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
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="simple_rnn_cell",
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )

    def _obstacle(self, cell: Any) -> str | None:
        if cell.activation_is("tanh") or cell.activation_is("relu"):
            return None
        return called("activation", cell.activation)

    def _choose(self, cell: Any) -> fused.Kernel:
        return fused.RNN_RELU if cell.activation_is("relu") else fused.RNN_TANH
