"""One layer of an old config, or a model within it."""

import warnings
from typing import Any

from torchkeras.core import legacy_names as names
from torchkeras.core import serialize
from torchkeras.core.legacy_arguments import current_class, legacy_arguments
from torchkeras.core.registry import LAYERS
from torchkeras.saving.legacy.config import merge, model, objects
from torchkeras.saving.legacy.config.common import (
    as_dict,
    as_list,
    below,
    class_name,
    is_user_class,
    made,
    plain,
    refuse,
    unsafe,
)
from torchkeras.saving.legacy.config.era import Era

# What has no layer today, and what to do instead.
_UNREADABLE = {
    "DenseFeatures": "it holds TensorFlow's feature columns; use preprocessing layers",
    "SequenceFeatures": "it holds TensorFlow's feature columns; use preprocessing layers",
    "TensorFlowOpLayer": "it holds a piece of a TensorFlow graph; save it again with TensorFlow "
    "2.4 or later",
    "AddLoss": "save the model without the tensor given to add_loss",
    "AddMetric": "save the model without the tensor given to add_metric",
    "Graph": "models of Keras 0.x have no form today",
    "InstanceProperty": "it reads an attribute of a TensorFlow tensor",
    "InstanceMethod": "it calls a method of a TensorFlow tensor",
    "ClassMethod": "it calls a method of a TensorFlow class",
}
_LAYERS_IN = ("layer", "backward_layer", "cell")


def translate(entry: Any, era: Era, at: str) -> dict[str, Any]:
    """Return the entry of a layer or model in the form of Keras 3."""
    entry = as_dict(entry, "the config of a layer", at)
    name = class_name(entry, at)
    if is_user_class(entry):
        return _of_user(entry, era, at)
    if name in names.FUNCTIONAL or name == "Sequential":
        return model.model(entry, era, at, translate)
    if name == "Merge":
        return merge.layer(entry, era, at)
    if name == "Lambda":
        return _lambda(entry, era, at)
    if name in _UNREADABLE:
        raise refuse(f"{name} cannot be read: {_UNREADABLE[name]}.", at)
    if current_class(name) not in LAYERS.names:
        return _of_user(entry, era, at)
    return _builtin(entry, name, era, at)


def _builtin(entry: dict[str, Any], name: str, era: Era, at: str) -> dict[str, Any]:
    inside = below(at, "config")
    inner = as_dict(entry.get("config"), f"config of {name}", inside)
    current = current_class(name)
    if current == "BatchNormalization":
        current, inner = _batch_norm(inner, inside)
    if current == "Embedding" and inner.get("dropout"):
        warnings.warn(f"{at}: dropout of Embedding is left out: there is none.", stacklevel=2)
    try:
        modal = current == "ModalBatchNormalization"
        given = legacy_arguments(current if modal else name, inner, era.number)
    except ValueError as e:
        raise refuse(str(e), inside) from e
    for gone in ("batch_input_shape", "input_shape", "input_dim"):
        if gone != "input_dim" or "Embedding" not in current:
            given.pop(gone, None)
    if current in ("GRU", "GRUCell"):
        given.setdefault("reset_after", False)
    if current == "InputLayer":
        _check_input(given, inside)
    if "Embedding" in current and str(given.get("dtype", "")).startswith(("int", "uint")):
        del given["dtype"]  # that of its inputs
    config = {k: _part(k, v, era, below(inside, k)) for k, v in given.items()}
    if config.get("dtype", "") is None:
        del config["dtype"]
    return made(*serialize.builtin_config(LAYERS.names[current]), config)


def _part(key: str, value: Any, era: Era, at: str) -> Any:
    """Return the value of one argument."""
    if value is None:
        return None
    if key.endswith("_initializer"):
        return objects.initializer(value, era, at)
    if key.endswith("_regularizer"):
        return objects.regularizer(value, at)
    if key.endswith("_constraint"):
        return objects.constraint(value, at)
    if key in ("activation", "recurrent_activation"):
        return objects.activation(value, era, at, translate)
    if key == "dtype":
        return objects.dtype(value, at)
    if key in _LAYERS_IN and isinstance(value, dict):
        return translate(value, era, at)
    if key == "cells":
        cells = as_list(value, "cells", at)
        return [translate(c, era, below(at, i)) for i, c in enumerate(cells)]
    return plain(value, at) if isinstance(value, tuple) else value


def _of_user(entry: dict[str, Any], era: Era, at: str) -> dict[str, Any]:
    """Return the entry of a class of the program: its own arguments are its own business."""
    name = class_name(entry, at)
    inner = entry.get("config")
    if isinstance(inner, dict) and "layers" in inner and "input_layers" in inner:
        return model.model(entry, era, at, translate)
    if isinstance(inner, dict):
        inside = below(at, "config")
        inner = {
            k: _user_part(k, v, era, below(inside, k))
            for k, v in inner.items()
            if k != "batch_input_shape"
        }
    result = made(entry.get("module"), name, inner, entry.get("registered_name"))  # type: ignore[arg-type]
    if entry.get("build_config") is not None:
        result["build_config"] = entry["build_config"]
    return result


def _user_part(key: str, value: Any, era: Era, at: str) -> Any:
    if isinstance(value, list):
        return [_user_part("", v, era, below(at, i)) for i, v in enumerate(value)]
    if isinstance(value, dict) and isinstance(value.get("class_name"), str):
        known = value["class_name"]
        if current_class(known) in LAYERS.names and isinstance(value.get("config"), dict):
            return translate(value, era, at)
    return value if key in _LAYERS_IN else _part(key, value, era, at)


# ------------------------------------------------------------------------------- single classes


def _batch_norm(inner: dict[str, Any], at: str) -> tuple[str, dict[str, Any]]:
    inner = dict(inner)
    axis = inner.get("axis")
    if isinstance(axis, list):
        if len(axis) != 1:
            raise refuse(f"BatchNormalization: one axis is accepted. Received: axis={axis}.", at)
        inner["axis"] = axis[0]
    mode = inner.get("mode", 0)
    if mode in (1, 2):
        return "ModalBatchNormalization", inner
    return "BatchNormalization", inner


def _check_input(given: dict[str, Any], at: str) -> None:
    if given.get("ragged"):
        raise refuse("ragged inputs cannot be read: there are no ragged tensors.", at)
    if "batch_shape" not in given and "shape" not in given:
        raise refuse("an input layer without a shape.", at)


def _lambda(entry: dict[str, Any], era: Era, at: str) -> dict[str, Any]:
    """Return a Lambda layer of a named function; code is refused."""
    inside = below(at, "config")
    inner = dict(as_dict(entry.get("config"), "config of Lambda", inside))
    config: dict[str, Any] = {}
    for key in ("function", "output_shape", "mask"):
        kind = inner.pop(f"{key}_type", None)
        inner.pop(f"{key}_module", None)
        value = inner.pop(key, None)
        if _is_code(value, kind):
            raise unsafe(
                f"{key} is Python bytecode, which is never run. Write it as a function with a "
                "name and pass it in custom_objects; the layer's config then needs its name.",
                below(inside, key),
            )
        if isinstance(value, str) and (key == "function" or kind == "function"):
            value = made("builtins", "function", value, "function")  # type: ignore[arg-type]
        if value is not None or key == "function":
            config[key] = value
    inner.pop("module", None)
    inner.pop("batch_input_shape", None)
    config.update({k: _part(k, v, era, below(inside, k)) for k, v in inner.items()})
    if config.get("dtype", "") is None:
        del config["dtype"]
    return made("keras.layers", "Lambda", config)


def _is_code(value: Any, kind: Any) -> bool:
    if isinstance(value, dict):
        return value.get("class_name") == "__lambda__"
    if kind == "lambda":
        return value is not None
    # [code, defaults, closure], in base64 or as it is
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)
