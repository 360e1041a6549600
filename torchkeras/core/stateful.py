"""The walk over all that a file keeps of a model, in the order and under the names of Keras.

Keras's files name an object by the attributes that lead to it (`layers/dense`, `encoder/cell`),
in alphabetical order, private ones last, and each object only by the first name that reaches it.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from functools import cached_property
from typing import Any

from torch import nn

from torchkeras._base.naming import to_snake_case

_MODULE_FIELDS = frozenset(nn.Module().__dict__) | {"_init_arguments"}
_OURS = frozenset({"torchkeras", "torch", "builtins", "abc", "typing"})
_Method = Callable[..., None]


def standard(method: _Method) -> _Method:
    """Mark the base's `save_own_variables` or `load_own_variables`.

    Of an object with both marked, a reader knows what they do: the entries `"0"`, `"1"`, … are
    the tensors of `_stored_variables()`. So it can check a whole file before it changes any.
    """
    method._standard = True  # type: ignore[attr-defined]
    return method


def is_standard(obj: Any) -> bool:
    """Tell whether an object's own state is just the list `_stored_variables()`."""
    if getattr(obj, "__dict__", {}).get("_own_files", False):
        return False  # an adapter of this one object makes other values of its variables
    return all(
        getattr(getattr(type(obj), name, None), "_standard", False)
        for name in ("save_own_variables", "load_own_variables")
    )


def is_container(value: Any) -> bool:
    """Tell whether a value is a list, tuple, dict or set, tracked or plain."""
    return isinstance(value, (list, tuple, dict, set))


def is_metric(value: Any) -> bool:
    """Tell whether a value is a metric: its counts are no part of a file, its layers are."""
    return hasattr(type(value), "update_state") and hasattr(type(value), "reset_state")


def is_stateful(value: Any) -> bool:
    """Tell whether the walk stops at a value: a layer, module, optimizer, metric or loss."""
    if is_container(value) or isinstance(value, type):
        return False
    cls = type(value)
    return (
        isinstance(value, nn.Module)
        or hasattr(cls, "save_own_variables")
        or is_metric(value)
        or (hasattr(value, "reduction") and hasattr(cls, "get_config"))  # a loss
    )


def torch_module(value: Any) -> nn.Module | None:
    """Return the module whose `state_dict` is all that a file keeps of an object, if there is one.

    That is a torch module which knows nothing of Keras's files, or the one that a layer stands for
    (its class names the attribute in `_stands_for`).
    """
    attribute = getattr(type(value), "_stands_for", None)
    if attribute is not None:
        return getattr(value, attribute)
    if not isinstance(value, nn.Module) or is_metric(value):
        return None
    return None if hasattr(type(value), "save_own_variables") else value


_Enter = Callable[[Any, str], bool]


def walk(root: Any, skip: Iterable[Any] = ()) -> Iterator[tuple[str, Any]]:
    """Yield `(path, object)` for `root` (path `""`) and all objects under it, each once.

    Objects in `skip`, and what only they lead to, are left out.

    >>> class Box:
    ...     def save_own_variables(self, store): ...
    >>> box = Box()
    >>> box.b, box.a = [Box(), Box()], Box()
    >>> [path for path, _ in walk(box)]
    ['', 'a', 'b/box', 'b/box_1']
    """
    # The objects too: an id may come again when its object is gone.
    seen = {id(obj): obj for obj in skip}

    def enter(value: Any, path: str) -> bool:
        if id(value) in seen:
            return False
        seen[id(value)] = value
        return True

    yield from _visit(root, "", enter)


def names(root: Any, places: Container[str]) -> Iterator[tuple[str, Any]]:
    """Yield `(path, object)` for every path in `places` that leads to an object, by any name.

    >>> class Box:
    ...     def save_own_variables(self, store): ...
    >>> box = Box()
    >>> box.a = box.b = Box()
    >>> [path for path, _ in names(box, {"b"})]
    ['', 'b']
    """
    yield from _visit(root, "", lambda value, path: not path or path in places)


def _visit(obj: Any, path: str, enter: _Enter) -> Iterator[tuple[str, Any]]:
    module = torch_module(obj)
    if not enter(obj, path):
        return
    if module is not None and module is not obj and not enter(module, path):
        return  # a layer and the module that it stands for are one
    yield path, obj
    if module is not None:
        return  # its state_dict is all of it
    for name, value in _attributes(obj):
        yield from _visit_value(value, f"{path}/{name}" if path else name, enter)


def _visit_value(value: Any, path: str, enter: _Enter) -> Iterator[tuple[str, Any]]:
    if is_container(value):
        yield from _visit_container(value, path, enter)
    elif is_stateful(value):
        yield from _visit(value, path, enter)


def _visit_container(values: Any, path: str, enter: _Enter) -> Iterator[tuple[str, Any]]:
    if not values or not enter(values, path):
        return  # the second: a list may contain itself
    used: dict[str, int] = {}
    # dict(…) and list(…) go past what a tracked container makes of these methods
    for value in dict(values).values() if isinstance(values, dict) else list(values):
        nested = is_container(value)
        if not nested and not is_stateful(value):
            continue
        name = "container" if nested else to_snake_case(type(value).__name__)
        n = used.get(name, 0)
        used[name] = n + 1
        yield from _visit_value(value, f"{path}/{name}_{n}" if n else f"{path}/{name}", enter)


def _attributes(obj: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that may lead on, in the order of Keras's files."""
    cls = type(obj)
    fields = getattr(obj, "__dict__", {})
    modules = fields.get("_modules", {})
    names = {n for n in (*fields, *modules) if n not in _MODULE_FIELDS}
    names.update(_own_properties(cls))
    known: set[int] = set()
    if isinstance(obj, nn.Module) and isinstance(getattr(cls, "layers", None), property):
        if fields.get("_graph") is None and "_row" not in fields:
            names.add("layers")
        else:  # functional and sequential models: what is drawn comes before all attributes
            yield "layers", obj.layers
            known = {id(operation) for operation in obj.operations}
            names -= {"layers", "operations", "_row"}
    for name in sorted(names, key=lambda n: (n.startswith("_"), n)):
        try:
            value = fields[name] if name in fields else getattr(obj, name)
        except Exception:
            continue  # a property of the user's that has no value yet
        if id(value) not in known and (is_container(value) or is_stateful(value)):
            yield _public_name(cls, obj, name, value), value


def _own_properties(cls: type) -> Iterator[str]:
    """Yield the names of the properties that a user's class defines; `optimizer` is ours."""
    if isinstance(getattr(cls, "optimizer", None), property):
        yield "optimizer"
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] not in _OURS:
            for name, value in base.__dict__.items():
                if isinstance(value, (property, cached_property)):
                    yield name


def _public_name(cls: type, obj: Any, name: str, value: Any) -> str:
    """Prefer `query_dense` to `_query_dense` where the first is a property that gives the same."""
    public = name.lstrip("_")
    if public != name and isinstance(getattr(cls, public, None), property):
        try:
            if getattr(obj, public) is value:
                return public
        except Exception:
            return name
    return name
