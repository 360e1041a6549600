"""How a cell is asked for its first state and for a step, whoever wrote it."""

import inspect
from functools import cache
from typing import Any

import torch

from torchkeras.core import dtypes, nest
from torchkeras.core.tensor import get_device
from torchkeras.layers.layer import Layer


@cache
def _parameters(function: Any) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


def takes(cell: Any, name: str) -> bool:
    """Tell whether a cell's `call` has a parameter of this name."""
    return name in _parameters(getattr(cell.call, "__func__", cell.call))


def call_cell(
    cell: Any, inputs: Any, states: Any, training: bool, kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """Run one step; returns the output and the new states."""
    if takes(cell, "training"):
        kwargs = {**kwargs, "training": training}
    run = cell if callable(cell) else cell.call
    return run(inputs, states, **kwargs)


def initial_state(cell: Any, batch_size: int | None, dtype: str) -> Any:
    """Return a cell's first state: its own, or zeros of its `state_size`."""
    own = getattr(cell, "get_initial_state", None)
    if own is not None:
        return own(batch_size=batch_size)
    return nest.map_structure(
        lambda n: torch.zeros(batch_size, n, dtype=dtypes.torch_dtype(dtype), device=get_device()),
        cell.state_size,
    )


def reset_dropout(cell: Any) -> None:
    """Forget the dropout masks of a cell, and of the cells in it."""
    for one in getattr(cell, "cells", (cell,)):
        for name in ("reset_dropout_mask", "reset_recurrent_dropout_mask"):
            if hasattr(one, name):
                getattr(one, name)()


def build_cell(cell: Any, shape: Any) -> None:
    """Build a cell for the shape of one step."""
    if isinstance(cell, Layer) and not cell.built:
        cell.build(shape)
