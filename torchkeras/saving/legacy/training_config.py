"""The attribute `training_config` of an `.h5` file: the arguments of `compile`.

Keras 3 writes objects there without their modules; `legacy_config` knows what older ones wrote.
"""

import inspect
from typing import Any

from torchkeras.core import serialize
from torchkeras.core.registry import LOSSES, METRICS, OPTIMIZERS, Registry
from torchkeras.saving.legacy.config import modernize_training
from torchkeras.saving.safety import ModelFileError, UnsafeModelError

_PLAIN = ("loss_weights", "run_eagerly", "steps_per_execution", "jit_compile")
_BY_OUTPUT = ("accuracy", "acc", "crossentropy", "ce")  # compile finds out which one


# ------------------------------------------------------------------------------- writing


def training_config(model: Any) -> dict[str, Any] | None:
    """Return the arguments a model was compiled with, as Keras's `.h5` files hold them."""
    given = model.get_compile_config() if hasattr(model, "get_compile_config") else None
    if not given:
        return None
    config = {
        "loss": _written(given.get("loss"), LOSSES),
        "loss_weights": given.get("loss_weights"),
        "metrics": _written(given.get("metrics"), METRICS),
        "weighted_metrics": _written(given.get("weighted_metrics"), METRICS),
        "run_eagerly": given.get("run_eagerly", False),
        "steps_per_execution": given.get("steps_per_execution", 1),
        "jit_compile": given.get("jit_compile", False),
    }
    if model.optimizer is not None:
        config["optimizer_config"] = _written(
            serialize.serialize_keras_object(model.optimizer), OPTIMIZERS
        )
    return config


def _written(node: Any, registry: Registry) -> Any:
    if isinstance(node, list):
        return [_written(entry, registry) for entry in node]
    if isinstance(node, str):
        found = registry.names.get(node)  # real Keras does not find all the short names again
        return found.__name__ if registry is LOSSES and inspect.isfunction(found) else node
    if not isinstance(node, dict):
        return node
    if "class_name" not in node:
        return {key: _written(entry, registry) for key, entry in node.items()}
    if node["class_name"] == "function":
        return _written(node["config"], registry)
    module = node.get("module")
    custom = not module or not module.startswith("keras")
    name = (node.get("registered_name") if custom else None) or node["class_name"]
    return {"class_name": name, "config": node["config"]}


# ------------------------------------------------------------------------------- reading


def compile_arguments(
    config: dict[str, Any],
    version: str | None,
    backend: str | None,
    custom_objects: Any,
    safe_mode: bool,
) -> dict[str, Any] | None:
    """Return the arguments of `compile` that a file of any Keras describes.

    Returns:
        None if it had an optimizer that can no longer be made.

    Raises:
        ModelFileError: if it is malformed; `.where` tells the place.
        UnsafeModelError: for a class or function that is neither Keras's nor the program's.
    """
    with serialize.CustomObjectScope(custom_objects):
        modern = modernize_training(config, version or "1.0", backend)
        if modern is None:
            return None
        given = {key: modern[key] for key in _PLAIN if modern.get(key) is not None}
        for key, registry, others in (
            ("optimizer", OPTIMIZERS, ()),
            ("loss", LOSSES, ()),
            ("metrics", METRICS, (*_BY_OUTPUT, *LOSSES.names)),
            ("weighted_metrics", METRICS, (*_BY_OUTPUT, *LOSSES.names)),
        ):
            try:
                given[key] = _made(modern.get(key), registry, others, safe_mode)
            except ModelFileError as e:
                raise type(e)(e.message, where=f"training_config.{key}") from e
            except (MemoryError, OSError):
                raise
            except Exception as e:
                message = str(e) or type(e).__name__
                raise ModelFileError(message, where=f"training_config.{key}") from e
    if given["optimizer"] is None:
        del given["optimizer"]
    return given


def _made(node: Any, registry: Registry, others: tuple[str, ...], safe_mode: bool) -> Any:
    """Return the objects of a config, in its structure; a name of Keras's stays a name."""
    if node is None:
        return None
    if isinstance(node, list):
        return [_made(entry, registry, others, safe_mode) for entry in node]
    if isinstance(node, str):
        found = serialize.get_registered_object(node)
        if found is None and node not in registry.names and node not in others:
            raise UnsafeModelError(
                f"could not locate the {registry.kind} {node[:100]!r}. Pass your own in "
                "custom_objects, or load with compile=False."
            )
        return node if found is None else found
    if not isinstance(node, dict):
        raise ModelFileError(f"a {registry.kind} is needed. Received: {type(node).__name__}.")
    if "class_name" not in node:
        return {key: _made(entry, registry, others, safe_mode) for key, entry in node.items()}
    config = {"config": {}, **node}
    name = config["class_name"]
    if not isinstance(name, str):
        raise ModelFileError("class_name must be a string.")
    if not config.get("module") and serialize.get_registered_object(name) is None:
        known = registry.names.get(name)
        if inspect.isclass(known):
            config["module"], config["class_name"] = serialize.builtin_config(known)
        elif ">" in name:
            config["registered_name"] = name
            config["class_name"] = name.rpartition(">")[2]
    return serialize.deserialize_keras_object(config, safe_mode=safe_mode, kind=registry.kind)
