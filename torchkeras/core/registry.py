"""One registry a kind of object: names, aliases, Keras paths and near names for typing errors."""

import difflib
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from torchkeras._base import legacy, naming
from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.legacy_constructors import takes_old_arguments

T = TypeVar("T")


class Registry:
    """The closed table of one kind of object; the only way from a name to a class.

    Args:
        kind: Word for error messages, for example `"loss"`.
        module: Keras's public module of these objects, for example `"keras.losses"`.
    """

    def __init__(self, kind: str, module: str) -> None:
        self.kind = kind
        self.module = module
        self.names: dict[str, Any] = {}
        self.old: dict[str, str] = {}  # name of an older Keras -> name of today

    def register(
        self, *aliases: str, name: str | None = None, module: str | None = None
    ) -> Callable[[T], T]:
        """Decorate a class or function: known by its name, its snake-case name and `aliases`."""

        def add(obj: T) -> T:
            public = name or obj.__name__  # type: ignore[attr-defined]
            if inspect.isclass(obj):
                takes_old_arguments(obj)
            serialize.add_builtin(obj, module or self.module, public, self.kind)
            for known in (public, *aliases):
                self.names[known] = obj
            self.names.setdefault(naming.to_snake_case(public), obj)
            return obj

        return add

    def alias(self, **names: Any) -> None:
        """Add further names of objects: `LOSSES.alias(mse=mean_squared_error)`."""
        self.names.update(names)

    def lookup(self, name: str, custom_objects: dict[str, Any] | None = None) -> Any:
        """Return the class or function of a name; a user's own objects come first."""
        found = serialize.get_registered_object(name, custom_objects)
        if found is None:
            found = self.names.get(name)
        if found is None and name in self.old:
            today = self.old[name]
            if legacy.allow(f"The {self.kind} {name!r}", f"Write {today!r}."):
                found = self.names[today]
        if found is None:
            raise ValueError(self._unknown(name))
        return found

    def _unknown(self, name: str) -> str:
        folded = {known.lower(): known for known in self.names}
        near = difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
        hint = f" Did you mean {', '.join(repr(folded[n]) for n in near)}?" if near else ""
        return (
            f"Unknown {self.kind}: {name!r}.{hint} One of your own must be passed as an "
            "object, in custom_objects, or registered with "
            "keras.saving.register_keras_serializable."
        )

    def get(self, identifier: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """Return the object that a name, config, class or object stands for; None stays None.

        Raises:
            ValueError: for an unknown name (with near names), or anything that is no such object.
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier, custom_objects)
        if isinstance(identifier, str):
            found = self.lookup(identifier, custom_objects)
            return found() if inspect.isclass(found) else found
        if inspect.isclass(identifier):
            return identifier()
        if callable(identifier):
            return identifier
        raise ValueError(
            f"A {self.kind} is given by a name, a config dict or an object. "
            f"{received('identifier', identifier)}"
        )

    def serialize(self, obj: Any) -> Any:
        """Return the Keras config of an object: a bare name for a built-in function."""
        return serialize.serialize_value(obj)

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """Return the object of a config (or name)."""
        if not isinstance(config, dict):
            return self.get(config, custom_objects)
        if "class_name" in config and "config" not in config:
            config = {**config, "config": {}}
        name = config.get("class_name")
        if isinstance(name, str) and not config.get("module") and name in self.names:
            builtin = serialize.builtin_config(self.names[name])
            config = {**config, "module": builtin[0], "class_name": builtin[1]}
        return serialize.deserialize_keras_object(
            config, custom_objects=custom_objects, kind=self.kind
        )


LAYERS = Registry("layer", "keras.layers")
MODELS = Registry("model", "keras")
OPS = Registry("op", "keras.src.ops.numpy")
LOSSES = Registry("loss", "keras.losses")
METRICS = Registry("metric", "keras.metrics")
OPTIMIZERS = Registry("optimizer", "keras.optimizers")
SCHEDULES = Registry("schedule", "keras.optimizers.schedules")
INITIALIZERS = Registry("initializer", "keras.initializers")
REGULARIZERS = Registry("regularizer", "keras.regularizers")
CONSTRAINTS = Registry("constraint", "keras.constraints")
ACTIVATIONS = Registry("activation", "keras.activations")
QUANTIZERS = Registry("quantizer", "keras.quantizers")
