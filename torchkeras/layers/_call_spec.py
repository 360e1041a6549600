"""What the template needs to know of a layer class's `call` and `build`, read once a class."""

import inspect
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from torchkeras.core import nest
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import is_tensor


class CallSpec(NamedTuple):
    """Parameters of a `call` method."""

    names: tuple[str, ...]  # positional parameters, without self
    has_training: bool
    has_mask: bool
    mask_names: dict[str, str]  # tensor argument -> its mask parameter
    required: frozenset[str]  # parameters without a default
    accepted: frozenset[str]  # what can be given by name
    signature: inspect.Signature
    takes_positional: bool  # whether it can be called on a tensor without a name


@cache
def call_spec(function: Any) -> CallSpec:
    """Read the signature of an unbound `call`."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1:]
    names = tuple(
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    )
    known = {p.name for p in parameters}
    mask_names = {n: f"{n}_mask" for n in names if f"{n}_mask" in known}
    if "mask" in known and names:
        mask_names.setdefault(names[0], "mask")
    signature = signature.replace(parameters=parameters)
    positional = bool(names) or any(p.kind is p.VAR_POSITIONAL for p in parameters)
    plain = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return CallSpec(
        names,
        "training" in known,
        "mask" in known,
        mask_names,
        frozenset(p.name for p in plain if p.default is p.empty),
        frozenset(p.name for p in plain if p.kind is not p.POSITIONAL_ONLY),
        signature,
        positional,
    )


@cache
def build_parameters(function: Any) -> tuple[str, ...]:
    """Return the names of a `build` method's parameters, without self and the variadic ones."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return tuple(p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))


@cache
def _needed(function: Any) -> tuple[str, ...]:
    """Return the names of a `build` method's parameters that have no default."""
    parameters = inspect.signature(function).parameters
    return tuple(n for n in build_parameters(function) if parameters[n].default is inspect._empty)


def mentions(cls: type, name: str, base: type) -> bool:
    """Tell whether a method that a class adds to `base` reads the attribute `name`."""
    own = cls.__mro__[: cls.__mro__.index(base)]
    codes = (getattr(f, "__code__", None) for c in own for f in vars(c).values())
    return any(code is not None and name in code.co_names for code in codes)


def bind(spec: CallSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return argument name -> value of a call, defaults left out."""
    given = dict(zip(spec.names, args, strict=False))
    if (  # the common case by hand: inspect is slow, and torch.compile cannot trace it
        0 < len(args) <= len(spec.names)
        and kwargs.keys() <= spec.accepted
        and not (given.keys() & kwargs.keys())
        and spec.required <= given.keys() | kwargs.keys()
    ):
        return given | kwargs
    bound = spec.signature.bind(*args, **kwargs)
    out: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = spec.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            out.update(value)
        elif kind is not inspect.Parameter.VAR_POSITIONAL:
            out[name] = value
    return out


def _has_shape(x: Any) -> bool:
    return is_tensor(x) or isinstance(x, (KerasTensor, np.ndarray))


def is_tensor_argument(value: Any) -> bool:
    """Tell whether an argument is a tensor (or an array of strings) or a structure of them."""
    if _has_shape(value):
        return True
    if not nest.is_nested(value):
        return False
    leaves = nest.flatten(value)
    return (
        bool(leaves)
        and all(e is None or _has_shape(e) for e in leaves)
        and any(e is not None for e in leaves)
    )


def shapes_by_parameter(
    arguments: dict[str, Any], function: Any, default: str = "input_shape"
) -> dict[str, Any]:
    """Return the shapes of a call's tensor arguments under the names of a `build`-like method.

    A method of one parameter gets the shape of the first tensor, whatever it is called; one with
    several gets `<argument>_shape` for each it names.

    Raises:
        ValueError: if the method needs a shape that no tensor argument gives.
    """
    shapes = {
        f"{name}_shape": nest.map_structure(lambda x: None if x is None else tuple(x.shape), value)
        for name, value in arguments.items()
        if is_tensor_argument(value)
    }
    wanted = build_parameters(function)
    if not shapes or not wanted:
        return {}
    if len(wanted) == 1:
        return {wanted[0]: next(iter(shapes.values()))}
    found = {name: shapes[name] for name in wanted if name in shapes}
    if wanted[0] not in found and len(shapes) == 1:
        found[wanted[0]] = next(iter(shapes.values()))
    for name in _needed(function):
        if name not in found:
            raise ValueError(
                f"{function.__qualname__}: a parameter beside others must be called as a tensor "
                f"argument of call(), with '_shape' at its end: {', '.join(shapes)}. "
                f"Received: {name!r}."
            )
    return found
