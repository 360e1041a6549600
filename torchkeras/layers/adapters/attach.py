"""How an adapter takes the place of a layer's `call` or of one of its weights."""

import weakref
from typing import Any

from torchkeras.core.variable import Variable
from torchkeras.layers._call_spec import call_spec


class Instead:
    """Stands in the place of a layer's `call` and runs another method of it.

    It holds the layer weakly, so that a layer is freed by `del`; a copy stands in the copy.
    """

    __slots__ = ("_layer", "_method")

    def __init__(self, layer: Any, method: str) -> None:
        self._layer = weakref.ref(layer)
        self._method = method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._layer(), self._method)(*args, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Instead":
        layer = self._layer()
        return Instead(memo.get(id(layer), layer), self._method)

    def __reduce__(self) -> tuple[Any, ...]:
        return Instead, (self._layer(), self._method)


def replace_call(layer: Any, method: str) -> None:
    """Let a layer run `method` where it would run `call`."""
    fields = layer.__dict__
    fields["call"] = Instead(layer, method)
    fields["_call_spec"] = call_spec(getattr(type(layer), method))
    fields["_fast"] = False


def hide_weight(layer: Any, name: str) -> None:
    """Move a weight to the attribute `_name`; reading `name` then asks the layer's adapter."""
    for table in (layer._parameters, layer._buffers):
        if name in table:
            entries = {f"_{k}" if k == name else k: v for k, v in table.items()}
            table.clear()
            table.update(entries)
    places = layer.__dict__.get("_places", {})
    if name in places:
        places[f"_{name}"] = places.pop(name)
    layer.__dict__.setdefault("_adapted", set()).add(name)
    layer.__dict__["_fast"] = False


def stored_weight(layer: Any, name: str) -> Variable:
    """Return the variable behind a weight, hidden or not."""
    for table in (layer._parameters, layer._buffers):
        for key in (name, f"_{name}"):
            if key in table:
                return table[key]
    raise AttributeError(f"{type(layer).__name__!r} object has no attribute {name!r}")


def drop_weight(layer: Any, name: str) -> None:
    """Take a weight away from a layer."""
    for table in (layer._parameters, layer._buffers):
        for key in (name, f"_{name}"):
            table.pop(key, None)
    for key in (name, f"_{name}"):  # what takes its name is a new variable
        layer.__dict__.get("_places", {}).pop(key, None)
    layer.__dict__.get("_adapted", set()).discard(name)
