"""Lists and dicts of layers and variables that a layer owns."""

import copy
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from torchkeras.core.variable import Variable

_stamps = itertools.count()


def stamp(variable: Any) -> int:
    """Return the number that a variable got when a layer first got the variable."""
    number = getattr(variable, "_stamp", None)
    if number is None:
        number = next(_stamps)
        variable._stamp = number
    return number


def go_past(number: int) -> None:
    """Give out only higher numbers from now on: variables of another process may have this one."""
    global _stamps
    if next(_stamps) <= number:
        _stamps = itertools.count(number + 1)


def adopt(value: Any) -> Any:
    """Note the variables in a value that a list or dict is about to hold; return the value."""
    if isinstance(value, Variable):
        release = value.__dict__.pop("_release", None)
        if release is not None:
            release()
        stamp(value)
    elif isinstance(value, dict):
        for entry in dict.values(value):
            adopt(entry)
    elif isinstance(value, (list, tuple)):
        for entry in list.__iter__(value) if isinstance(value, list) else value:
            adopt(entry)
    return value


def module_key(name: Any, taken: Mapping[str, Any], value: Any = None) -> str:
    """Return the name under which a module has a child: no dot, and no other child's name.

    >>> module_key("a.b", {"a_b": 1})
    'a_b_'
    """
    key = str(name).replace(".", "_")
    while taken.get(key, value) is not value:
        key += "_"
    return key


def holds_state(value: Any) -> bool:
    """Tell whether `value` is a module or parameter, or a container with one in it."""
    if isinstance(value, (nn.Module, nn.Parameter)):
        return True
    if isinstance(value, dict):
        return any(holds_state(v) for v in value.values())
    return isinstance(value, (list, tuple)) and any(holds_state(v) for v in value)


def is_state_list(value: Any) -> bool:
    """Tell whether a list or dict must be followed: it holds state, or is yet empty."""
    if type(value) in (list, dict) and not value:
        return True
    return isinstance(value, (list, tuple, dict)) and holds_state(value)


class Tracked(nn.Module):
    """Module half of a container: its entries are its children, read at every call.

    The entries may change at any time by the methods of list and dict, so the tables of
    `nn.Module` are computed from them and never stored.
    """

    def __init__(self) -> None:
        # nn.Module.__init__ would store tables over the properties below.
        for name, empty in nn.Module().__dict__.items():
            if name not in ("_modules", "_parameters", "_buffers"):
                self.__dict__[name] = empty
        self.__dict__["training"] = False

    def _entries(self) -> Iterator[tuple[str, Any]]:
        raise TypeError("a tracked container is a list or a dict")

    @property
    def _modules(self) -> dict[str, nn.Module]:  # type: ignore[override]
        found = {}
        for key, value in self._entries():
            if isinstance(value, nn.Module):
                found[key] = value
            elif isinstance(value, (list, tuple, dict)) and holds_state(value):
                found[key] = child = track(value)
                child.__dict__["_origin"] = value  # which is read; the copy only stands for it
        return found

    @property
    def _parameters(self) -> dict[str, nn.Parameter]:  # type: ignore[override]
        own = {
            k: v
            for k, v in self._entries()
            if isinstance(v, nn.Parameter) and not is_state_variable(v)
        }
        return _Table(self, own)

    @property
    def _buffers(self) -> dict[str, torch.Tensor]:  # type: ignore[override]
        return _Table(self, {k: v for k, v in self._entries() if is_state_variable(v)})

    __hash__ = nn.Module.__hash__  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        # torch follows names of state_dict by getattr: cells.0.kernel
        for key, value in self._entries():
            if key == name and isinstance(value, torch.Tensor):
                return value
        if name in (modules := self._modules):
            return modules[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, torch.Tensor) and self._replace(name, value)):
            super().__setattr__(name, value)

    def _replace(self, name: str, value: torch.Tensor) -> bool:
        """Put a tensor in the place of one, as torch.func.functional_call does for a while."""
        keys = range(len(self)) if isinstance(self, list) else list(dict.keys(self))  # type: ignore[call-overload,arg-type]
        for key, (known, old) in zip(keys, list(self._entries()), strict=True):
            if known == name and isinstance(old, torch.Tensor):
                (list if isinstance(self, list) else dict).__setitem__(self, key, value)  # type: ignore[arg-type,index]
                self.__dict__["_mirror"] = _plain(self)
                origin = self.__dict__.get("_origin")
                if isinstance(origin, (list, dict)):
                    origin[key] = value
                return True
        return False

    def _apply(self, fn: Any, recurse: bool = True) -> "Tracked":
        for module in self._modules.values():
            module._apply(fn)
        apply_to_variables(fn, (*self._parameters.values(), *self._buffers.values()))
        return self


class _Table(dict):
    """The variables of a container by name; what is put in goes into the container."""

    def __init__(self, container: Tracked, content: dict[str, Any]) -> None:
        super().__init__(content)
        self._container = container

    def __setitem__(self, name: str, value: Any) -> None:
        self._container._replace(name, value)


def is_state_variable(value: Any) -> bool:
    """Tell whether a variable was created as state (moving mean, seed, counter)."""
    return isinstance(value, Variable) and not getattr(value, "_learned", True)


def apply_to_variables(fn: Any, variables: Any) -> None:
    """Do what `nn.Module._apply` does to tensors, keeping the Variable objects."""
    for v in variables:
        with torch.no_grad():
            v.data = fn(v)
            if v.grad is not None:
                v.grad.data = fn(v.grad)


def _plain(container: Any) -> Any:
    """Return the entries themselves, which the container's own reading methods do not."""
    if isinstance(container, list):
        return list.copy(container)
    return dict(dict.items(container))


def _changing(kind: type, *names: str) -> Iterator[Any]:
    """Make mutating methods of list or dict whose effect the mirror follows."""

    def make(method: Any) -> Any:
        @functools.wraps(method)
        def changed(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = method(self, *args, **kwargs)
            self.__dict__["_mirror"] = _plain(self)
            return result

        return changed

    return (make(getattr(kind, name)) for name in names)


class TrackedList(Tracked, list):
    """A list whose modules and variables belong to the layer that holds it.

    `torch.compile` cannot look into it: reading goes by a plain list of the same entries, the
    mirror.
    """

    def __init__(self, values: Any = ()) -> None:
        Tracked.__init__(self)
        list.__init__(self, adopt(values))
        self.__dict__["_mirror"] = _plain(self)

    pop, remove, clear, sort, reverse, __delitem__, __imul__ = _changing(
        list, "pop", "remove", "clear", "sort", "reverse", "__delitem__", "__imul__"
    )
    _append, _insert, _extend, _set = _changing(list, "append", "insert", "extend", "__setitem__")

    def append(self, value: Any) -> None:
        """See `list`."""
        self._append(adopt(value))

    def insert(self, index: Any, value: Any) -> None:
        """See `list`."""
        self._insert(index, adopt(value))

    def extend(self, values: Iterable[Any]) -> None:
        """See `list`."""
        self._extend(adopt(list(values)))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._set(index, adopt(list(value) if isinstance(index, slice) else value))

    def __iadd__(self, values: Iterable[Any]) -> "TrackedList":  # type: ignore[override,misc]
        self.extend(values)
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(self._mirror)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._mirror)

    def __len__(self) -> int:
        return len(self._mirror)

    def __getitem__(self, index: Any) -> Any:
        return self._mirror[index]

    def _entries(self) -> Iterator[tuple[str, Any]]:
        return ((str(i), v) for i, v in enumerate(list.__iter__(self)))

    def __repr__(self) -> str:
        return list.__repr__(self)

    def __reduce_ex__(self, protocol: int) -> tuple[Any, ...]:
        return TrackedList, (), None, iter(list(self))  # an entry may lead back to the list

    def __deepcopy__(self, memo: dict[int, Any]) -> "TrackedList":
        return _copied(self, TrackedList(), memo, lambda new, c: new.extend(c), list(self))

    def copy(self) -> list[Any]:
        """Return a plain list of the same entries."""
        return list(self)


class TrackedDict(Tracked, dict):
    """A dict whose modules and variables belong to the layer that holds it; see `TrackedList`."""

    def __init__(self, values: Any = ()) -> None:
        Tracked.__init__(self)
        dict.__init__(self, adopt(values))
        self.__dict__["_mirror"] = _plain(self)

    pop, popitem, clear, __delitem__ = _changing(dict, "pop", "popitem", "clear", "__delitem__")
    _set, _setdefault, _update = _changing(dict, "__setitem__", "setdefault", "update")

    def __setitem__(self, key: Any, value: Any) -> None:
        self._set(key, adopt(value))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """See `dict`."""
        return self._setdefault(key, adopt(default))

    def update(self, *args: Any, **kwargs: Any) -> None:
        """See `dict`."""
        self._update(adopt(dict(*args, **kwargs)))

    def __ior__(self, other: Any) -> "TrackedDict":  # type: ignore[override,misc]
        self.update(other)
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(self._mirror)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._mirror)

    def __len__(self) -> int:
        return len(self._mirror)

    def __getitem__(self, key: Any) -> Any:
        return self._mirror[key]

    def __contains__(self, key: Any) -> bool:
        return key in self._mirror

    def get(self, key: Any, default: Any = None) -> Any:
        """See `dict`."""
        return self._mirror.get(key, default)

    def keys(self) -> Any:
        """See `dict`."""
        return self._mirror.keys()

    def values(self) -> Any:
        """See `dict`."""
        return self._mirror.values()

    def items(self) -> Any:
        """See `dict`."""
        return self._mirror.items()

    def _entries(self) -> Iterator[tuple[str, Any]]:
        entries: dict[str, Any] = {}
        for k, v in dict.items(self):
            entries[module_key(k, entries, v)] = v
        return iter(entries.items())

    def __repr__(self) -> str:
        return dict.__repr__(self)

    def __reduce_ex__(self, protocol: int) -> tuple[Any, ...]:
        return TrackedDict, (), None, None, iter(_plain(self).items())

    def __deepcopy__(self, memo: dict[int, Any]) -> "TrackedDict":
        return _copied(self, TrackedDict(), memo, lambda new, c: new.update(c), _plain(self))


def _copied(old: Any, new: Any, memo: dict[int, Any], fill: Any, content: Any) -> Any:
    from_memo = memo.get(id(old))
    if from_memo is not None:
        return from_memo
    memo[id(old)] = new  # entered first: an entry may lead back to the container
    fill(new, copy.deepcopy(content, memo))
    return new


def containers(modules: Iterable[nn.Module], seen: set[int] | None = None) -> Iterator[Tracked]:
    """Yield the tracked lists and dicts among modules, and those within them, each once."""
    for module in modules:
        if isinstance(module, Tracked):
            seen = set() if seen is None else seen
            if id(module) not in seen:  # a list may contain itself
                seen.add(id(module))
                yield module
                yield from containers(module._modules.values(), seen)


def track(value: Any) -> Tracked:
    """Return a tracked copy of a list, tuple or dict."""
    return TrackedDict(value) if isinstance(value, dict) else TrackedList(value)
