"""What SimpleRNN, LSTM and GRU share: a built-in cell, run by a fused kernel if it can be."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.layers.recurrent import fused
from torchkeras.layers.recurrent.rnn import RNN


def of_cell(name: str) -> property:
    """Make the property that reads an attribute of the layer's cell."""
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")


class CellLayer(RNN):
    """A layer of one built-in cell."""

    writes_absent_regularizer = True
    config_skip = frozenset({"cell"})
    config_quiet = frozenset({"use_cudnn"})

    units = of_cell("units")
    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")
    implementation = of_cell("implementation")
    seed = of_cell("seed")

    def __init__(self, cell: Any, *, use_cudnn: Any = "auto", **kwargs: Any) -> None:
        owner = type(self).__name__
        check.one_of(owner, "use_cudnn", use_cudnn, ("auto", True, False))
        reason = self._obstacle(cell)
        if use_cudnn is True and (reason or cell.recurrent_dropout):
            raise ValueError(
                f"{owner}: use_cudnn=True needs the fused kernel, which does not know "
                f"{reason or 'recurrent_dropout'}. Received: use_cudnn=True."
            )
        super().__init__(cell, **kwargs)
        self.use_cudnn = use_cudnn
        self._fusable = reason is None and use_cudnn is not False
        self._kernel: fused.Kernel = self._choose(cell)
        self.__dict__["_zeros"] = None

    def _obstacle(self, cell: Any) -> str | None:
        """Name the option of the cell that the fused kernel does not know, or None."""
        return None if cell.activation_is("tanh") else f"activation={cell.activation!r}"

    def _choose(self, cell: Any) -> fused.Kernel:
        raise TypeError(f"{type(self).__name__} must choose a kernel")

    def _weights(self) -> fused.Weights:
        """Return the weights as the kernel wants them."""
        cell = self.cell
        kernel, recurrent, bias = cell.kernel.t(), cell.recurrent_kernel.t(), cell.bias
        if bias is None:
            return kernel, recurrent
        zeros = self._zeros  # torch adds a second bias
        if zeros is None or zeros.dtype is not bias.dtype or zeros.device != bias.device:
            with torch.inference_mode(False):  # a later training step uses it too
                zeros = torch.zeros(bias.shape, dtype=bias.dtype, device=bias.device)
            if not torch.compiler.is_compiling():  # a traced tensor is no constant
                self.__dict__["_zeros"] = zeros
        return kernel, recurrent, bias, zeros

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return zeros, one tensor for each state."""
        cell = self.cell
        if not cell.built:
            return super().get_initial_state(batch_size)
        zeros = cell.kernel.new_zeros((batch_size, cell.units))
        return [zeros] * len(self.state_size)

    def _compute(
        self, sequences: torch.Tensor, states: Any, mask: torch.Tensor | None, training: bool
    ) -> tuple[Any, Any]:
        cell = self.cell
        if not self._fusable or (training and cell.recurrent_dropout):
            return super()._compute(sequences, states, mask, training)
        if training and cell.dropout:
            sequences = cell.thin_inputs(sequences, training)
            cell.reset_dropout_mask()
        weights = self._weights()
        if sequences.dtype is not weights[0].dtype:
            sequences = sequences.to(weights[0].dtype)
        if self.go_backwards:
            sequences = sequences.flip(1)
            mask = None if mask is None else mask.flip(1)
        if mask is not None:
            return fused.masked(
                self._kernel,
                sequences,
                weights,
                states,
                mask,
                sequences=self.return_sequences,
                zero_output=self.zero_output_for_mask,
                exact_states=self.return_state or self.stateful,
            )
        out, states = self._kernel(sequences, weights, states)
        return out if self.return_sequences else states[0], states

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "CellLayer":
        """Make the layer of a config."""
        return cls(**config)
