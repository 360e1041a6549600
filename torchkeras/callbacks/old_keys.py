"""Logs and parameters that are found under the keys of older versions too."""

from __future__ import annotations

from typing import Any

from .._base import legacy

_SHORT = {"acc": "accuracy", "lr": "learning_rate"}
_LONG = {long: short for short, long in _SHORT.items()}


def other_name(key: Any) -> str | None:
    """The name of a metric in other versions: `"val_acc"` for `"val_accuracy"`, and back.

    >>> other_name("val_acc"), other_name("learning_rate"), other_name("loss")
    ('val_accuracy', 'lr', None)
    """
    if isinstance(key, str):
        for table in (_SHORT, _LONG):
            for name, other in table.items():
                if key == name or key.endswith(f"_{name}"):
                    return key[: -len(name)] + other
    return None


class OldKeys(dict):
    """A dict that also answers to the names that its keys had in older versions.

    Keys, length and what is written of it are those of today.

    >>> OldKeys(accuracy=0.5)["acc"]
    0.5
    """

    __slots__ = ("place",)

    def __missing__(self, key: Any) -> Any:
        other = other_name(key)
        if other is not None and dict.__contains__(self, other):
            if legacy.allow(f"The key {key!r}", f"Read {other!r}.", KeyError):
                return dict.__getitem__(self, other)
        elif key in ("batch", "size") and (place := getattr(self, "place", None)) is not None:
            found = place.read(key)
            if found is not None and legacy.allow(f"The key {key!r} of logs", _BATCH, KeyError):
                return found
        raise KeyError(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or the default."""
        try:
            return self[key]
        except KeyError:
            return default

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


_BATCH = "The hook gets the number of the batch, and self.params the number of steps."


class Place:
    """Which batch of the run logs belong to."""

    def __init__(self, batch: int, params: Any) -> None:
        self.batch = batch
        self.params = params

    def read(self, key: str) -> Any:
        """The batch's number or size, or None if that is not known."""
        if key == "batch":
            return self.batch
        facts = getattr(self.params, "facts", {})
        size, samples = facts.get("batch_size"), facts.get("samples")
        if size is None or samples is None:
            return size
        return min(size, samples - self.batch * size)


_OLD_PARAMS = {"nb_epoch": "epochs", "nb_sample": "samples"}
_NEW_PARAMS = {
    "samples": "Count them in your program.",
    "batch_size": "Take it from your program.",
    "do_validation": "Look for val_ names in the logs of an epoch.",
    "metrics": "Look at self.model.metrics.",
}


class Params(dict):
    """`Callback.params`: what older versions put there as well is found, but not listed."""

    def __init__(self, params: Any = (), facts: dict[str, Any] | None = None) -> None:
        super().__init__(params)
        self.facts = facts or {}

    def __missing__(self, key: Any) -> Any:
        known = _OLD_PARAMS.get(key, key)
        if known in self:
            new, value = f"Read {known!r}.", self[known]
        elif known in self.facts:
            new, value = _NEW_PARAMS[known], self.facts[known]
        else:
            raise KeyError(key)
        if not legacy.allow(f"params[{key!r}]", new, KeyError):
            raise KeyError(key)
        return value() if callable(value) else value

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or the default."""
        try:
            return self[key]
        except KeyError:
            return default

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class ValidationData:
    """`Callback.validation_data` of Keras 1 and 2: inputs, targets and weights in one list."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, callback: Any, owner: type | None = None) -> Any:
        if callback is None:
            return self
        given = getattr(getattr(callback, "model", None), "_validation_given", None)
        old = f"{type(callback).__name__}.{self.name}"
        if given is None and legacy.is_known():
            return None
        if given is None or not legacy.allow(old, _VALIDATION, AttributeError):
            raise AttributeError(f"{type(callback).__name__!r} object has no attribute {old!r}")
        return _as_list(given)


_VALIDATION = "Give the data to your callback's constructor."


def _as_list(given: Any) -> Any:
    if not isinstance(given, (list, tuple)):
        return given  # a generator or dataset
    parts: list[Any] = []
    for part in given[:2]:
        parts += part if isinstance(part, (list, tuple)) else [part]
    weights = given[2] if len(given) > 2 else None
    return [*parts, [1.0] * len(parts[0]) if weights is None else weights]
