"""Values that hold within a `with` block, one set a thread."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


class _State(threading.local):
    """The scoped values; class attributes are the defaults of every thread."""

    training: bool | None = None  # mode that the nearest running layer passes to its children
    autocast: torch.dtype | None = None  # floats of this scope's weights are read as this type
    names: tuple[str, ...] = ()  # path of the name scopes around us
    safe_mode: bool = True  # whether deserialisation may meet bytecode
    custom_objects: dict[str, Any] = {}  # replaced, never changed in place  # noqa: RUF012
    depth: int = 0  # of layer calls, so that the outermost one knows that it is
    call_id: int = 0  # number of the running outermost call: losses of older calls are stale
    loss_call: int = -1  # the last outermost call in which a layer added a loss
    allocation: Any = None  # counts the variables of a model that is being loaded
    probe_size: int | None = (
        None  # size that stands for unknown dimensions while shapes are inferred
    )


state = _State()

# Gives every outermost call its number; two counters would call old losses new ones.
call_numbers = itertools.count(1)


@contextmanager
def scoped(**values: Any) -> Iterator[None]:
    """Set scoped values by name until the block ends."""
    before = {name: getattr(state, name) for name in values}
    try:
        for name, value in values.items():
            setattr(state, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(state, name, value)


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Put `name/` before the paths of the variables created in the block."""
    with scoped(names=(*state.names, name)):
        yield


def current_path() -> str:
    """Return the joined name scopes, for example `"sequential/dense"`."""
    return "/".join(state.names)
