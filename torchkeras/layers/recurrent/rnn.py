"""RNN: a layer out of any cell, by a loop over the steps."""

from typing import Any

import numpy as np
import torch

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.registry import LAYERS
from torchkeras.core.variable import Variable
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer
from torchkeras.layers.recurrent import _scan, _step
from torchkeras.layers.recurrent.cells import WHOLE_STEPS
from torchkeras.layers.recurrent.stacked import StackedRNNCells, output_size

_state = scope.state


@LAYERS.register()
class RNN(Layer):
    """Runs a cell over the steps of a sequence: `output, state = cell(step, state)`.

    A cell is an object with `call(inputs, states)`, `state_size`, and, if it wants, `output_size`
    and `get_initial_state(batch_size)`. A masked step leaves the state as it is.

    Args:
        cell: Cell, or a list of cells that are stacked.
        return_sequences: Whether all outputs are returned, not only the last.
        return_state: Whether the last states are returned as well.
        go_backwards: Whether the sequence is read, and the outputs returned, from its end.
        stateful: Whether a batch starts with the states that the one before ended with.
        unroll: Accepted as Keras does; the loop is the same.
        zero_output_for_mask: Whether a masked step's output is zero, not that of the step before.

    Shapes: `(batch, steps, ...) -> (batch, units)`, or `(batch, steps, units)` for sequences.

    Raises:
        ValueError: if the cell lacks `call` or `state_size`, or states or a mask do not fit.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.RNN(keras.layers.LSTMCell(4), return_state=True)
    >>> [t.shape for t in layer(torch.ones(2, 5, 3))]
    [torch.Size([2, 4]), torch.Size([2, 4]), torch.Size([2, 4])]
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if not isinstance(cell, (list, tuple)):
            for name in ("call", "state_size"):
                if not hasattr(cell, name):
                    raise ValueError(f"RNN: cell must have {name!r}. {received('cell', cell)}")
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        self.cell = cell
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self.supports_masking = True
        self.input_spec = InputSpec(ndim=3) if type(self) is not RNN else None
        # A built-in cell's step comes in two parts: one is done for all steps at once.
        self._splits = getattr(type(cell), "call", None) in WHOLE_STEPS
        self.__dict__["_states"] = None  # no attribute: Keras saves no states

    # ------------------------------------------------------------------ shapes

    @property
    def state_size(self) -> list[Any]:
        """Sizes of the states."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the output, and those of the states if they are returned."""
        batch, steps = sequences_shape[0], sequences_shape[1]
        size = output_size(self.cell)
        size = tuple(size) if isinstance(size, (list, tuple)) else (size,)
        shape = (batch, steps, *size) if self.return_sequences else (batch, *size)
        if not self.return_state:
            return shape
        return (shape, *nest.map_structure(lambda n: (batch, n), self.state_size))

    def compute_mask(self, sequences: Any, mask: Any = None) -> Any:
        """Return the mask of the output sequence; states and a last output have none."""
        mask = nest.flatten(mask)[0] if nest.is_nested(mask) else mask
        mask = mask if self.return_sequences else None
        return [mask, *(None for _ in self.state_size)] if self.return_state else mask

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell, and the variables of a stateful layer."""
        if self.stateful and sequences_shape[0] is None:
            raise ValueError(
                f"{type(self).__name__}: with stateful=True the batch size must be known; give "
                f"Input(batch_shape=...). Received: sequences_shape={sequences_shape}."
            )
        _step.build_cell(self.cell, (sequences_shape[0], *sequences_shape[2:]))
        if self.stateful:
            self._create_states(sequences_shape[0])

    # ------------------------------------------------------------------ states

    def _create_states(self, batch: int) -> None:
        first = self.get_initial_state(batch)
        self.__dict__["_states"] = nest.map_structure(
            lambda t: Variable(
                t, dtype=self.variable_dtype, trainable=False, autocast=False, name="rnn_state"
            ),
            first,
        )

    @property
    def states(self) -> Any:
        """Variables of a stateful layer's states; else None."""
        return self.__dict__["_states"]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return the states that a sequence starts with."""
        state = _step.initial_state(self.cell, batch_size, self.compute_dtype)
        return list(state) if isinstance(state, (list, tuple)) else [state]

    def reset_state(self) -> None:
        """Set the states of a stateful layer to zero."""
        for v in nest.flatten(self.states) if self.states is not None else ():
            v.assign(torch.zeros_like(v))

    def reset_states(self, states: Any = None) -> None:
        """Set the states of a stateful layer to zero, or, as in Keras 2, to given ones."""
        if states is None:
            self.reset_state()
            return
        if self.states is None:
            raise AttributeError(f"{type(self).__name__}: only a stateful layer has states to set.")
        own = nest.flatten(self.states)
        given = nest.flatten(states)
        if [tuple(v.shape) for v in own] != [tuple(np.shape(s)) for s in given]:
            raise ValueError(
                f"{type(self).__name__}: states must have the shapes "
                f"{[tuple(v.shape) for v in own]}. "
                f"Received: {[tuple(np.shape(s)) for s in given]}."
            )
        for v, s in zip(own, given, strict=True):
            v.assign(s)

    def _apply(self, fn: Any, recurse: bool = True) -> "RNN":
        super()._apply(fn, recurse)
        for v in nest.flatten(self.states) if self.states is not None else ():
            v.data = fn(v.data)  # they are in no table of the module, but go where it goes
        return self

    def _first_states(self, sequences: torch.Tensor, given: Any) -> Any:
        if given is not None:
            states = list(given) if isinstance(given, (list, tuple)) else [given]
            if len(states) != len(self.state_size):
                raise ValueError(
                    f"{type(self).__name__}: initial_state must hold {len(self.state_size)} "
                    f"states. Received: {len(states)}."
                )
            return states
        if not self.stateful:
            return self.get_initial_state(sequences.shape[0])
        states = self.states
        batch = nest.flatten(states)[0].shape[0]
        if batch != sequences.shape[0] and _state.probe_size is None:
            raise ValueError(
                f"{type(self).__name__}: a stateful layer must get the batch size that it was "
                f"built for, {batch}. Received: sequences of shape {tuple(sequences.shape)}."
            )
        # Copies: the variables change before the gradients are computed.
        dtype = sequences.dtype
        return nest.map_structure(lambda v: v.detach().to(dtype, copy=True), states)

    def _keep(self, states: Any) -> None:
        """Let the next batch start with these states."""
        nest.map_structure(lambda v, s: v.assign(s.detach()), self.states, list(states))

    # ------------------------------------------------------------------ the call

    def call(
        self,
        sequences: torch.Tensor,
        initial_state: Any = None,
        mask: torch.Tensor | None = None,
        training: bool = False,
    ) -> Any:
        """Return the output, and the last states after it if `return_state`."""
        if _state.probe_size is not None and sequences.is_meta:
            return self._shapes_only(sequences)
        mask = self._checked_mask(sequences, mask)
        states = self._first_states(sequences, initial_state)
        output, states = self._compute(sequences, states, mask, training)
        if self.stateful:
            self._keep(states)
        return (output, *states) if self.return_state else output

    def _checked_mask(self, sequences: torch.Tensor, mask: Any) -> torch.Tensor | None:
        if nest.is_nested(mask):
            mask = mask[0]
        if mask is None:
            return None
        if tuple(mask.shape[:2]) != tuple(sequences.shape[:2]):
            raise ValueError(
                f"{type(self).__name__}: mask must have shape {tuple(sequences.shape[:2])}. "
                f"Received: a mask of shape {tuple(mask.shape)}."
            )
        mask = mask if mask.dtype is torch.bool else mask.bool()
        return mask[..., 0] if mask.ndim == 3 else mask

    def _shapes_only(self, sequences: torch.Tensor) -> Any:
        """Answer the search for shapes without thousands of steps."""
        shapes = self.compute_output_shape(tuple(sequences.shape))
        dtype = self._policy.torch_compute_dtype
        if not self.return_state:
            return sequences.new_empty(shapes, dtype=dtype)
        first, batch = shapes[0], sequences.shape[0]
        states = nest.map_structure(
            lambda n: sequences.new_empty((batch, n), dtype=dtype), self.state_size
        )
        return (sequences.new_empty(first, dtype=dtype), *states)

    def _compute(
        self, sequences: torch.Tensor, states: Any, mask: torch.Tensor | None, training: bool
    ) -> tuple[Any, Any]:
        """Run the loop; returns the sequence of outputs or the last, and the last states."""
        try:
            if self._splits:
                projected = self.cell.project(sequences, training)
                if torch.compiler.is_exporting() and not training:
                    return self._scan(projected, states, mask)
                steps, run = projected.unbind(1), self.cell.advance
            else:
                steps = sequences.unbind(1)

                def run(step: Any, states: Any, training: bool) -> Any:
                    output, new = _step.call_cell(self.cell, step, states, training, {})
                    return output, list(new) if isinstance(new, (list, tuple)) else [new]

            return self._loop(run, steps, states, mask, training)
        finally:
            if training:
                _step.reset_dropout(self.cell)

    def _loop(
        self, run: Any, steps: Any, states: Any, mask: torch.Tensor | None, training: bool
    ) -> tuple[Any, Any]:
        masks = [None] * len(steps) if mask is None else mask.unbind(1)
        if self.go_backwards:
            steps, masks = steps[::-1], masks[::-1]
        outputs: list[Any] = []
        output = zero = None
        for step, keep in zip(steps, masks, strict=True):
            new_output, new = run(step, states, training)
            if keep is None:
                output, states = new_output, new
            else:
                if zero is None:
                    output = zero = nest.map_structure(torch.zeros_like, new_output)
                before = zero if self.zero_output_for_mask else output
                output = _where(keep, new_output, before)
                states = _where(keep, new, states)
            if self.return_sequences:
                outputs.append(output)
        if not self.return_sequences:
            return output, states
        return nest.map_structure(lambda *o: torch.stack(o, 1), *outputs), states

    def _scan(self, projected: torch.Tensor, states: Any, mask: Any) -> tuple[Any, Any]:
        """Run the loop as torch.export can record it without a fixed number of steps."""
        if self.go_backwards:
            projected = projected.flip(1)
            mask = None if mask is None else mask.flip(1)
        zero = self.zero_output_for_mask
        outputs, last, new = _scan.run(self.cell.advance, projected, states, mask, zero)
        return outputs if self.return_sequences else last, new

    # ------------------------------------------------------------------ configuration

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "RNN":
        """Make the layer of a config."""
        config = dict(config)
        if isinstance(config.get("cell"), dict):
            config["cell"] = LAYERS.deserialize(config["cell"], custom_objects)
        return super().from_config(config)


def _where(keep: torch.Tensor, new: Any, old: Any) -> Any:
    """Take `new` in the samples to keep, `old` in the others."""

    def choose(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.where(keep.reshape(-1, *(1,) * (a.ndim - 1)), a, b)

    if type(new) is not type(old) and nest.is_nested(new):
        new, old = list(new), list(old)
    return nest.map_structure(choose, new, old)
