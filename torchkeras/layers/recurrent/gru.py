"""GRU: the gated recurrent unit."""

from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.recurrent import fused
from torchkeras.layers.recurrent._layer import FusedLayer, called, of_cell
from torchkeras.layers.recurrent.cells import GRUCell


@LAYERS.register()
class GRU(FusedLayer):
    """Gated recurrent unit, on torch's fused kernel with the default activations.

    Gates stand in the order z, r, h; the formula is at `GRUCell`.

    Args:
        units: Size of state and output.
        activation: Of the candidate; default tanh.
        recurrent_activation: Of the gates; default sigmoid.
        use_bias: Whether biases are added.
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
        reset_after: Whether the reset gate is applied after the product with the state; only then
            the fused kernel fits.
        use_cudnn: True insists on the fused kernel, False takes the loop; default "auto".

    Shapes: `(batch, steps, features) -> (batch, units)`, or `(batch, steps, units)`.

    Cho et al., 2014, https://arxiv.org/abs/1406.1078

    >>> import torch, torchkeras as keras
    >>> keras.layers.GRU(4, return_sequences=True)(torch.ones(2, 5, 3)).shape
    torch.Size([2, 5, 4])
    """

    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")

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
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
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
            reset_after=reset_after,
            implementation=kwargs.pop("implementation", 2),
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
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
        if not cell.reset_after:
            return "reset_after=False"
        return super()._obstacle(cell)

    def _choose(self, cell: Any) -> fused.Kernel:
        return fused.GRU

    def fused_weights(self) -> fused.Weights:
        """Return the weights with the gates z, r, h in torch's order r, z, n."""
        cell = self.cell
        kernel, recurrent, bias = cell.kernel, cell.recurrent_kernel, cell.bias
        order = self.constant(kernel, self._torch_order)
        kernel, recurrent = (w.t().index_select(0, order) for w in (kernel, recurrent))
        if bias is None:
            return kernel, recurrent
        return kernel, recurrent, *bias.index_select(1, order).unbind(0)

    def _torch_order(self, like: torch.Tensor) -> torch.Tensor:
        z, r, h = torch.arange(3 * self.units, device=like.device).chunk(3)
        return torch.cat((r, z, h))
