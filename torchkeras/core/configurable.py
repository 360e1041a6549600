"""Configs derived from the signature of `__init__`."""

import inspect
from functools import cache
from typing import Any, ClassVar, Self

from torchkeras.core import serialize


@cache
def init_parameters(cls: type) -> dict[str, Any]:
    """Return parameter name -> default of `cls.__init__`, through `**kwargs` up to the bases."""
    found: dict[str, Any] = {}
    for klass in cls.__mro__:
        init = klass.__dict__.get("__init__")
        if init is None or klass.__dict__.get("_config_mixin"):
            continue  # a mixin that is called without arguments does not end the chain
        open_ended = False
        for p in list(inspect.signature(init).parameters.values())[1:]:
            if p.kind is p.VAR_KEYWORD:
                open_ended = True
            elif p.kind is not p.VAR_POSITIONAL:
                found.setdefault(p.name, None if p.default is p.empty else p.default)
        if not open_ended or klass.__dict__.get("_config_root"):
            break
    return found


class Configurable:
    """Base of objects with `get_config` / `from_config`; a class states only its exceptions.

    For each parameter of `__init__`, `get_config` takes the attribute of the same name, or the
    argument as it was given. `config_skip` names parameters that are never written,
    `_config_overrides` gives values that differ from the attribute. `config_quiet` names
    parameters that Keras's own configs lose: they are written only if they differ from the default.
    """

    config_skip: ClassVar[frozenset[str]] = frozenset()
    config_quiet: ClassVar[frozenset[str]] = frozenset()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self.__dict__["_init_arguments"] = (args, kwargs)
        return self

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal object, ready for JSON."""
        cls = type(self)
        owner = next(c for c in cls.__mro__ if "get_config" in c.__dict__)
        if not owner.__dict__.get("_config_base") and owner is not Configurable:
            # A user's get_config answers for its own class: we answer for those above it.
            mro = cls.__mro__
            cls = mro[mro.index(owner) + 1]
        skip = frozenset().union(*(c.__dict__.get("config_skip", ()) for c in cls.__mro__))
        quiet = frozenset().union(*(c.__dict__.get("config_quiet", ()) for c in cls.__mro__))
        overrides = self._config_overrides()
        config = {}
        for name, default in init_parameters(cls).items():
            if name in skip:
                continue
            value = overrides[name] if name in overrides else self._config_value(name)
            if name in quiet and value == default:
                continue
            config[name] = serialize.serialize_value(value)
        return config

    def _config_overrides(self) -> dict[str, Any]:
        return {}

    def _config_value(self, name: str) -> Any:
        if serialize.is_builtin(type(self)) or not hasattr(self, "_init_arguments"):
            try:
                return getattr(self, name)
            except AttributeError:
                pass
        arguments = self.bound_arguments()
        return arguments[name] if name in arguments else getattr(self, name, None)

    def bound_arguments(self) -> dict[str, Any]:
        """Return the arguments as they were given, with defaults for the others."""
        args, kwargs = self.__dict__.get("_init_arguments", ((), {}))
        positional = list(inspect.signature(type(self).__init__).parameters)[1:]
        given = dict(zip(positional, args, strict=False)) | kwargs
        return init_parameters(type(self)) | given

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the object of a config."""
        return cls(**config)
