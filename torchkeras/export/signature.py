"""Shapes, dtypes and names of what goes into an exported function."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras._base.config import floatx
from torchkeras.core import dtypes, nest
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers._call_spec import call_spec
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer
from torchkeras.models.model import Model


@dataclasses.dataclass(frozen=True)
class TensorSpec:
    """Shape, dtype and name of one input of an exported function.

    Args:
        shape: Sizes; None where any will do.
        dtype: Name of a dtype, or a torch dtype.
        name: What callers name it by; default: the function's parameter.

    >>> TensorSpec((None, 3), name="x")
    TensorSpec(shape=(None, 3), dtype='float32', name='x')
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    name: str | None = None

    def __post_init__(self) -> None:
        shape = tuple(None if n is None else int(n) for n in self.shape)
        if any(n is not None and n < 0 for n in shape):
            raise ValueError(f"TensorSpec: sizes must not be negative. {received('shape', shape)}")
        dtype = dtypes.standardize_dtype(self.dtype)
        if dtype == "string":
            raise ValueError(
                "Strings cannot be exported: there are no tensors of them. Export the part of the "
                f"model behind its string layers. Received: an input {self.name!r} of strings."
            )
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "dtype", dtype)


def is_spec(x: Any) -> bool:
    """Tell whether `x` can stand for one input: a spec, a symbol, a tensor or an array."""
    return hasattr(x, "shape") and hasattr(x, "dtype") and not isinstance(x, torch.nn.Module)


def as_spec(x: Any) -> TensorSpec:
    """Return what stands for an input as a TensorSpec; a tensor's batch size is left open.

    Raises:
        ValueError: if there is no shape in it.
    """
    if isinstance(x, TensorSpec):
        return x
    if not is_spec(x) or x.shape is None:
        raise ValueError(
            "input_signature: a TensorSpec, InputSpec, KerasTensor or tensor is needed for each "
            f"input. {received('input_signature', x)}"
        )
    shape = tuple(x.shape)
    if not isinstance(x, (InputSpec, KerasTensor)) and hasattr(x, "__array__"):
        shape = (None, *shape[1:]) if shape else ()
    automatic = isinstance(x, (torch.Tensor, KerasTensor))  # names that nobody gave
    name = None if automatic else getattr(x, "name", None)
    dtype = getattr(x.dtype, "name", x.dtype)  # of tf.TensorSpec too
    return TensorSpec(shape, dtype or floatx(), name if isinstance(name, str) else None)


def leaves(structure: Any) -> list[Any]:
    """Return what stands in lists, tuples and dicts, in the order in which torch goes through them.

    (A dict goes by the order of its keys; in Keras's own order they are sorted.)
    """
    found: list[Any] = []
    nest.map_structure(found.append, structure)
    return found


def renumbered(structure: Any, values: Iterable[Any]) -> Any:
    """Return the structure with these in the places of its leaves."""
    rest = iter(values)
    return nest.map_structure(lambda _: next(rest), structure)


def as_arguments(signature: Any) -> list[Any]:
    """Return an `input_signature` as a list: the specs of each positional argument."""
    if not isinstance(signature, (list, tuple)):
        signature = [signature]
    return [nest.map_structure(as_spec, s) for s in signature]


# ----------------------------------------------------------------------------- what models know


def model_arguments(model: Any) -> list[Any] | None:
    """Return the specs of a layer's or model's arguments, or None if it was never called.

    A functional model knows them; another layer remembers the shapes that it was built for.
    """
    if isinstance(model, Model) and model._graph is not None:
        flat = [
            TensorSpec(t.shape, t.dtype, n)
            for t, n in zip(model._graph.inputs, model.input_names, strict=True)
        ]
        return [nest.pack_as(model._inputs_struct, flat)]
    shapes = model.__dict__.get("_build_shapes") if isinstance(model, Layer) else None
    if not shapes or not model.built:
        return None
    shapes = shapes if isinstance(shapes, dict) else {"inputs": shapes}
    dtype = model.input_dtype
    return [_specs_of_shape(s, dtype) for s in shapes.values() if s is not None]


def _specs_of_shape(shape: Any, dtype: str) -> Any:
    if isinstance(shape, dict):
        return {k: _specs_of_shape(s, dtype) for k, s in shape.items()}
    if any(isinstance(s, (list, tuple, dict)) for s in shape):
        return [_specs_of_shape(s, dtype) for s in shape]
    return TensorSpec((None, *shape[1:]), dtype)


def fit_to_model(model: Any, arguments: list[Any]) -> list[Any]:
    """Return arguments for a functional model, which takes a single one: its inputs' structure.

    `[a, b]` is also taken for the inputs of a model of two.
    """
    if not isinstance(model, Model) or model._graph is None:
        return arguments
    own = model_arguments(model)[0]  # type: ignore[index]
    names = [s.name for s in leaves(own)]
    given = arguments[0] if len(arguments) == 1 else arguments
    if isinstance(given, dict) and isinstance(own, dict) and set(given) == set(own):
        given = {k: given[k] for k in own}
    elif isinstance(given, dict) and set(given) == set(names):
        given = [given[n] for n in names]
    flat = leaves(given)
    if len(flat) != len(names):
        raise ValueError(
            f"input_signature: model {model.name!r} has {len(names)} input(s): {names}. "
            f"{received('input_signature', arguments)}"
        )
    named = [
        s if s.name else dataclasses.replace(s, name=n) for s, n in zip(flat, names, strict=True)
    ]
    return [renumbered(own, named)]


# --------------------------------------------------------------------------------------- names


def parameter_names(fn: Callable[..., Any], count: int) -> list[str]:
    """Return names for the first positional parameters of a function.

    Raises:
        ValueError: if it does not take so many.
    """
    if isinstance(fn, Layer) and count <= len(call_spec(type(fn).call).names):
        return list(call_spec(type(fn).call).names[:count])
    try:
        known = inspect.signature(fn.forward if isinstance(fn, torch.nn.Module) else fn)
    except (TypeError, ValueError):
        return [f"input_{i}" for i in range(count)]
    places = [
        p
        for p in known.parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    needed = [p for p in places if p.default is p.empty]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in known.parameters.values())
    if not len(needed) <= count <= (count if variadic else len(places)):
        raise ValueError(
            f"input_signature: {getattr(fn, '__name__', fn)!r} takes {len(places)} argument(s), "
            f"but the signature has {count}. The specs of one argument that is a list go into a "
            "list of their own."
        )
    names = [p.name for p in places[:count]]
    return names + [f"input_{i}" for i in range(len(names), count)]


def input_names(arguments: Iterable[Any], parameters: Iterable[str]) -> list[str]:
    """Return a name for every input: its own, its dict key, or that of the parameter."""
    names: list[str] = []
    for structure, parameter in zip(arguments, parameters, strict=True):
        _name(structure, parameter, names)
    return _distinct(names)


def _name(structure: Any, fallback: str, names: list[str], keyed: bool = False) -> None:
    if isinstance(structure, dict):
        for key in structure:
            _name(structure[key], str(key), names, keyed=True)
    elif isinstance(structure, (list, tuple)):
        for i, entry in enumerate(structure):
            _name(entry, fallback if i == 0 else f"{fallback}_{i}", names)
    else:
        names.append(fallback if keyed or not structure.name else structure.name)


def output_names(structure: Any) -> list[str]:
    """Return a name for every output: its dict key, or `output_0`, `output_1`, …."""
    if isinstance(structure, dict):
        names: list[str] = []
        for key in structure:
            inner = output_names(structure[key]) if nest.is_nested(structure[key]) else [""]
            names += [f"{key}_{n}".rstrip("_") if n else str(key) for n in inner]
        return _distinct(names)
    return [f"output_{i}" for i in range(len(leaves(structure)))]


def _distinct(names: list[str]) -> list[str]:
    taken: set[str] = set()
    out = []
    for name in names:
        n, new = 0, name
        while new in taken:
            n += 1
            new = f"{name}_{n}"
        taken.add(new)
        out.append(new)
    return out
