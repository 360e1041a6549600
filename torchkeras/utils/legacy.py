"""Objects as `{"class_name": …, "config": …}`, the form of Keras before version 3."""

import inspect
from collections.abc import Mapping
from typing import Any

from torchkeras._base.check import received
from torchkeras.core.serialize import (
    CustomObjectScope,
    get_registered_name,
    get_registered_object,
)


def serialize_keras_object(instance: Any) -> Any:
    """Return an object's class name and config, or a function's name.

    Args:
        instance: An object with `get_config`, a function, or None (which gives None).

    Raises:
        ValueError: for anything else.

    >>> import torchkeras as keras
    >>> keras.utils.legacy.serialize_keras_object(keras.regularizers.L2(0.5))
    {'class_name': 'L2', 'config': {'l2': 0.5}}
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config") and not isinstance(instance, type):
        return {
            "class_name": get_registered_name(type(instance)),
            "config": instance.get_config(),
        }
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise ValueError(
        f"serialize_keras_object: an object with get_config(), or a function, is needed. "
        f"{received('instance', instance)}"
    )


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return the object of a class name and config, or of a name alone.

    Names are looked up in `custom_objects`, in what is registered, and in `module_objects`;
    nothing is imported.

    Args:
        identifier: `{"class_name": …, "config": …}`, a name, a function, or None.
        module_objects: Name -> class or function; default: none.
        custom_objects: The same, of your own.
        printable_module_name: What the object is, for messages.

    Raises:
        ValueError: for an unknown name, or another identifier.

    >>> import torchkeras as keras
    >>> config = {"class_name": "Dense", "config": {"units": 3}}
    >>> table = {"Dense": keras.layers.Dense}
    >>> keras.utils.legacy.deserialize_keras_object(config, module_objects=table).units
    3
    """
    own = dict(custom_objects or {})

    def found(name: Any) -> Any:
        obj = get_registered_object(name, own, dict(module_objects or {}))
        if obj is None or not callable(obj):
            raise ValueError(
                f"Unknown {printable_module_name}: {name!r}. Pass it in custom_objects, or use "
                "keras.saving.custom_object_scope."
            )
        return obj

    if identifier is None:
        return None
    if isinstance(identifier, Mapping):
        if not isinstance(identifier.get("class_name"), str) or "config" not in identifier:
            raise ValueError(
                "deserialize_keras_object: a config has the keys class_name and config. "
                f"{received('identifier', identifier)}"
            )
        cls, config = found(identifier["class_name"]), identifier["config"]
        with CustomObjectScope(own):
            make = getattr(cls, "from_config", None)
            if make is None:
                return cls(**config)
            takes_own = "custom_objects" in inspect.signature(make).parameters
            return make(config, custom_objects=own) if takes_own else make(config)
    if isinstance(identifier, str):
        obj = found(identifier)
        return obj() if inspect.isclass(obj) else obj
    if inspect.isfunction(identifier):
        return identifier
    raise ValueError(
        f"deserialize_keras_object: a config, a name or a function is needed. "
        f"{received('identifier', identifier)}"
    )
