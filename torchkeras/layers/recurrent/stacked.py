"""StackedRNNCells: several cells as one."""

from typing import Any

from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer
from torchkeras.layers.recurrent._step import call_cell, initial_state


@LAYERS.register()
class StackedRNNCells(Layer):
    """Cells that are run one on the output of the other, in every step.

    Args:
        cells: List of cells.

    Raises:
        ValueError: if an entry has no `call` method or no `state_size`.

    >>> import torch, torchkeras as keras
    >>> cell = keras.layers.StackedRNNCells([keras.layers.LSTMCell(4), keras.layers.GRUCell(2)])
    >>> keras.layers.RNN(cell)(torch.ones(3, 5, 6)).shape
    torch.Size([3, 2])
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        cells = list(cells)
        for cell in cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise ValueError(
                    "StackedRNNCells: all cells must have a call method and a state_size. "
                    f"{received('cells', cells)}"
                )
        super().__init__(**kwargs)
        self.cells = cells

    @property
    def state_size(self) -> list[Any]:
        """Sizes of the cells' states."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """Size of the last cell's output."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return the initial states of all cells."""
        found = [initial_state(cell, batch_size, self.compute_dtype) for cell in self.cells]
        return [list(s) if isinstance(s, tuple) else s for s in found]

    def build(self, input_shape: Any) -> None:
        """Build each cell for the output of the one before."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            size = output_size(cell)
            input_shape = (input_shape[0], *(size if nest.is_nested(size) else (size,)))

    def call(
        self, inputs: Any, states: Any, training: bool = False, **kwargs: Any
    ) -> tuple[Any, list[Any]]:
        """Run the cells; returns the last output and the states of all."""
        new = []
        for cell, state in zip(self.cells, states, strict=True):
            bare = not isinstance(state, (list, tuple))
            inputs, state = call_cell(
                cell, inputs, [state] if bare else list(state), training, kwargs
            )
            state = list(state) if isinstance(state, (list, tuple)) else [state]
            new.append(state[0] if bare else state)  # as it was given
        return inputs, new

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "StackedRNNCells":
        """Make the cells of a config."""
        config = dict(config)
        cells = [LAYERS.deserialize(c, custom_objects) for c in config.pop("cells")]
        return super().from_config({**config, "cells": cells})


def output_size(cell: Any) -> Any:
    """Return a cell's size of output: that of its first state if it tells none."""
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    state = cell.state_size
    return state[0] if isinstance(state, (list, tuple)) else state
