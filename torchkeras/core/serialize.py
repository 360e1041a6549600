"""Objects to Keras 3 JSON and back, through a closed table of classes.

A config only ever selects from that table, plus what the program itself registered or passed as
`custom_objects`. The `module` of a config is a label to check, never an address to import from.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.utils.parametrize import is_parametrized

from torchkeras._base import scope
from torchkeras._base.errors import ModelFileError, UnsafeModelError
from torchkeras.core import dtypes, policy
from torchkeras.core.tensor import convert_to_numpy


class _Builtin(NamedTuple):
    module: str
    name: str
    kind: str


_BUILTINS: dict[Any, _Builtin] = {}
_TABLE: dict[tuple[str, str], Any] = {}  # (family, class name) -> class or function
_CUSTOM: dict[str, Any] = {}  # registered name -> object, by register_keras_serializable
_CUSTOM_NAMES: dict[Any, str] = {}

_ROOTS = ("keras", "torchkeras", "tf_keras", "keras_core", "tensorflow")
_FAMILIES = (
    "layers", "optimizers", "losses", "metrics", "initializers", "regularizers", "constraints",
    "activations", "ops", "random", "models", "callbacks", "quantizers", "dtype_policies", "utils",
)  # fmt: skip
_ALSO_ALLOWED = {"activation": ("layer",), "layer": ("model", "op"), "model": ("layer",)}


def _family(module: str) -> str | None:
    """Reduce any era's module path to its family; None if it is no path of ours."""
    parts = module.split(".")
    if parts[0] not in _ROOTS:
        return None
    family = next((p for p in parts if p in _FAMILIES and p != "models"), "")
    return "legacy" if family == "optimizers" and "legacy" in parts else family


def add_builtin(obj: Any, module: str, name: str, kind: str) -> None:
    """Enter a class or function of ours under its Keras path."""
    _BUILTINS.setdefault(obj, _Builtin(module, name, kind))
    _TABLE[(_family(module) or "", name)] = obj


def is_builtin(obj: Any) -> bool:
    """Tell whether a class or function is one of ours."""
    return obj in _BUILTINS


def builtin_config(obj: Any) -> tuple[str, str]:
    """Return Keras's module and name of a class or function of ours."""
    return _BUILTINS[obj][:2]


# ------------------------------------------------------------------------------- custom objects


class CustomObjectScope:
    """Make names known to deserialisation within a `with` block.

    >>> import torchkeras as keras
    >>> with keras.saving.CustomObjectScope({"double": lambda x: 2 * x}):
    ...     keras.activations.get("double")(4)
    8
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = custom_objects or {}

    def __enter__(self) -> "CustomObjectScope":
        self._before = scope.state.custom_objects
        scope.state.custom_objects = {**self._before, **self.custom_objects}
        return self

    def __exit__(self, *exc: object) -> None:
        scope.state.custom_objects = self._before


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """Return the global dictionary of registered objects; it may be changed in place."""
    return _CUSTOM


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Any], Any]:
    """Decorate a class or function so that files that name it can be loaded.

    Args:
        package: Prefix of the registered name, `package>name`.
        name: Default: the class's or function's own name.

    Raises:
        ValueError: for a class without `get_config`; only torch modules need none.

    >>> @register_keras_serializable("my")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice)
    'my>twice'
    """

    def register(obj: Any) -> Any:
        registered = f"{package}>{name or obj.__name__}"
        recovered = inspect.isclass(obj) and issubclass(obj, torch.nn.Module)
        if inspect.isclass(obj) and not hasattr(obj, "get_config") and not recovered:
            raise ValueError(
                "register_keras_serializable: a class must have a get_config() method. "
                f"Received: {obj}."
            )
        _CUSTOM[registered] = obj
        _CUSTOM_NAMES[obj] = registered
        return obj

    return register


def get_registered_name(obj: Any) -> str:
    """Return the registered name of a class or function, or its own name."""
    return _CUSTOM_NAMES.get(obj, obj.__name__)


def get_registered_object(
    name: str,
    custom_objects: dict[str, Any] | None = None,
    module_objects: dict[str, Any] | None = None,
) -> Any:
    """Return the user's object of a name, or None: from the scope, the registry, the arguments."""
    for table in (scope.state.custom_objects, _CUSTOM, custom_objects, module_objects):
        if table and name in table:
            return table[name]
    return None


# ------------------------------------------------------------------------------- to JSON

# Set by core.module_config: what a file tells of a torch module, and the module made of it.
_module_config: Callable[[Any], dict[str, Any]] | None = None
_find_torch_class: Callable[[dict[str, Any]], Any] | None = None
_make_module: Callable[[dict[str, Any], Any], Any] | None = None


def is_torch_module(obj: Any) -> bool:
    """Tell whether an object is a torch module that knows nothing of Keras's files."""
    return (
        isinstance(obj, torch.nn.Module)
        and not hasattr(type(obj), "save_own_variables")
        and type(obj) not in _BUILTINS
    )


def serialize_value(value: Any) -> Any:
    """Serialise one argument of a config: built-in activations are bare names."""
    builtin = (
        _BUILTINS.get(value) if inspect.isfunction(value) or inspect.isbuiltin(value) else None
    )
    if builtin is not None and builtin.kind == "activation":
        return builtin.name
    return serialize_keras_object(value)


def serialize_keras_object(obj: Any) -> Any:
    """Return a JSON-ready form of an object, in the format of Keras 3.

    Raises:
        TypeError: for an object without `get_config`.
        ValueError: for a lambda: code is not stored in files; register a named function.

    >>> import torchkeras as keras
    >>> keras.saving.serialize_keras_object(keras.regularizers.L2(0.1))["class_name"]
    'L2'
    """
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, dict):
        return {key: serialize_value(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        entries = [serialize_value(e) for e in obj]
        return entries if isinstance(obj, list) else tuple(entries)
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, (torch.dtype, np.dtype)):
        return dtypes.standardize_dtype(obj)
    if isinstance(obj, slice):
        limits = {n: serialize_value(getattr(obj, n)) for n in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": limits}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, (np.ndarray, torch.Tensor)):
        array = convert_to_numpy(obj)
        label = "__numpy__" if isinstance(obj, np.ndarray) else "__tensor__"
        return {
            "class_name": label,
            "config": {"value": array.tolist(), "dtype": dtypes.standardize_dtype(array.dtype)},
        }
    if getattr(type(obj), "_is_symbolic", False):
        return {"class_name": "__keras_tensor__", "config": obj.history_config()}
    if inspect.isfunction(obj) or inspect.isbuiltin(obj):
        if obj.__name__ == "<lambda>":
            raise ValueError(
                "A lambda cannot be stored in a file. Write it as a function with a name, "
                "and register it with keras.saving.register_keras_serializable."
            )
        registered = _CUSTOM_NAMES.get(obj)
        return {
            "module": "builtins",
            "class_name": "function",
            "config": registered or obj.__name__,
            "registered_name": "function",
        }
    if inspect.isclass(obj):
        return {
            "module": "builtins",
            "class_name": "type",
            "config": obj.__name__,
            "registered_name": "type",
        }
    if is_torch_module(obj):
        return _shared(obj, _module_config(obj))  # type: ignore[misc]
    if not hasattr(obj, "get_config"):
        raise TypeError(
            f"Cannot serialise an object of type {type(obj).__name__}: its class must have a "
            "get_config() method."
        )
    cls = type(obj)
    builtin = _BUILTINS.get(cls)
    if builtin is not None:
        # Keras stores what is not in its public API under the class's own name.
        registered = builtin.name if builtin.module.startswith("keras.src.") else None
        return _class_config(obj, builtin.module, builtin.name, registered)
    module = None if cls in _CUSTOM_NAMES else cls.__module__
    return _class_config(obj, module, cls.__name__, get_registered_name(cls))


def _check_as_made(module: torch.nn.Module) -> None:
    """Refuse a layer whose weights torch has replaced: its class would make others."""
    hooks = (type(h).__module__ for h in module._forward_pre_hooks.values())
    if is_parametrized(module) or any(m.startswith("torch.nn.utils.") for m in hooks):
        raise TypeError(
            f"{type(module).__name__} {getattr(module, 'name', '')!r} cannot be stored while its "
            "weights are parametrized or pruned. Make that permanent "
            "(torch.nn.utils.parametrize.remove_parametrizations, torch.nn.utils.prune.remove), "
            "or save the weights only (save_weights)."
        )


def _class_config(obj: Any, module: str | None, name: str, registered: str | None) -> dict:
    if isinstance(obj, torch.nn.Module):
        _check_as_made(obj)
    config = {
        "module": module,
        "class_name": name,
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": registered,
    }
    if hasattr(obj, "get_build_config"):
        build_config = obj.get_build_config()
        if build_config is not None:
            config["build_config"] = serialize_keras_object(build_config)
    if hasattr(obj, "get_compile_config"):
        config["compile_config"] = serialize_keras_object(obj.get_compile_config() or {})
    return config if isinstance(obj, policy.DTypePolicy) else _shared(obj, config)


def _shared(obj: Any, config: dict[str, Any]) -> dict[str, Any]:
    if scope.state.sharing is not None:
        scope.state.sharing.write(obj, config)
    return config


# ------------------------------------------------------------------------------- from JSON


@contextmanager
def _safe_mode(safe_mode: bool | None) -> Iterator[None]:
    if safe_mode is None:
        yield
        return
    with scope.scoped(safe_mode=bool(safe_mode)):
        yield


def deserialize_keras_object(
    config: Any,
    custom_objects: dict[str, Any] | None = None,
    safe_mode: bool | None = None,
    *,
    kind: str | None = None,
) -> Any:
    """Return the object of a config made by `serialize_keras_object`.

    Args:
        config: The config; plain values, lists and dicts come back with their entries made.
        custom_objects: Name -> class or function of your own.
        safe_mode: False allows what can run code from the config; default True.
        kind: Kind of object that is accepted here (`"layer"`, `"activation"`, …); default any.

    Raises:
        UnsafeModelError: for a class that is neither Keras's nor registered.
        ModelFileError: for a malformed config.
    """
    with _safe_mode(safe_mode), CustomObjectScope(custom_objects):
        return _deserialize(config, kind)


def _deserialize(config: Any, kind: str | None) -> Any:
    try:
        return _make(config, kind)
    except Exception as e:
        if isinstance(config, dict) and not hasattr(e, "failed_config"):
            e.failed_config = config  # type: ignore[attr-defined]  # a loader names its place
        raise


def _make(config: Any, kind: str | None) -> Any:
    if isinstance(config, (list, tuple)):
        return type(config)(_deserialize(e, kind) for e in config)
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value, kind) for key, value in config.items()}
    name, inner = config["class_name"], config["config"]
    if not isinstance(name, str):
        raise ModelFileError(f"class_name must be a string. Received: {type(name).__name__}.")
    special = _SPECIAL.get(name)
    if special is not None:
        return special(inner)
    if name == "function":
        return _function(config, kind)
    if name == "type":
        raise UnsafeModelError(f"a config may not name the Python type {inner!r}.")
    cls = _find_class(config, kind)
    if not isinstance(inner, dict):
        raise ModelFileError(f"config of {name} must be a dict. Received: {type(inner).__name__}.")
    sharing = scope.state.sharing
    if sharing is None:
        return _instance(config, cls)
    shared = sharing.find(config, cls)
    if shared is None:
        shared = _instance(config, cls)
        sharing.made(config, shared)
    return shared


def _instance(config: dict[str, Any], cls: Any) -> Any:
    name, inner = config["class_name"], config["config"]
    try:
        if inspect.isclass(cls) and issubclass(cls, torch.nn.Module) and not _has_config(cls):
            return _make_module(config, cls)  # type: ignore[misc]
        instance = cls.from_config(inner)
    except TypeError as e:
        if isinstance(e, ModelFileError) or hasattr(e, "failed_config"):
            raise  # it says what is wrong, or comes from a config within this one
        raise TypeError(
            f"{name} could not be made from its config: {e} Its from_config() must accept what "
            f"its get_config() returns; the config's keys are {sorted(inner)}."
        ) from e
    build_config = config.get("build_config")
    if build_config and not getattr(instance, "built", True):
        instance.build_from_config(build_config)
    compile_config = config.get("compile_config")
    if compile_config and hasattr(instance, "compile_from_config"):
        instance.compile_from_config(compile_config)
    return instance


def _has_config(cls: type) -> bool:
    return hasattr(cls, "save_own_variables") or cls in _BUILTINS


def _numpy(inner: dict[str, Any]) -> np.ndarray:
    return np.array(inner["value"], dtype=_numpy_dtype(inner["dtype"]))


def _numpy_dtype(name: str) -> Any:
    dtypes.standardize_dtype(name)  # refuses what is no dtype of ours
    extension = dtypes.EXTENSION_DTYPES.get(name)
    return extension[0] if extension else name


def _tensor(inner: dict[str, Any]) -> torch.Tensor:
    return torch.tensor(inner["value"], dtype=dtypes.torch_dtype(inner["dtype"]))


def _lambda(inner: Any) -> Any:
    raise UnsafeModelError(
        "the config holds a Python lambda as bytecode, which is never run. Write it as a function "
        "with a name and pass it in custom_objects."
    )


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "__bytes__": lambda inner: inner["value"].encode("utf-8"),
    "__numpy__": _numpy,
    "__tensor__": _tensor,
    "__lambda__": _lambda,
    "__ellipsis__": lambda inner: Ellipsis,
    "__slice__": lambda inner: slice(
        *(_deserialize(inner.get(n), None) for n in ("start", "stop", "step"))
    ),
}


def _function(config: dict[str, Any], kind: str | None) -> Any:
    name = config["config"]
    for known in (config.get("registered_name"), name):
        found = get_registered_object(known) if isinstance(known, str) else None
        if found is not None:
            return found
    _check_registered(config, (name, "function"))
    kinds = (kind,) if kind else ("activation", "loss", "metric")
    for obj, builtin in _BUILTINS.items():
        if builtin.name == name and builtin.kind in kinds and not inspect.isclass(obj):
            return obj
    # Files of Keras 3.0 to 3.6 leave the package out.
    own = [f for key, f in _CUSTOM.items() if key.rpartition(">")[2] == name]
    if len(own) == 1 and not inspect.isclass(own[0]):
        return own[0]
    raise UnsafeModelError(_unknown("function", name))


def _find_class(config: dict[str, Any], kind: str | None) -> Any:
    name, registered = config["class_name"], config.get("registered_name")
    found = _find_torch_class(config)  # type: ignore[misc]
    if found is not None:
        return found
    for known in (registered, name):
        found = get_registered_object(known) if isinstance(known, str) else None
        if found is not None:
            return found
    if isinstance(registered, str) and ">" in registered:
        # Somebody registered this name: a class of ours with the same last part is another one.
        raise UnsafeModelError(_unknown("class", registered))
    module = config.get("module")
    family = _family(module) if isinstance(module, str) else None
    if family is not None:
        found = _TABLE.get((family, name)) or (_TABLE.get(("layers", name)) if not family else None)
    if found is None or not inspect.isclass(found):
        raise UnsafeModelError(_unknown("class", name))
    _check_registered(config, (name,))
    actual = _BUILTINS[found].kind
    if kind is not None and actual != kind and actual not in _ALSO_ALLOWED.get(kind, ()):
        raise UnsafeModelError(f"{name} is a {actual}, where a {kind} is accepted.")
    return found


def _check_registered(config: dict[str, Any], names: tuple[Any, ...]) -> None:
    registered = config.get("registered_name")
    if registered and registered not in names:
        raise UnsafeModelError(
            f"registered_name={registered!r} is not known, and {names[0]!r} is one of Keras's own: "
            "which of them is meant?"
        )


def _unknown(what: str, name: Any) -> str:
    return (
        f"could not locate {what} {name!r}. A class or function of your own must be decorated with "
        "@keras.saving.register_keras_serializable() or passed in custom_objects."
    )


def _policy(config: dict[str, Any]) -> policy.DTypePolicy:
    name, inner = config["class_name"], config.get("config", {})
    if name in ("Policy", "DTypePolicy"):  # the first is TensorFlow's
        return policy.DTypePolicy(inner["name"] if isinstance(inner, dict) else inner)
    known = _TABLE.get(("dtype_policies", name))
    if known is not None:  # wherever the config says it is from
        return known.from_config(inner)
    return deserialize_keras_object(config, kind="policy")


policy.read_config = _policy
for _cls in (policy.DTypePolicy, policy.FloatDTypePolicy):
    add_builtin(_cls, "keras", _cls.__name__, "policy")
