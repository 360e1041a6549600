"""`saved_model.save`: an object's functions, in the forms in which TensorFlow takes them."""

import functools
import os
from collections.abc import Callable
from typing import Any

from torch import nn

from torchkeras._base import files
from torchkeras._base.check import received
from torchkeras.export import folder, loaded, signature
from torchkeras.export.archive import arguments_of, is_signature, write
from torchkeras.export.trace import trace

_HOW = (
    "Give signatures=TensorSpec((None, 3)), a function decorated with "
    "@saved_model.function(input_signature=[...]), or a dict of name -> function"
)


def function(
    fn: Callable[..., Any] | None = None, input_signature: Any = None
) -> Callable[..., Any]:
    """Note the specs of a function's arguments on it, for `save`; what `tf.function` is used for.

    Args:
        fn: The function (or method); without it, this is a decorator.
        input_signature: List of TensorSpecs, or structures of them, one for each argument.

    >>> from torchkeras.saved_model import TensorSpec, function
    >>> @function(input_signature=[TensorSpec((None, 2))])
    ... def double(x):
    ...     return {"twice": 2 * x}
    >>> double(3)
    {'twice': 6}
    """
    if fn is None:
        return functools.partial(function, input_signature=input_signature)
    fn.input_signature = signature.as_arguments(input_signature)  # type: ignore[attr-defined]
    return fn


def save(
    obj: Any,
    path: str | os.PathLike[str],
    signatures: Any = None,
    options: Any = None,
) -> None:
    """Save the functions of an object to a folder: each as ONNX and as a `torch.export` program.

    Sizes that a spec leaves open (None) stay open in the files. An older saved model at `path` is
    replaced by the complete new one; a folder of anything else is left alone.

    Args:
        obj: A model, layer, torch module, or an object with functions that `function` decorated.
        path: The folder.
        signatures: What is offered as `loaded.signatures[name]`: a function, or specs of `obj`'s
            own inputs (both as `"serving_default"`), or a dict of name -> one of these. Default:
            the model itself, for the inputs that it was built for.
        options: A `SaveOptions`.

    Raises:
        ValueError: if the inputs are not known, or a function cannot be recorded.
        FileExistsError: if `path` is something else.

    >>> import tempfile, torch, torchkeras as keras
    >>> from torchkeras import saved_model
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> path = tempfile.mkdtemp()
    >>> saved_model.save(model, path)
    >>> saved_model.load(path).signatures["serving_default"](torch.ones(4, 3))["output_0"].shape
    torch.Size([4, 2])
    """
    path = files.check_local(path, "saved_model.save")
    wanted = _wanted(obj, signatures)
    methods = {k: f for k, f in _methods(obj).items() if all(f != w for w, _ in wanted.values())}
    tracked = (obj,) if isinstance(obj, nn.Module) else ()
    programs = {}
    for name, (fn, specs) in [*wanted.items(), *((k, (f, None)) for k, f in methods.items())]:
        arguments = arguments_of(fn, specs, f"saved_model.save: signature {name!r}")
        programs[name] = trace(fn, arguments, tracked=tracked, name=name)
    if not programs:
        raise ValueError(
            f"saved_model.save: there is nothing to save. {_HOW}. {received('obj', obj)}"
        )
    write(path, programs, {name: name for name in wanted}, {}, options)


def _wanted(obj: Any, signatures: Any) -> dict[str, tuple[Any, Any]]:
    """Return the functions that are asked for, with specs where these are given, by name."""
    if signatures is None:
        known = isinstance(obj, nn.Module) and not _methods(obj)
        known = known or signature.model_arguments(obj) is not None
        return {loaded.DEFAULT: (obj, None)} if known else {}
    own = isinstance(signatures, dict) and _names_inputs(obj, signatures)
    if own or not isinstance(signatures, dict):
        signatures = {loaded.DEFAULT: [signatures] if own else signatures}
    wanted = {}
    for name, given in signatures.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"saved_model.save: names are strings. {received('name', name)}")
        wanted[name] = _one(obj, name, given)
    return wanted


def _names_inputs(obj: Any, signatures: dict[Any, Any]) -> bool:
    """Tell whether a dict of specs describes the inputs of a model, not several signatures."""
    known = signature.model_arguments(obj)
    return (
        is_signature(signatures)
        and known is not None
        and len(known) == 1
        and isinstance(known[0], dict)
        and set(known[0]) == set(signatures)
    )


def _one(obj: Any, name: str, given: Any) -> tuple[Any, Any]:
    if is_signature(given):
        if not callable(obj):
            raise ValueError(
                f"saved_model.save: signature {name!r} gives inputs only, and obj cannot be "
                f"called. {_HOW}."
            )
        return obj, [given] if isinstance(given, dict) else given
    if isinstance(given, tuple) and len(given) == 2 and callable(given[0]):
        return given
    if not callable(given):
        raise ValueError(
            f"saved_model.save: signature {name!r} is neither a function nor a spec. {_HOW}. "
            f"{received('signatures', given)}"
        )
    if getattr(given, "input_signature", None) is None and not isinstance(given, nn.Module):
        known = signature.model_arguments(getattr(given, "__self__", obj))
        known = known or signature.model_arguments(obj)
        return given, known  # `lambda x: {"p": model(x)}` takes what the model takes
    return given, None


def _methods(obj: Any) -> dict[str, Any]:
    """Return the functions of an object that say what they take."""
    found = {}
    names = {n for c in type(obj).__mro__ for n in vars(c)} | set(getattr(obj, "__dict__", ()))
    for name in sorted(names):
        if not name.startswith("_"):
            raw = vars(obj).get(name) if hasattr(obj, "__dict__") else None
            raw = raw if raw is not None else getattr(type(obj), name, None)
            if callable(raw) and hasattr(raw, "input_signature"):
                found[name] = getattr(obj, name)
    return found


def contains_saved_model(path: str | os.PathLike[str]) -> bool:
    """Tell whether a folder was written by `save` or `model.export(format="saved_model")`."""
    return folder.is_saved_model(os.fspath(path))
