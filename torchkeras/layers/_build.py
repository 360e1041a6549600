"""What surrounds every `build`: the name scope, the record of shapes, the escape from probing."""

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch

from torchkeras._base import scope
from torchkeras.core import nest


def as_shape(value: Any) -> Any:
    """Turn the lists of a config, or tensor shapes, into tuples; sizes of a probe become None."""
    if isinstance(value, dict):
        return {k: as_shape(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        if all(d is None or isinstance(d, int) for d in value):
            return tuple(None if d == scope.state.probe_size else d for d in value)
        return type(value)(as_shape(v) for v in value)
    return value


def wrap_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a class's `build`, once, when the class is made."""

    @functools.wraps(build)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.__dict__.get("_building"):
            return build(self, *args, **kwargs)  # a subclass calls super().build()
        args, kwargs = as_shape(list(args)), as_shape(kwargs)
        self.__dict__["_building"] = True
        # Weights are real even when an outer layer is only being probed for its shapes.
        probing = scope.state.probe_size is not None
        real = torch._C.DisableTorchFunction() if probing else nullcontext()
        try:
            with (
                real,
                torch.inference_mode(False),  # a first predict() must not make inference tensors
                scope.name_scope(self.name),
                scope.scoped(autocast=None),
            ):
                self._settle_policy()
                build(self, *args, **kwargs)
                self._refresh()  # so that `layer.call` can be used by itself
                self.built = True
                if "_weights_to_set" in self.__dict__:  # `weights=` of Keras 1 and 2
                    self.set_weights(self.__dict__.pop("_weights_to_set"))
                self._on_built()
        finally:
            self.__dict__["_building"] = False
        self.__dict__["_build_shapes"] = _by_name(build, args, kwargs)
        self.built = True
        return None

    return wrapped


def _by_name(build: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    names = build.__code__.co_varnames[1 : build.__code__.co_argcount] if args else ()
    shapes = dict(zip(names, args, strict=False)) | kwargs
    if not shapes and args:
        shapes = {"input_shape": args[0]}
    return {k: v for k, v in shapes.items() if v is not None}


def build_config(shapes: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return recorded shapes in the form that Keras stores."""
    if shapes is None:
        return None
    if len(shapes) == 1:
        return {"input_shape": next(iter(shapes.values()))}
    return {"shapes_dict": dict(shapes)}


def flat_shapes(value: Any) -> list[Any]:
    """Return the leaves of a structure of shapes."""
    if isinstance(value, dict):
        return [s for k in sorted(value) for s in flat_shapes(value[k])]
    if isinstance(value, (list, tuple)) and any(nest.is_nested(e) for e in value):
        return [s for e in value for s in flat_shapes(e)]
    return [value]
