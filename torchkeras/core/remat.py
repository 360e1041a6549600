"""Rematerialisation: forget activations, and compute them once more in the backward pass."""

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from torchkeras._base import scope
from torchkeras._base.check import one_of
from torchkeras.core import nest
from torchkeras.core.stateless import StatelessScope
from torchkeras.core.symbolic import any_symbolic

_MODES = ("full", "activations", "larger_than", "list_of_layers", None)


class RematScope:
    """Let layers that are created in a `with` block trade memory for a second computation.

    Their activations are not kept for the backward pass but computed again there
    (`torch.utils.checkpoint`), with the same random numbers and without a second state update.

    Args:
        mode: `"full"`: all layers; `"activations"`: those with an activation function;
            `"larger_than"`: those whose output has more than `output_size_threshold` entries;
            `"list_of_layers"`: those named in `layer_names`; None: none.
        output_size_threshold: See `mode`.
        layer_names: See `mode`.

    Raises:
        ValueError: for an unknown mode.

    >>> import torch, torchkeras as keras
    >>> with keras.RematScope(mode="full"):
    ...     layer = keras.layers.Dense(2)
    >>> layer(torch.ones(1, 3)).shape
    torch.Size([1, 2])
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: list[str] | None = None,
    ) -> None:
        self.mode = one_of("RematScope", "mode", mode, _MODES)
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or ())

    def __enter__(self) -> "RematScope":
        scope.state.remat = (*scope.state.remat, self)
        return self

    def __exit__(self, *exc: object) -> None:
        scope.state.remat = scope.state.remat[:-1]

    def applies(self, layer: Any, args: Any, kwargs: Any) -> bool:
        """Tell whether a call of a layer that was created in this scope is computed twice."""
        if self.mode == "larger_than":
            spec = layer.compute_output_spec(*args, **kwargs)
            sizes = [math.prod(t.shape) for t in nest.flatten(spec) if hasattr(t, "shape")]
            return sum(sizes) > self.output_size_threshold
        if self.mode == "list_of_layers":
            return layer.name in self.layer_names
        if self.mode == "activations":
            return getattr(layer, "activation", None) is not None
        return self.mode == "full"


def current() -> RematScope | None:
    """Return the innermost RematScope, if it asks for anything."""
    scopes = scope.state.remat
    return scopes[-1] if scopes and scopes[-1].mode is not None else None


class _Tape:
    """The seeds that a first run drew; played back, they come again."""

    def __init__(self) -> None:
        self.seeds: list[tuple[int, int]] = []
        self.place: int | None = None

    def next(self) -> tuple[int, int] | None:
        """Return the next seed of a second run, or None in the first."""
        if self.place is None:
            return None
        self.place += 1
        return self.seeds[self.place - 1]


def rematerialised(fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return `fn(*args, **kwargs)`, whose inner values the backward pass computes again."""
    if not torch.is_grad_enabled() or scope.state.probe_size is not None:
        return fn(*args, **kwargs)
    if torch.compiler.is_compiling():
        return checkpoint(fn, *args, use_reentrant=False, **kwargs)
    tape = _Tape()
    state = scope.state
    then = {n: getattr(state, n) for n in ("training", "autocast", "names", "depth")}

    first = [True]

    def twice(*args: Any, **kwargs: Any) -> Any:
        if first:
            first.clear()
            with scope.scoped(draws=tape):
                return fn(*args, **kwargs)
        tape.place = 0
        with scope.scoped(draws=tape, **then), StatelessScope(collect_losses=True):
            return fn(*args, **kwargs)

    return checkpoint(twice, *args, use_reentrant=False, **kwargs)


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes `f`, and once more in the backward pass, to save memory.

    Args:
        f: Function or layer.

    >>> import torch, torchkeras as keras
    >>> x = torch.ones(2, requires_grad=True)
    >>> keras.remat(torch.sin)(x).sum().backward()
    >>> x.grad
    tensor([0.5403, 0.5403])
    """

    @functools.wraps(f, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args) or any_symbolic(kwargs):
            return f(*args, **kwargs)
        return rematerialised(f, args, kwargs)

    return wrapped
