"""A model in the JSON form of Keras 2, which Quiver's client of 2016 draws."""

from typing import Any

from torchkeras.core import serialize
from torchkeras.layers import Layer
from torchkeras.quiver.trace import Call, Key, Trace


def find(run: Trace, name: str) -> Key:
    """Return the key of the first call of a layer, by the name that the JSON gives it.

    Raises:
        KeyError: if there is none.
    """
    names = _names(run)
    for key, given in names.items():
        if given == name:
            return key
    for key, call in run.calls.items():  # a layer inside another one
        if call.name == name:
            return key
    raise KeyError(name)


def model_json(title: str, run: Trace) -> dict[str, Any]:
    """Return `{"class_name": "Model", "config": {"layers": […], …}}`.

    Layers inside a layer are folded into it; a layer that is called again stands there again,
    under a name with a number.
    """
    names = _names(run)
    layers = []
    for key, name in names.items():
        call = run.calls[key]
        before = _visible(run, call)
        layers.append(
            {
                "name": name,
                "class_name": _class_name(call),
                "config": _config(call, name),
                "inbound_nodes": [[[names[k], 0, 0, {}] for k in before]] if before else [],
            }
        )
    ends = [_lifted(run, k) for k in run.sources if k is not None and k in run.calls]
    starts = [names[k] for k, c in run.calls.items() if c.kind == "input"]
    return {
        "class_name": "Model",
        "keras_version": "2.1.6",
        "backend": "torch",
        "config": {
            "name": title,
            "layers": layers,
            "input_layers": [[name, 0, 0] for name in starts],
            "output_layers": [[names[k], 0, 0] for k in ends],
        },
    }


def _names(run: Trace) -> dict[Key, str]:
    """Return a name that is there once, for each call of the outermost level."""
    names: dict[Key, str] = {}
    taken: set[str] = set()
    for key, call in run.calls.items():
        if call.parent is None:
            name, number = call.name, 1
            while name in taken:
                name, number = f"{call.name}_{number}", number + 1
            taken.add(name)
            names[key] = name
    return names


def _lifted(run: Trace, key: Key) -> Key:
    while (parent := run.calls[key].parent) is not None:
        key = parent
    return key


def _visible(run: Trace, call: Call) -> list[Key]:
    lifted = (_lifted(run, k) for k in call.sources if k in run.calls)
    return list(dict.fromkeys(k for k in lifted if k != call.key))


def _class_name(call: Call) -> str:
    if call.kind == "input":
        return "InputLayer"
    # The old client looks for layers in what is called Model or Sequential; they are folded here.
    return (
        "Nested" + call.class_name
        if call.class_name in ("Model", "Sequential")
        else (call.class_name)
    )


def _config(call: Call, name: str) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if isinstance(call.module, Layer) and call.kind == "layer":
        try:
            config = serialize.serialize_keras_object(call.module)["config"]
        except (NotImplementedError, TypeError, ValueError):
            config = {}  # a layer of the user's own that cannot be written
    return {**config, "name": name}
