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
    caller: Any = None  # (names, object) of the last name scope that was opened for an object
    safe_mode: bool = True  # whether deserialisation may meet bytecode
    custom_objects: dict[str, Any] = {}  # replaced, never changed in place  # noqa: RUF012
    depth: int = 0  # of layer calls, so that the outermost one knows that it is
    call_id: int = 0  # number of the running outermost call: losses of older calls are stale
    loss_call: int = -1  # the last outermost call in which a layer added a loss
    sharing: Any = None  # tells objects apart that a file names in several places
    allocation: Any = None  # counts the variables of a model that is being loaded
    stateless: Any = None  # the StatelessScope around us: variables have their values there
    remat: tuple[Any, ...] = ()  # the RematScopes around us, innermost last
    draws: Any = None  # tape of the seeds drawn, for a second run that draws the same
    device: str | None = None  # of new tensors, within `keras.device`
    symbolic: bool = False  # within a SymbolicScope
    probe_size: int | None = (
        None  # size that stands for unknown dimensions while shapes are inferred
    )

    def __init__(self) -> None:
        # What a layer's call writes is there from the start: a compiled call guards on that.
        self.training = self.autocast = None
        self.names = ()
        self.depth = self.call_id = 0
        self.loss_call = -1


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


class name_scope:
    """Put `name/` before the paths of the variables created in the block.

    Args:
        name: One part of a path.
        caller: Object that opens the scope.
        deduplicate: Whether an object that is in a scope of this name already stays in that one.
        override_parent: Path to begin from, in place of the scopes around.

    Raises:
        ValueError: if the name is no string, or has a "/" in it.

    >>> import torchkeras as keras
    >>> with keras.name_scope("block"):
    ...     keras.Variable(0.0, name="scale").path
    'block/scale'
    """

    def __init__(
        self,
        name: str,
        caller: Any = None,
        deduplicate: bool = True,
        override_parent: str | None = None,
    ) -> None:
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                f"name_scope: name must be a string without '/'. Received: name={name!r}."
            )
        self.name = name
        self.caller = caller
        self.deduplicate = deduplicate
        self.override_parent = override_parent
        self._before: list[Any] = []

    def __enter__(self) -> "name_scope":
        names, caller = state.names, state.caller
        self._before.append((names, caller))
        inside = caller is not None and caller[0] == names and caller[1] is self.caller
        if not (self.deduplicate and inside and names[-1:] == (self.name,)):
            if self.override_parent is not None:
                names = tuple(filter(None, self.override_parent.split("/")))
            names = (*names, self.name)
        state.names = names
        state.caller = None if self.caller is None else (names, self.caller)
        return self

    def __exit__(self, *exc: object) -> None:
        state.names, state.caller = self._before.pop()


def enable_unsafe_deserialization() -> None:
    """Make `safe_mode=False` the default of all threads from now on; only a program can call this.

    Unlike in Keras it allows nothing more: what a file holds is never run as code.
    """
    _State.safe_mode = False
    state.safe_mode = False


def current_path() -> str:
    """Return the joined name scopes, for example `"sequential/dense"`."""
    return "/".join(state.names)
