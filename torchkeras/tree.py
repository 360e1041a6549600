"""Functions on nested lists, tuples, dicts, deques and namedtuples: `keras.tree`.

Dicts go by their sorted keys, `OrderedDict`s by their own order. A subclass of list, tuple or dict
is a leaf, but for namedtuples and the lists and dicts that a layer tracks.
"""

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.tracking import TrackedDict, TrackedList

_NODES = {
    list: list, tuple: tuple, dict: dict, OrderedDict: OrderedDict, defaultdict: defaultdict,
    deque: deque, torch.Size: torch.Size, TrackedList: list, TrackedDict: dict,
}  # fmt: skip
_DICTS = (dict, OrderedDict, defaultdict)


class MAP_TO_NONE:
    """What the function of `traverse` returns to put None in a subtree's place."""


def _kind(x: Any) -> type | None:
    """Return the type that the nodes of the sort of `x` are made as; None for a leaf."""
    cls = type(x)
    kind = _NODES.get(cls)
    if kind is None and issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return cls
    return kind


def _items(x: Any, kind: type) -> list[tuple[Any, Any]]:
    """Return the (key or index, child) pairs of a node, in order."""
    if kind is OrderedDict:
        return list(x.items())
    if kind in _DICTS:
        return [(key, x[key]) for key in sorted(x)]
    return list(enumerate(x))


def _make(like: Any, kind: type, keys: Iterable[Any], children: Iterable[Any]) -> Any:
    if kind in _DICTS:
        made = dict(zip(keys, children, strict=True))
        pairs = ((key, made[key]) for key in like)
        return defaultdict(like.default_factory, pairs) if kind is defaultdict else kind(pairs)
    if kind is deque:
        return deque(children, maxlen=like.maxlen)
    if kind is torch.Size:  # what is made of its entries need be no integers
        return tuple(children)
    return kind(*children) if hasattr(kind, "_fields") else kind(children)


def _compare(a: Any, b: Any, kind: type) -> None:
    """Refuse `b` if it is no node of the same sort and size as `a`."""
    other = _kind(b)
    if other is not kind and not (kind in _DICTS and other in _DICTS):
        raise ValueError(
            f"The structures differ: {kind.__name__} against "
            f"{type(b).__name__}. Received: {a!r} and {b!r}."
        )
    if len(a) != len(b) or (kind in _DICTS and set(a) != set(b)):
        what = f"keys {sorted(a)} against {sorted(b)}" if kind in _DICTS else "other lengths"
        raise ValueError(f"The structures differ: {what}. Received: {a!r} and {b!r}.")


def _children(keys: list[Any], kind: type, structures: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield, entry by entry, the children of several nodes of the same sort."""
    if kind in _DICTS:
        return zip(*([s[key] for key in keys] for s in structures), strict=True)
    return zip(*structures, strict=True)


def _check_function(owner: str, func: Any, structures: Any = True) -> None:
    if not callable(func):
        raise TypeError(f"{owner}: func must be callable. {received('func', func)}")
    if not structures:
        raise ValueError(f"{owner}: at least one structure is needed. Received: none.")


def is_nested(structure: Any) -> bool:
    """Tell whether a structure is a list, tuple, dict, deque or namedtuple.

    >>> is_nested([1]), is_nested("ab")
    (True, False)
    """
    return _kind(structure) is not None


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return `(path, leaf)` pairs; a path is the keys and indices on the way to the leaf.

    >>> flatten_with_path([{"foo": 42}])
    [((0, 'foo'), 42)]
    """
    kind = _kind(structure)
    if kind is None:
        return [((), structure)]
    return [
        ((key, *path), leaf)
        for key, child in _items(structure, kind)
        for path, leaf in flatten_with_path(child)
    ]


def flatten(structure: Any) -> list[Any]:
    """Return the leaves in order; None is a leaf.

    >>> flatten({"b": [1, (2, 3)], "a": None})
    [None, 1, 2, 3]
    """
    kind = _kind(structure)
    if kind is None:
        return [structure]
    return [leaf for _, child in _items(structure, kind) for leaf in flatten(child)]


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Apply `func` to the leaves of structures of one form, and return them in that form.

    Args:
        func: Callable of as many arguments as there are structures.
        *structures: Structures of the same form.
        none_is_leaf: If False, a leaf that is None stays None without a call of `func`.

    Raises:
        TypeError: if `func` is not callable.
        ValueError: if there is no structure, or their forms differ.

    >>> map_structure(lambda a, b: a * b, {"x": [2, 3]}, {"x": [4, 5]})
    {'x': [8, 15]}
    """
    _check_function("map_structure", func, structures)

    def leaf(*values: Any) -> Any:
        if none_is_leaf or values[0] is not None:
            return func(*values)
        if any(v is not None for v in values):
            raise ValueError(f"map_structure: some leaves are None, some not. Received: {values}.")
        return None

    return _map_up_to(structures[0], leaf, structures)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Apply `func` to what stands in structures where `shallow_structure` has its leaves.

    >>> map_structure_up_to([None, [None]], str, [[1, 1], [2]])
    ['[1, 1]', ['2']]
    """
    _check_function("map_structure_up_to", func, structures)
    return _map_up_to(shallow_structure, func, structures)


def _map_up_to(shallow: Any, func: Callable[..., Any], structures: tuple[Any, ...]) -> Any:
    kind = _kind(shallow)
    if kind is None:
        return func(*structures)
    for s in structures:
        if s is not shallow:
            _compare(shallow, s, kind)
    entries = _items(shallow, kind)
    keys = [key for key, _ in entries]
    mapped = [
        _map_up_to(child, func, parts)
        for (_, child), parts in zip(entries, _children(keys, kind, structures), strict=True)
    ]
    return _make(shallow, kind, keys, mapped)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Apply `func` to the shapes in a structure: lists and tuples of ints and None.

    >>> map_shape_structure(len, [(2, None), {"a": (3,)}])
    [2, {'a': 1}]
    """
    _check_function("map_shape_structure", func)
    kind = _kind(structure)
    if kind is None:
        return func(structure)
    if isinstance(structure, (list, tuple)) and all(
        d is None or isinstance(d, int) for d in structure
    ):
        return func(structure)
    entries = _items(structure, kind)
    mapped = [map_shape_structure(func, child) for _, child in entries]
    return _make(structure, kind, [key for key, _ in entries], mapped)


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Raise ValueError unless two structures are nested in the same way.

    Dicts of all sorts with equal keys are the same; list, tuple, deque and each namedtuple differ.

    Args:
        a: A structure.
        b: A structure.
        check_types: Without effect, as in Keras, which calls it deprecated.

    >>> assert_same_structure([(0, 1)], [(2, 3)])
    """
    if check_types is not None:
        warnings.warn(
            "The `check_types` argument is deprecated and no longer has any effect.",
            DeprecationWarning,
            stacklevel=2,
        )
    kind = _kind(a)
    if kind is None:
        if _kind(b) is not None:
            raise ValueError(f"The structures differ: a leaf against {b!r}. Received: {a!r}.")
        return
    _compare(a, b, kind)
    keys = [key for key, _ in _items(a, kind)]
    for left, right in _children(keys, kind, (a, b)):
        assert_same_structure(left, right)


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise ValueError unless two structures have the same paths, whatever their node types.

    >>> assert_same_paths([0, 1], (2, 3))
    """
    left = {path for path, _ in flatten_with_path(a)}
    right = {path for path, _ in flatten_with_path(b)}
    if left != right:
        raise ValueError(
            f"The structures have different paths: only in `a` {left - right or '{}'}, "
            f"only in `b` {right - left or '{}'}."
        )


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """Return the entries of a flat sequence in the form of `structure`.

    Raises:
        TypeError: if `flat_sequence` is not iterable.
        ValueError: if it has fewer or more entries than the structure has leaves.

    >>> pack_sequence_as({"b": 0, "a": [0, 0]}, [1, 2, 3])
    {'b': 3, 'a': [1, 2]}
    """
    flat = list(flat_sequence)
    leaves = len(flatten(structure))
    if leaves != len(flat):
        raise ValueError(
            f"pack_sequence_as: the structure has {leaves} leaves, the sequence {len(flat)} "
            f"entries. {received('flat_sequence', flat)}"
        )
    entries = iter(flat)
    return _map_up_to(structure, lambda _: next(entries), (structure,))


def lists_to_tuples(structure: Any) -> Any:
    """Return the structure with tuples in the place of its lists.

    >>> lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    kind = _kind(structure)
    if kind is None:
        return tuple(structure) if isinstance(structure, list) else structure
    entries = _items(structure, kind)
    children = [lists_to_tuples(child) for _, child in entries]
    return _make(structure, tuple if kind is list else kind, [k for k, _ in entries], children)


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Offer each subtree to `func`, which returns None to leave it or what to put in its place.

    Args:
        func: Callable of one subtree; `MAP_TO_NONE` as its answer stands for None.
        structure: The structure.
        top_down: Whether parents come before their children (a replaced one is not gone into).

    >>> traverse(lambda x: sum(x) if isinstance(x, tuple) else None, [(1, 2), [3]])
    [3, [3]]
    """
    _check_function("traverse", func)
    kind = _kind(structure)
    if top_down or kind is None:
        answer = func(structure)
        if answer is not None:
            return None if answer is MAP_TO_NONE else answer
        if kind is None:
            return structure
    entries = _items(structure, kind)
    children = [traverse(func, child, top_down) for _, child in entries]
    made = _make(structure, kind, [key for key, _ in entries], children)
    if top_down:
        return made
    answer = func(made)
    return made if answer is None else None if answer is MAP_TO_NONE else answer
