"""Logs that are computed when somebody reads them."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from torchkeras.callbacks.old_keys import OldKeys


def to_number(value: Any) -> Any:
    """Return a metric's result as a Python number (an array stays one)."""
    if isinstance(value, torch.Tensor):
        value = value.detach()
        return value.item() if value.ndim == 0 else value.cpu().numpy()
    if isinstance(value, dict):
        return {k: to_number(v) for k, v in value.items()}
    return float(value) if hasattr(value, "__float__") else value


def to_numbers(results: dict[str, Any]) -> dict[str, Any]:
    """Return results by sorted names, as numbers: what Keras hands to callbacks."""
    flat: dict[str, Any] = {}
    for key, value in sorted(results.items()):
        if isinstance(value, dict):
            flat.update({k: to_number(v) for k, v in sorted(value.items())})
        else:
            flat[key] = to_number(value)
    return flat


# An entry before the first reading: code in C, as json's, may pass by a dict that looks empty.
_UNREAD = {"": None}


class LazyLogs(OldKeys):
    """A dict of metric values that asks for them when it is first read.

    Running averages move on: the loop calls `read` before the next step if anybody keeps them.
    """

    __slots__ = ("_compute",)

    def __init__(self, compute: Callable[[], dict[str, Any]]) -> None:
        super().__init__(_UNREAD)
        self._compute: Callable[[], dict[str, Any]] | None = compute

    def read(self) -> "LazyLogs":
        """Compute the values, if that was not done yet."""
        if self._compute is not None:
            compute, self._compute = self._compute, None
            dict.clear(self)
            dict.update(self, to_numbers(compute()))
        return self

    def __getitem__(self, key: str) -> Any:
        return dict.__getitem__(self.read(), key)

    def __setitem__(self, key: str, value: Any) -> None:
        dict.__setitem__(self.read(), key, value)

    def __delitem__(self, key: str) -> None:
        dict.__delitem__(self.read(), key)

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self.read(), key)

    def __iter__(self) -> Iterator[str]:
        return dict.__iter__(self.read())

    def __len__(self) -> int:
        return dict.__len__(self.read())

    def __reversed__(self) -> Iterator[str]:
        return dict.__reversed__(self.read())

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def __ior__(self, other: Any) -> "LazyLogs":  # type: ignore[misc]
        self.update(other)
        return self

    def __bool__(self) -> bool:
        return len(self) > 0

    def __eq__(self, other: object) -> bool:
        return dict(self.items()) == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return dict.__repr__(self.read())

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self.items()),)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        return OldKeys.get(self.read(), key, default)

    def keys(self) -> Any:
        """Return the names."""
        return dict.keys(self.read())

    def values(self) -> Any:
        """Return the values."""
        return dict.values(self.read())

    def items(self) -> Any:
        """Return pairs of name and value."""
        return dict.items(self.read())

    def copy(self) -> dict[str, Any]:
        """Return a plain dict of the values."""
        return dict(self.items())

    def pop(self, *args: Any) -> Any:
        """Take a value out."""
        return dict.pop(self.read(), *args)

    def popitem(self) -> tuple[str, Any]:
        """Take the last value out."""
        return dict.popitem(self.read())

    def clear(self) -> None:
        """Take all values out."""
        dict.clear(self.read())

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a value, set to the default if absent."""
        return dict.setdefault(self.read(), key, default)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several values."""
        dict.update(self.read(), *args, **kwargs)
