"""Sequential and functional models of old configs."""

from typing import Any

from torchkeras.core import legacy_names as names
from torchkeras.core.legacy_arguments import current_class
from torchkeras.saving.legacy.config import merge, nodes, objects, training
from torchkeras.saving.legacy.config.common import (
    as_dict,
    as_list,
    below,
    class_name,
    is_user_class,
    made,
    refuse,
)
from torchkeras.saving.legacy.config.era import Era


def model(entry: dict[str, Any], era: Era, at: str, translate: Any) -> dict[str, Any]:
    """Return the entry of a model (or of a layer) in the form of Keras 3."""
    name = class_name(entry, at)
    inner = entry.get("config")
    is_graph = isinstance(inner, dict) and "layers" in inner and "input_layers" in inner
    if name == "Sequential" and not is_user_class(entry):
        result = _sequential(inner, era, below(at, "config"), translate)
    elif is_graph:
        result = _functional(entry, era, at, translate)
    elif name in names.FUNCTIONAL and not is_user_class(entry):
        raise refuse(f"the config of a {name} needs layers, input_layers and output_layers.", at)
    else:
        result = translate(entry, era, at)
    build_config = entry.get("build_config")
    if name == "Sequential" and isinstance(build_config, dict):
        result["build_config"] = build_config
    if isinstance(entry.get("compile_config"), dict):
        config, inside = entry["compile_config"], below(at, "compile_config")
        result["compile_config"] = training.compile_config(config, era, inside)
    return result


# ------------------------------------------------------------------------------- sequential


def _sequential(inner: Any, era: Era, at: str, translate: Any) -> dict[str, Any]:
    config = {"layers": inner} if isinstance(inner, list) else as_dict(inner, "config", at)
    inside = at if isinstance(inner, list) else below(at, "layers")
    layers = as_list(config.get("layers"), "layers of a Sequential model", inside)
    for i, layer in enumerate(layers):
        class_name(as_dict(layer, "the config of a layer", below(inside, i)), below(inside, i))
    if layers and merge.begins_with_branches(layers):
        return merge.branched(layers, config.get("name"), era, inside, translate)
    done = [translate(layer, era, below(inside, i)) for i, layer in enumerate(layers)]
    if done and done[0]["class_name"] != "InputLayer":
        source = input_layer(layers[0], done[0])
        if source is not None:
            done.insert(0, source)
    result: dict[str, Any] = {"layers": done}
    for key in ("name", "trainable", "build_input_shape"):
        if config.get(key) is not None:
            result[key] = config[key]
    dtype = objects.dtype(config.get("dtype"), below(at, "dtype"))
    if dtype is not None:
        result["dtype"] = dtype
    return made("keras", "Sequential", result)


def input_layer(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any] | None:
    """Return the InputLayer that the first layer of an old model stood for, if it says a shape."""
    shape, dtype = _input_of(old, new)
    if shape is None:
        return None
    name = new["config"].get("name") if isinstance(new["config"], dict) else None
    config = {"batch_shape": shape, "dtype": dtype, "sparse": False}
    if isinstance(name, str):
        config["name"] = f"{name}_input"
    return made("keras.layers", "InputLayer", config)


def _input_of(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[Any] | None, str]:
    inner = old.get("config")
    if isinstance(inner, list):
        inner = {"layers": inner}
    if not isinstance(inner, dict):
        return None, ""
    name = current_class(old["class_name"])
    if "layers" in inner:
        return _input_of_model(new)
    default = "int32" if "Embedding" in name else "float32"
    given = inner.get("input_dtype")
    if given is None and ("Embedding" not in name or str(inner.get("dtype"))[:3] == "int"):
        given = inner.get("dtype")
    dtype = given if isinstance(given, str) and not given.startswith(("infer", "_")) else default
    shape = inner.get("batch_input_shape")
    if isinstance(shape, list):
        return shape, dtype
    if isinstance(inner.get("input_shape"), list):
        return [None, *inner["input_shape"]], dtype
    if name == "Bidirectional" and isinstance(inner.get("layer"), dict):
        wrapped = inner["layer"]
        if isinstance(wrapped.get("class_name"), str):
            return _input_of(wrapped, new["config"]["layer"])
    dim = inner.get("input_dim")
    if dim is None or "Embedding" in name:
        return None, dtype
    return ([None, inner["input_length"], dim] if "input_length" in inner else [None, dim]), dtype


def _input_of_model(new: dict[str, Any]) -> tuple[list[Any] | None, str]:
    inner = new["config"]
    layers = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(layers, list) or not all(isinstance(e, dict) for e in layers):
        return None, ""
    sources = [e["config"] for e in layers if e.get("class_name") == "InputLayer"]
    if len(sources) != 1 or not isinstance(sources[0], dict):
        return None, ""
    return sources[0].get("batch_shape"), sources[0].get("dtype") or "float32"


# ------------------------------------------------------------------------------- functional


def _functional(entry: dict[str, Any], era: Era, at: str, translate: Any) -> dict[str, Any]:
    at = below(at, "config")
    inner = as_dict(entry["config"], "config", at)
    inside = below(at, "layers")
    entries = [
        as_dict(e, "the config of a layer", below(inside, i))
        for i, e in enumerate(as_list(inner["layers"], "layers", inside))
    ]
    graph = nodes.Graph(entries, inner, inside)
    done = []
    for i, old in enumerate(entries):
        place = below(inside, i)
        if graph.is_operation(old):
            new = graph.operation(old, place)
        else:
            new = translate(old, era, place)
            new["inbound_nodes"] = graph.inbound(old, place)
        new["name"] = graph.name(old, place)
        if isinstance(new["config"], dict):
            new["config"].setdefault("name", new["name"])
        done.append(new)
    config: dict[str, Any] = {"layers": done}
    for key in ("name", "trainable"):
        if inner.get(key) is not None:
            config[key] = inner[key]
    config["input_layers"] = graph.ends(inner.get("input_layers"), below(at, "input_layers"))
    config["output_layers"] = graph.ends(inner.get("output_layers"), below(at, "output_layers"))
    name = class_name(entry, at)
    if name in names.FUNCTIONAL and not is_user_class(entry):
        return made("keras.src.models.functional", "Functional", config, "Functional")
    # a class of the program's own, whose other arguments are kept
    rest = {k: v for k, v in inner.items() if k not in config}
    return made(entry.get("module"), name, {**rest, **config}, entry.get("registered_name"))
