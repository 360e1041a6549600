"""LSTM: long short-term memory."""

from typing import Any

from torchkeras.core.registry import LAYERS
from torchkeras.layers.recurrent import fused
from torchkeras.layers.recurrent._layer import FusedLayer, called, of_cell
from torchkeras.layers.recurrent.cells import LSTMCell


@LAYERS.register()
class LSTM(FusedLayer):
    """Long short-term memory, on torch's fused kernel with the default activations.

    Gates stand in the order i, f, c, o; the formula is at `LSTMCell`.

    Args:
        units: Size of both states and of the output.
        activation: Of candidate and output; default tanh.
        recurrent_activation: Of the gates; default sigmoid.
        use_bias: Whether a bias is added.
        unit_forget_bias: Whether the forget gate's bias starts at one.
        kernel_initializer, recurrent_initializer, bias_initializer: Initializers.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the weights.
        activity_regularizer: Penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: Constraints of the weights.
        dropout: Share of the inputs that is dropped while training, the same at all steps.
        recurrent_dropout: Share of the state that is dropped, likewise; needs a loop.
        seed: Seed of the dropout.
        return_sequences: Whether all outputs are returned, not only the last.
        return_state: Whether the last states are returned as well.
        go_backwards: Whether the sequence is read, and the outputs returned, from its end.
        stateful: Whether a batch starts with the state that the one before ended with.
        unroll: Accepted as Keras does.
        use_cudnn: True insists on the fused kernel, False takes the loop; default "auto".

    Shapes: `(batch, steps, features) -> (batch, units)`, or `(batch, steps, units)`.

    Hochreiter and Schmidhuber, 1997, https://www.bioinf.jku.at/publications/older/2604.pdf

    >>> import torch, torchkeras as keras
    >>> keras.layers.LSTM(4, return_sequences=True)(torch.ones(2, 5, 3)).shape
    torch.Size([2, 5, 4])
    """

    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            implementation=kwargs.pop("implementation", 2),
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="lstm_cell",
        )
        super().__init__(
            cell,
            activity_regularizer=activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            use_cudnn=use_cudnn,
            **kwargs,
        )

    def _obstacle(self, cell: Any) -> str | None:
        if not cell.gate_is("sigmoid"):
            return called("recurrent_activation", cell.recurrent_activation)
        return super()._obstacle(cell)

    def _choose(self, cell: Any) -> fused.Kernel:
        return fused.LSTM
