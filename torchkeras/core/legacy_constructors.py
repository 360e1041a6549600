"""Constructors that take the arguments of older versions: one wrapper around `__init__`."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torchkeras._base import config, legacy
from torchkeras.core import legacy_names as names
from torchkeras.core.configurable import init_parameters
from torchkeras.core.legacy_arguments import legacy_arguments

# Arguments that all layers had; what a class takes itself is never touched.
_OF_LAYERS = frozenset(
    {
        "weights", "input_dtype", "create_input_layer", "dynamic", "use_resource",
        "experimental_autocast", "batch_size", "input_length",
    }
)  # fmt: skip
_RENAMES = (names.ARGUMENTS, names.OTHERS)
_DROPPED = (names.DROPPED, names.OTHERS_DROPPED)
# Taken by Keras 3 too, among `**kwargs`, or never taken; only these classes had it and lost it.
_LOST = {"implementation": frozenset({"SimpleRNN", "SimpleRNNCell"})}
# Not before the object is one: they wait in attributes.
_KEPT = {"weights": "_weights_to_set", "decay": "_inverse_decay", "period": "_period"}
_NOT_KERAS_1 = frozenset(
    {
        "alpha",
        "batch_input_shape",
        "input_shape",
        "input",
        "output",
        "lr",
        "decay",
        "l",
        "m",
        "period",
        "epsilon",
    }
)


def takes_old_arguments(cls: type) -> type:
    """Let the constructor of a class take the arguments that it had in older versions.

    >>> import torchkeras as keras
    >>> keras.layers.Dense(output_dim=3, bias=False).get_config()["units"]
    3
    """
    old = _old_names(cls)
    if not old or not ("__init__" in cls.__dict__ or _renames(cls)):
        return cls
    init: Callable[..., None] = cls.__init__  # type: ignore[misc]
    gone = names.DEFAULTS_GONE.get(cls.__name__)

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs and not old.isdisjoint(kwargs):
            kwargs = _translated(cls, self, args, kwargs)
        if gone is not None and not args and gone.keys().isdisjoint(kwargs):
            kwargs = _with_defaults(cls, self, gone, kwargs)
        init(self, *args, **kwargs)

    cls.__init__ = __init__  # type: ignore[misc]
    return cls


def _with_defaults(
    cls: type, self: Any, gone: dict[str, Any], kwargs: dict[str, Any]
) -> dict[str, Any]:
    new = {**gone, **kwargs}
    what = f"{cls.__name__}() without {', '.join(gone)}"
    if not legacy.allow(what, f"Write {call_text(cls, (), new)}."):
        return kwargs
    self.__dict__["_init_arguments"] = ((), new)
    return new


def _renames(cls: type) -> bool:
    """Tell whether a class has old names that its bases have not."""
    return any(cls.__name__ in table for table in (*_RENAMES, *_DROPPED))


def _old_names(cls: type) -> frozenset[str]:
    found: set[str] = set()
    for klass in cls.__mro__:
        name = klass.__name__
        for table in (*_RENAMES, *_DROPPED):
            found.update(table.get(name, ()))
        if name == "Layer":
            found |= _OF_LAYERS
    if "nb_filter" in found:
        found.update(part for parts in names.KERNEL_SIZES for part in parts)
    if cls.__name__ in names.SEQUENCES:
        found.add("input_dim")
    return frozenset(n for n in found if cls.__name__ in _LOST.get(n, (cls.__name__,)))


def _translated(
    cls: type, self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    own = _parameters(cls)
    held = {k: v for k, v in kwargs.items() if k in own}
    old = {k: v for k, v in kwargs.items() if k not in own}
    if "epsilon" in held and held["epsilon"] is None:
        old["epsilon"] = held.pop("epsilon")  # the optimizers' own choice
    if not old or config.legacy_mode() == "off":
        return kwargs
    era = 1 if any(k in _renamed(cls) and k not in _NOT_KERAS_1 for k in old) else 2
    # What has its name still keeps its value, where the call is not one of Keras 1.
    new = {**held, **today(cls, {**held, **old} if era == 1 else old, era)}
    if not args:
        new = {**names.DEFAULTS_GONE.get(cls.__name__, {}), **new}
    kept = {k: new.pop(k) for k in _KEPT if k in old and k in new}
    if new == kwargs:
        return kwargs
    what = f"{_shown(cls)}({', '.join(k for k in kwargs if k not in new) or ', '.join(old)})"
    if not legacy.allow(what, _advice(cls, args, new, kept)):
        return kwargs
    for name, value in kept.items():
        if value is not None:
            self.__dict__[_KEPT[name]] = value
    if type(self).__init__ is cls.__init__:  # type: ignore[misc]
        self.__dict__["_init_arguments"] = (args, new)
    return new


def _advice(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any], kept: dict[str, Any]) -> str:
    if kept.get("period", 1) != 1:
        kwargs = {**kwargs, "save_freq": _Text(f"{kept['period']} * steps_per_epoch")}
    if kept.get("decay"):
        rate = kwargs.get("learning_rate", args[0] if args else "...")
        schedule = f"keras.optimizers.schedules.InverseTimeDecay({rate}, 1, {kept['decay']})"
        kwargs, args = {**kwargs, "learning_rate": _Text(schedule)}, args[1:]
    text = f"Write {call_text(cls, args, kwargs)}"
    if kept.get("weights") is not None:
        return f"{text}, and call set_weights() once it is built."
    return f"{text}."


class _Text(str):
    __repr__ = str.__str__


def today(cls: type, kwargs: dict[str, Any], era: int, name: str | None = None) -> dict[str, Any]:
    """Return the keyword arguments of today for those of an older call of a class."""
    new = dict(kwargs)
    for known in [name] if name else [c.__name__ for c in cls.__mro__ if _renames(c)] or [""]:
        new = legacy_arguments(known, new, era)
    if "batch_size" in new and "input_shape" in new and "batch_size" not in _parameters(cls):
        shape = new.pop("input_shape")
        new["batch_input_shape"] = (
            new.pop("batch_size"), *((shape,) if isinstance(shape, int) else shape)
        )  # fmt: skip
    return new


def _renamed(cls: type) -> frozenset[str]:
    found = {k for c in cls.__mro__ for table in _RENAMES for k in table.get(c.__name__, ())}
    return frozenset(found.union(*names.KERNEL_SIZES))


@functools.cache
def _parameters(cls: type) -> frozenset[str]:
    """Return the names of the arguments that a class takes today."""
    if hasattr(cls, "get_config"):
        return frozenset(init_parameters(cls))
    return frozenset(inspect.signature(cls).parameters)


def call_text(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Write a call as a program would: `Dense(3, use_bias=False)`."""
    shown = [_short(a) for a in args] + [f"{k}={_short(v)}" for k, v in kwargs.items()]
    return f"{_shown(cls)}({', '.join(shown)})"


def _shown(cls: type) -> str:
    return "Model" if cls.__name__ == "Functional" else cls.__name__


def _short(value: Any) -> str:
    if isinstance(value, dict) and "class_name" in value:
        return _call_of(value)
    if hasattr(value, "get_config") and not isinstance(value, type):
        return f"{type(value).__name__}(...)"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _call_of(value: dict[str, Any]) -> str:
    inner = ", ".join(f"{k}={v!r}" for k, v in value.get("config", {}).items())
    return f"{value['class_name']}({inner})"
