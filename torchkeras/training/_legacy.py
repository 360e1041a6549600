"""Arguments of `fit`, `compile` and their kin in Keras 1 and 2."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

from torchkeras._base import legacy

LOADING = ("max_queue_size", "workers", "use_multiprocessing")
# Keras 1's name -> Keras 2's.
RENAMED = {
    "nb_epoch": "epochs",
    "nb_worker": "workers",
    "max_q_size": "max_queue_size",
    "pickle_safe": "use_multiprocessing",
}


def hand_over(data: Any, loading: dict[str, Any]) -> None:
    """Set on a PyDataset how it is read; other data are read in one way only."""
    if loading and hasattr(data, "__getitem__") and hasattr(data, "max_queue_size"):
        for name, value in loading.items():
            setattr(data, name, value)


def old_call(*dropped: str, **renamed: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a method take arguments of older versions.

    Args:
        *dropped: Those that may be left out.
        **renamed: Old name = name of today.
    """
    known = frozenset((*dropped, *renamed))

    def wrap(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
            if kwargs and not known.isdisjoint(kwargs):
                kwargs = translated(self, args, kwargs)
            return method(self, *args, **kwargs)

        def translated(self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
            old = [k for k in kwargs if k in known]
            new = {renamed.get(k, k): v for k, v in kwargs.items()}
            loading = {k: new.pop(k) for k in LOADING if k in new}
            new = {k: v for k, v in new.items() if k not in dropped}
            shown = [f"{renamed[k]}={kwargs[k]!r}" for k in old if renamed.get(k) in new]
            what = f"{type(self).__name__}.{method.__name__}({', '.join(old)})"
            advice = f"Write {', '.join(shown)}." if shown else "Leave it out."
            if loading:
                advice += " Give how data are read to the PyDataset."
            if not legacy.allow(what, advice, TypeError):
                return kwargs
            hand_over(kwargs.get("x", args[0] if args else None), loading)
            return new

        return wrapped

    return wrap


def metrics_by_position(loss_weights: Any, metrics: Any) -> tuple[Any, Any]:
    """Return `(loss_weights, metrics)` of a call `compile(optimizer, loss, metrics)` of Keras 2."""
    weights = isinstance(loss_weights, (dict, str)) or not isinstance(loss_weights, Iterable)
    if metrics is None and not weights:
        given = list(loss_weights)
        if given and all(isinstance(m, str) or callable(m) for m in given):
            text = f"Write metrics={loss_weights!r}."
            if legacy.allow("compile(optimizer, loss, metrics)", text):
                return None, loss_weights
    return loss_weights, metrics
