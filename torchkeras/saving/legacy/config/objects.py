"""Initializers, regularizers, constraints, activations and dtypes of old configs."""

import re
import warnings
from typing import Any

from torchkeras.core import legacy_names as names
from torchkeras.core.legacy_arguments import initializer_config
from torchkeras.core.registry import ACTIVATIONS, INITIALIZERS, LAYERS
from torchkeras.saving.legacy.config.common import (
    as_dict,
    below,
    class_name,
    is_user_class,
    made,
    unsafe,
)
from torchkeras.saving.legacy.config.era import Era

_SUFFIX = re.compile(r"V[12]$")
# Standard deviation of a normal distribution that is cut off at 2: what Keras 2.0 and 2.1 did not
# correct for.
_CUT = 0.87962566103423978


def initializer(value: Any, era: Era, at: str) -> Any:
    """Return the config of an initializer."""
    if isinstance(value, str):
        found = names.INITIALIZERS.get(value)
        if era.number == 1:
            found = names.INITIALIZERS_1.get(value, found)
        if found is None or is_user_class({"class_name": value}):
            return value
        return _with_seed(initializer_config(*found))
    if not isinstance(value, dict) or "class_name" not in value or is_user_class(value):
        return value
    name = class_name(value, at)
    arguments = dict(as_dict(value.get("config", {}), "config", below(at, "config")))
    if name in names.INITIALIZERS:
        name = names.INITIALIZERS[name][0]
    if name not in INITIALIZERS.names:
        name = _SUFFIX.sub("", name)
    if name not in INITIALIZERS.names:
        return value
    for gone in ("dtype", "partition_info", "partition_shape"):
        arguments.pop(gone, None)
    if name == "VarianceScaling" and arguments.get("distribution") == "normal":
        arguments["distribution"] = "truncated_normal"
        if era.before(2, 2) and isinstance(arguments.get("scale"), (int, float)):
            arguments["scale"] *= _CUT**2
    return initializer_config(name, arguments)


_SEEDLESS = frozenset({"Zeros", "Ones", "Constant", "Identity"})


def _with_seed(config: dict[str, Any]) -> dict[str, Any]:
    if config["class_name"] not in _SEEDLESS:
        config["config"].setdefault("seed", None)
    return config


def regularizer(value: Any, at: str) -> Any:
    """Return the config of a regularizer; None for one that nothing computes any more."""
    return _part(
        value, at, "keras.regularizers", names.REGULARIZERS, {}, ("EigenvalueRegularizer",)
    )


def constraint(value: Any, at: str) -> Any:
    """Return the config of a constraint; None for one that nothing computes any more."""
    renames = names.CONSTRAINT_ARGUMENTS
    return _part(value, at, "keras.constraints", names.CONSTRAINTS, renames, ("RadialConstraint",))


def _part(
    value: Any,
    at: str,
    module: str,
    classes: dict[str, str],
    renames: dict[str, dict[str, str]],
    gone: tuple[str, ...],
) -> Any:
    if not isinstance(value, dict) or is_user_class(value):
        return value
    if "class_name" in value:
        name = class_name(value, at)
        arguments = dict(as_dict(value.get("config", {}), "config", below(at, "config")))
    elif isinstance(value.get("name"), str):  # Keras 1 wrote both into one dict
        name, arguments = value["name"], {k: v for k, v in value.items() if k != "name"}
    else:
        return value
    if name in gone:
        warnings.warn(f"{at}: {name} is left out: there is none any more.", stacklevel=2)
        return None
    if name == "function" or (value.get("module") is None and "registered_name" in value):
        return value
    name = classes.get(name, name)
    own = renames.get(name, {})
    arguments = {own.get(k, k): v for k, v in arguments.items()}
    if name in ("L1", "L2") and "l" in arguments:
        arguments[name.lower()] = arguments.pop("l")
    return made(module, name, arguments)


def activation(value: Any, era: Era, at: str, translate: Any) -> Any:
    """Return the name or config of an activation."""
    if isinstance(value, str):
        known = is_user_class({"class_name": value})
        return value if known else names.ACTIVATIONS.get(value, value)
    if not isinstance(value, dict) or is_user_class(value):
        return value
    if "class_name" not in value:
        return value
    name = class_name(value, at)
    if name == "__lambda__":
        raise unsafe("an activation in Python bytecode, which is never run.", at)
    if name == "function":
        own = value.get("config")
        if isinstance(own, str) and own in names.ACTIVATIONS and own not in _registered(value):
            return names.ACTIVATIONS[own]
        return value
    if name in ACTIVATIONS.names or name in names.ACTIVATIONS:
        return names.ACTIVATIONS.get(name, name)
    if names.CLASSES.get(name, name) in LAYERS.names:
        return translate(value, era, at)
    return value


def _registered(value: dict[str, Any]) -> tuple[Any, ...]:
    """Return the name under which the program has a function of its own, if any."""
    own = value.get("config")
    return (own,) if is_user_class({"class_name": own}) else ()


def dtype(value: Any, at: str) -> Any:
    """Return a dtype, or the config of a policy; None for what was left to be found out."""
    if isinstance(value, str):
        return None if value.startswith(("infer", "_infer")) else value
    if not isinstance(value, dict) or value.get("class_name") not in ("Policy", "PolicyV1"):
        return value
    inner = as_dict(value.get("config", {}), "config", below(at, "config"))
    name = inner.get("name")
    if isinstance(name, str) and name.startswith(("infer", "_infer")):
        return None
    return made("keras", "DTypePolicy", {"name": name})
