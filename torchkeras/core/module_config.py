"""Torch modules to configs and back: a class, the arguments that make it, never a pickle.

The arguments are read off the module's attributes. Before they are trusted the module is made
again from them, and must come out equal: what cannot be recovered is an error when it is saved.
A file selects a class of `torch.nn` itself, or one that the program registered or passed.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from torchkeras.core import dtypes, serialize, torch_function
from torchkeras.core.module_arguments import ARGUMENTS, NAMES
from torchkeras.core.module_maker import NAME_OF, make_module

_REMEDY = (
    "Give its class get_config() and from_config(), or save the weights only (save_weights). "
    "A layer can also make the module in its own __init__ and be saved in its place."
)
_PLAIN = (bool, int, float, str, type(None))


class _NotRecovered(Exception):
    """Why a module's arguments cannot be told from its attributes."""


# ------------------------------------------------------------------------------- writing


def module_config(module: nn.Module) -> dict[str, Any]:
    """Return the config of a torch module.

    Raises:
        TypeError: if the arguments of its class cannot be recovered; it says what to do.
    """
    try:
        config = _config(module)
        if not hasattr(module, "get_config"):
            _compare(module, config)
    except _NotRecovered as e:
        raise TypeError(
            f"{type(module).__name__} cannot be stored in a file: {str(e).rstrip('.')}. {_REMEDY}"
        ) from e.__cause__
    return config


def _config(module: nn.Module, dtype: torch.dtype | None = None) -> dict[str, Any]:
    """Return the config, in which `dtype` is known already to be that of all weights."""
    cls = type(module)
    _check_plain(module)
    name = NAME_OF.get(cls)
    common = module_dtype(module)
    if hasattr(module, "get_config"):
        arguments = serialize.serialize_keras_object(module.get_config())
    else:
        arguments = {k: _written(v, k, common) for k, v in _arguments(module).items()}
    config = {
        "module": "torch.nn" if name else cls.__module__,
        "class_name": name or cls.__name__,
        "config": arguments,
        "registered_name": None if name else serialize.get_registered_name(cls),
    }
    if common is not None and dtype is None:
        config["dtype"] = dtypes.standardize_dtype(common)
    frozen = [n for n, p in module.named_parameters() if not p.requires_grad]
    if frozen:
        config["frozen"] = frozen
    layers = {n: m.get_build_config() for n, m in module.named_modules() if _is_layer(m)}
    built = {n: serialize.serialize_keras_object(c) for n, c in layers.items() if c}
    if built:
        config["built"] = built
    return config


def module_dtype(module: nn.Module) -> torch.dtype | None:
    """Return the floating dtype of all of a module's weights, or None if they have several."""
    tensors = (*module.parameters(), *module.buffers())
    found = {t.dtype for t in tensors if t.is_floating_point()}
    return found.pop() if len(found) == 1 else None


def _check_plain(module: nn.Module) -> None:
    for name, m in module.named_modules():
        where = f"{name} ({type(m).__name__})" if name else "it"
        if is_parametrized(m):
            raise _NotRecovered(
                f"{where} has parametrizations; torch.nn.utils.parametrize."
                "remove_parametrizations() makes their present values permanent."
            )
        if isinstance(m, nn.modules.lazy.LazyModuleMixin) and m.has_uninitialized_params():
            raise _NotRecovered(f"{where} has no shapes yet; call it on data first.")


def _arguments(module: nn.Module) -> dict[str, Any]:
    """Return the constructor's arguments, by their names."""
    cls = type(module)
    special = ARGUMENTS.get(cls)
    if special is not None:
        return special(module)
    found = {}
    for name, default in _parameters(cls):
        if name not in ("device", "dtype") or cls not in NAME_OF:
            value = _attribute(module, name, default)
            if value is not _absent:
                found[name] = value
    return found


def _parameters(cls: type) -> Iterator[tuple[str, Any]]:
    if cls in NAMES:  # their signatures tell nothing
        yield from ((name, None) for name in NAMES[cls])
        return
    for p in list(inspect.signature(cls.__init__).parameters.values())[1:]:
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            yield p.name, p.default
        elif p.kind is p.POSITIONAL_ONLY:
            raise _NotRecovered(f"its argument {p.name!r} cannot be given by name.")


_absent = object()


def _attribute(module: nn.Module, name: str, default: Any) -> Any:
    for key in (name, f"_{name}"):
        if hasattr(module, key):
            value = getattr(module, key)
            if isinstance(value, nn.Parameter) or (value is None and isinstance(default, bool)):
                if not isinstance(default, bool):
                    raise _NotRecovered(f"its argument {name!r} is a parameter.")
                return value is not None  # bias=True makes a parameter of that name
            return value
    if type(module) in NAME_OF:
        return _absent  # a deprecated argument, or one that is not kept: the comparison tells
    raise _NotRecovered(
        f"its __init__ has the argument {name!r}, and no attribute of that name tells the value "
        f"(self.{name} = {name})."
    )


def _written(value: Any, name: str, dtype: torch.dtype | None) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, (list, tuple)):
        return [_written(v, name, dtype) for v in value]
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        return {k: _written(v, name, dtype) for k, v in value.items()}
    if isinstance(value, torch.dtype):
        return {"class_name": "torch.dtype", "config": dtypes.standardize_dtype(value)}
    if serialize.is_torch_module(value):
        return _config(value, dtype)
    if isinstance(value, type) and value in NAME_OF:
        return {"class_name": "torch.nn", "config": NAME_OF[value]}
    if callable(value) and not isinstance(value, (type, nn.Module)):
        try:
            public = torch_function.public_name(value)
            if torch_function.find(public) is value:
                return {"class_name": "torch.function", "config": public}
        except ValueError:
            pass  # a function of the user's own
    try:
        return serialize.serialize_value(value)
    except (TypeError, ValueError) as e:
        raise _NotRecovered(f"its argument {name!r} ({type(value).__name__}): {e}") from e


# ------------------------------------------------------------------------------- the comparison


def _compare(module: nn.Module, config: dict[str, Any]) -> None:
    """Make the module again, without memory if it can be, and look for differences."""
    cls = type(module)
    try:
        with serialize.CustomObjectScope(_classes(module)), torch.random.fork_rng(devices=[]):
            try:
                with torch.device("meta"):
                    again = make_module(config, cls)
            except (NotImplementedError, RuntimeError):  # it computes with values
                again = make_module(config, cls)
    except Exception as e:
        raise _NotRecovered(
            f"{cls.__name__}({_call(config)}) raises {type(e).__name__}: {e}"
        ) from e
    difference = _difference(module, again)
    if difference:
        raise _NotRecovered(f"{cls.__name__}({_call(config)}) makes another one: {difference}.")


def _classes(module: nn.Module) -> dict[str, Any]:
    found = {type(m) for m in module.modules()}
    return {serialize.get_registered_name(c): c for c in found - set(NAME_OF)}


def _call(config: dict[str, Any]) -> str:
    shown = (f"{k}={v!r}" if isinstance(v, _PLAIN) else k for k, v in config["config"].items())
    return ", ".join(shown)


def _difference(a: nn.Module, b: nn.Module) -> str | None:
    left, right = dict(a.named_modules()), dict(b.named_modules())
    for name in (*left, *right):
        where = name or type(a).__name__
        if name not in left or name not in right:
            return f"{where} is only in one of them"
        one, two = left[name], right[name]
        if type(one) is not type(two):
            return f"{where} would be a {type(two).__name__}, not a {type(one).__name__}"
        for key, value in _plain_attributes(one).items():
            other = getattr(two, key, None)
            if _listed(value) != _listed(other):
                return f"{where}.{key} would be {other!r}, not {value!r}"
    shapes = [
        {k: (tuple(v.shape), v.dtype) for k, v in m.state_dict(keep_vars=True).items()}
        for m in (a, b)
    ]
    for key in (*shapes[0], *shapes[1]):
        one, two = (s.get(key) for s in shapes)
        if one != two:
            return f"{key} would be {_described(two)}, not {_described(one)}"
    return None


def _described(entry: Any) -> str:
    return "missing" if entry is None else f"{str(entry[1])[6:]} of shape {entry[0]}"


def _plain_attributes(module: nn.Module) -> dict[str, Any]:
    """Return what makes a module what it is, beside its tensors and children."""
    if _is_layer(module):
        return {}
    return {
        k: v
        for k, v in vars(module).items()
        if k != "training" and not k.startswith("_") and _is_plain(v)
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(v) for v in value)
    return isinstance(value, _PLAIN)


def _listed(value: Any) -> Any:
    return [_listed(v) for v in value] if isinstance(value, (list, tuple)) else value


def _is_layer(module: Any) -> bool:
    return hasattr(type(module), "get_build_config")


serialize._module_config = module_config
