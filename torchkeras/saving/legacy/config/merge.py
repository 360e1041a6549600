"""`Merge` of Keras 1: a layer, or the head of a Sequential model that had several branches."""

from typing import Any

from torchkeras.core import legacy_names as names
from torchkeras.saving.legacy.config import model, objects
from torchkeras.saving.legacy.config.common import (
    as_dict,
    as_list,
    below,
    class_name,
    made,
    refuse,
    unsafe,
)
from torchkeras.saving.legacy.config.era import Era


def layer(entry: dict[str, Any], era: Era, at: str) -> dict[str, Any]:
    """Return the layer of today that merges as an old one did."""
    at = below(at, "config")
    inner = as_dict(entry.get("config"), "config of Merge", at)
    mode, kind = inner.get("mode", "sum"), inner.get("mode_type", "raw")
    config = {"name": inner["name"]} if isinstance(inner.get("name"), str) else {}
    dtype = objects.dtype(inner.get("dtype"), below(at, "dtype"))
    if dtype is not None:
        config["dtype"] = dtype
    if kind == "lambda" or isinstance(mode, list):
        raise unsafe("mode is Python bytecode, which is never run.", below(at, "mode"))
    if kind == "function" and isinstance(mode, str):
        return made("keras.layers", "Lambda", {**config, **_function(mode, inner)})
    if not isinstance(mode, str) or mode not in names.MERGES:
        known = ", ".join(repr(m) for m in names.MERGES)
        raise refuse(f"mode must be one of {known}. Received: {mode!r}.", below(at, "mode"))
    class_of, fixed = names.MERGES[mode]
    config.update(fixed)
    if class_of == "Concatenate":
        config["axis"] = inner.get("concat_axis", -1)
    elif class_of == "Dot":
        config["axes"] = _axes(inner.get("dot_axes", -1), below(at, "dot_axes"))
    return made("keras.layers", class_of, config)


def _function(name: str, inner: dict[str, Any]) -> dict[str, Any]:
    found = {"function": made("builtins", "function", name, "function")}  # type: ignore[arg-type]
    if isinstance(inner.get("arguments"), dict):
        found["arguments"] = inner["arguments"]
    return found


def _axes(axes: Any, at: str) -> Any:
    """Return the axes as one number or two; older files hold a list of lists of one."""
    if isinstance(axes, list):
        flat = [a[0] if isinstance(a, list) and len(a) == 1 else a for a in axes]
        if len(flat) != 2 or not all(isinstance(a, int) for a in flat):
            raise refuse(f"dot_axes must be one number or two. Received: {axes!r}.", at)
        return flat
    return axes


# ------------------------------------------------------------------------------- branches


def begins_with_branches(layers: list[dict[str, Any]]) -> bool:
    """Tell whether the first layer of a Sequential model joins others."""
    first = layers[0]
    inner = first.get("config")
    return first["class_name"] == "Merge" and isinstance(inner, dict) and "layers" in inner


def branched(
    layers: list[dict[str, Any]], name: Any, era: Era, at: str, translate: Any
) -> dict[str, Any]:
    """Return the functional model that a Sequential one with branches is.

    The layers of the branches stand in it one by one, as they do in a file of its weights.
    """
    build = _Branches(era, translate)
    end = build.chain(layers, at)
    config: dict[str, Any] = {"layers": list(build.entries.values())}
    if isinstance(name, str):
        config["name"] = name
    config["input_layers"] = [[n, 0, 0] for n in build.sources]
    config["output_layers"] = [end[0], end[1] + build.graphs.get(end[0], 0), end[2]]
    return made("keras.src.models.functional", "Functional", config, "Functional")


class _Branches:
    """The graph that comes out of nested Sequential models."""

    def __init__(self, era: Era, translate: Any) -> None:
        self._era, self._translate = era, translate
        self.entries: dict[str, dict[str, Any]] = {}
        self.sources: list[str] = []
        self.graphs: dict[str, int] = {}  # functional models among the layers

    def chain(self, layers: list[dict[str, Any]], at: str) -> list[Any]:
        """Add layers in a row; return the place of the last output."""
        for i, old in enumerate(layers):
            class_name(as_dict(old, "the config of a layer", below(at, i)), below(at, i))
        if not layers:
            raise refuse("a branch without layers.", at)
        if begins_with_branches(layers):
            inner = layers[0]["config"]
            inside = below(below(below(at, 0), "config"), "layers")
            branches = as_list(inner["layers"], "layers of Merge", inside)
            ends = [self._branch(b, below(inside, i)) for i, b in enumerate(branches)]
            own = {k: v for k, v in inner.items() if k != "layers"}
            new = layer({"class_name": "Merge", "config": own}, self._era, below(at, 0))
            end = self._call(new, [[_tensor(e) for e in ends]])
        else:
            end = self._begin(layers[0], below(at, 0))
        for i, old in enumerate(layers[1:], 1):
            new = self._translate(old, self._era, below(at, i))
            end = self._call(new, [_tensor(end)])
        return end

    def _branch(self, entry: Any, at: str) -> list[Any]:
        entry = as_dict(entry, "the config of a layer", at)
        if class_name(entry, at) != "Sequential":
            return self._begin(entry, at)
        inner = entry.get("config")
        inside = below(at, "config")
        if isinstance(inner, dict):
            inner, inside = inner.get("layers"), below(inside, "layers")
        return self.chain(as_list(inner, "layers of a Sequential model", inside), inside)

    def _begin(self, old: dict[str, Any], at: str) -> list[Any]:
        """Add the first layer of a branch behind an input of its own."""
        new = self._translate(old, self._era, at)
        if new["class_name"] == "InputLayer":
            source = new
        else:
            source = model.input_layer(old, new)
            if source is None:
                raise refuse("the first layer of a branch must have an input shape.", at)
        name = source["config"].setdefault("name", f"input_{len(self.sources) + 1}")
        _check_name(name, at)
        if name not in self.entries:
            self.entries[name] = {**source, "name": name, "inbound_nodes": []}
            self.sources.append(name)
        place = [name, 0, 0]
        return place if source is new else self._call(new, [_tensor(place)])

    def _call(self, new: dict[str, Any], args: list[Any]) -> list[Any]:
        """Add a layer, or another call of one that is there already."""
        config = new["config"]
        if not isinstance(config, dict):
            raise refuse("a layer's config must be a dict.", "")
        name = config.setdefault("name", f"{new['class_name'].lower()}_{len(self.entries) + 1}")
        _check_name(name, "")
        entry = self.entries.setdefault(name, {**new, "name": name, "inbound_nodes": []})
        if "input_layers" in config:
            self.graphs[name] = 1
        node = {"args": args, "kwargs": {}}
        if node not in entry["inbound_nodes"]:
            entry["inbound_nodes"].append(node)
        return [name, entry["inbound_nodes"].index(node), 0]


def _check_name(name: Any, at: str) -> None:
    if not isinstance(name, str):
        raise refuse(f"a layer's name must be a string. Received: {type(name).__name__}.", at)


def _tensor(place: list[Any]) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": place}}
