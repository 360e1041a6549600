"""What SimpleRNN, LSTM and GRU share: a built-in cell, run by a fused kernel if it can be."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras._base import check
from torchkeras.layers.recurrent import fused
from torchkeras.layers.recurrent.rnn import RNN


def of_cell(name: str) -> property:
    """Make the property that reads an attribute of the layer's cell."""
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")


def called(option: str, function: Any) -> str:
    """Name an option with a function for a message."""
    return f"{option}={getattr(function, '__name__', function)!r}"


class CellLayer(RNN):
    """A layer of one built-in cell, whose arguments are the cell's and RNN's."""

    writes_absent_regularizer = True
    config_skip = frozenset({"cell"})

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
    seed = of_cell("seed")

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "CellLayer":
        """Make the layer of a config."""
        return super().from_config(config)


class FusedLayer(CellLayer):
    """A layer that runs on one of torch's fused kernels if its arguments permit."""

    config_quiet = frozenset({"use_cudnn"})

    units = of_cell("units")
    implementation = of_cell("implementation")

    def __init__(self, cell: Any, *, use_cudnn: Any = "auto", **kwargs: Any) -> None:
        owner = type(self).__name__
        check.one_of(owner, "use_cudnn", use_cudnn, ("auto", True, False))
        reason = self._obstacle(cell)
        if use_cudnn is True and (reason or cell.thins_in_a_loop):
            raise ValueError(
                f"{owner}: use_cudnn=True needs the fused kernel, which does not know "
                f"{reason or cell.thins_in_a_loop}. Received: use_cudnn=True."
            )
        super().__init__(cell, **kwargs)
        self.use_cudnn = use_cudnn
        self._fusable = reason is None and use_cudnn is not False
        self._kernel = self._choose(cell)
        self.__dict__["_constant"] = None

    def _obstacle(self, cell: Any) -> str | None:
        """Name the option of the cell that the fused kernel does not know, or None."""
        return None if cell.activation_is("tanh") else called("activation", cell.activation)

    def _choose(self, cell: Any) -> fused.Kernel:
        raise TypeError(f"{type(self).__name__} must choose a kernel")

    def fused_weights(self) -> fused.Weights:
        """Return the weights as the kernel wants them."""
        cell = self.cell
        kernel, recurrent, bias = cell.kernel.t(), cell.recurrent_kernel.t(), cell.bias
        if bias is None:
            return kernel, recurrent
        return kernel, recurrent, bias, self.constant(bias, torch.zeros_like)  # torch adds two

    def constant(
        self, like: torch.Tensor, make: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Return what `make` gives for a weight, once for its dtype and device."""
        known = self._constant
        if known is None or known[0] is not like.dtype or known[1] != like.device:
            with torch.inference_mode(False):  # a later training step uses it too
                known = (like.dtype, like.device, make(like.detach()))
            if not torch.compiler.is_compiling():  # a traced tensor is no constant
                self.__dict__["_constant"] = known
        return known[2]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return zeros, one tensor for each state."""
        cell = self.cell
        if not cell.built:
            return super().get_initial_state(batch_size)
        zeros = cell.kernel.new_zeros((batch_size, cell.units))
        return [zeros] * len(self.state_size)

    def fuses(self, training: bool) -> bool:
        """Tell whether a call in this mode runs on the fused kernel."""
        if torch.compiler.is_compiling():
            # A program would be for one number of steps only; and torch cannot compile the
            # gradients of its LSTM on the CPU.
            trains = torch.is_grad_enabled() and self._kernel is fused.LSTM
            if trains or torch.compiler.is_exporting():
                return False
        return self._fusable and not (training and self.cell.thins_in_a_loop)

    def _compute(
        self, sequences: torch.Tensor, states: Any, mask: torch.Tensor | None, training: bool
    ) -> tuple[Any, Any]:
        if not self.fuses(training):
            return super()._compute(sequences, states, mask, training)
        cell = self.cell
        if training and cell.dropout:
            sequences = cell.thinned(sequences, training)
            cell.reset_dropout_mask()
        if self.go_backwards:
            sequences = sequences.flip(1)
            mask = None if mask is None else mask.flip(1)
        states = [s.unsqueeze(0) for s in states]
        out, states = self.run_fused(sequences, self.fused_weights(), states, mask)
        states = [s.squeeze(0) for s in states]
        return (out if self.return_sequences else out.squeeze(0)), states

    def run_fused(
        self,
        sequences: torch.Tensor,
        weights: fused.Weights,
        states: fused.States,
        mask: torch.Tensor | None,
    ) -> tuple[torch.Tensor, fused.States]:
        """Run the kernel in the directions of the states; see `fused.masked` for the results."""
        if sequences.dtype is not weights[0].dtype:
            sequences = sequences.to(weights[0].dtype)
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
        out, states = fused.run(self._kernel, sequences, weights, states)
        return out if self.return_sequences else states[0], states
