"""Nested lists, tuples and dicts: flatten, map, pack. Dicts go by sorted keys, as in Keras."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def _keys(structure: dict[Any, Any]) -> list[Any]:
    try:
        return sorted(structure)
    except TypeError:
        return list(structure)


def is_nested(x: Any) -> bool:
    """Tell whether `x` is a list, tuple or dict."""
    return isinstance(x, (list, tuple, dict))


def flatten(structure: Any) -> list[Any]:
    """Return the leaves in order; None is a leaf.

    >>> flatten({"b": [1, (2, 3)], "a": 0})
    [0, 1, 2, 3]
    """
    out: list[Any] = []
    _flatten(structure, out)
    return out


def _flatten(x: Any, out: list[Any]) -> None:
    if isinstance(x, dict):
        for key in _keys(x):
            _flatten(x[key], out)
    elif isinstance(x, (list, tuple)):
        for e in x:
            _flatten(e, out)
    else:
        out.append(x)


def _rebuild(like: Any, entries: Iterable[Any]) -> Any:
    """Make a list or tuple of the type of `like`."""
    if isinstance(like, tuple):
        if hasattr(like, "n_sequence_fields"):  # torch.return_types.topk and the like
            return type(like)(list(entries))
        return type(like)(*entries) if hasattr(like, "_fields") else tuple(entries)
    return list(entries)


def map_structure(fn: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """Apply `fn` to the leaves of one or several structures of the same form."""
    if isinstance(structure, dict):
        for o in others:
            if not isinstance(o, dict) or set(o) != set(structure):
                raise ValueError("map_structure: the structures have different keys.")
        return {k: map_structure(fn, structure[k], *(o[k] for o in others)) for k in structure}
    if isinstance(structure, (list, tuple)):
        for o in others:
            if not isinstance(o, (list, tuple)) or len(o) != len(structure):
                raise ValueError("map_structure: the structures have different lengths.")
        return _rebuild(
            structure,
            [map_structure(fn, *entries) for entries in zip(structure, *others, strict=True)],
        )
    return fn(structure, *others)


def pack_as(structure: Any, flat: Iterable[Any]) -> Any:
    """Put a flat sequence of leaves into the form of `structure`."""
    leaves = iter(flat)
    packed = _pack(structure, leaves)
    if next(leaves, _END) is not _END:
        raise ValueError("pack_as: there are more leaves than the structure has places.")
    return packed


_END = object()


def _pack(x: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(x, dict):
        made = {k: _pack(x[k], leaves) for k in _keys(x)}
        return {k: made[k] for k in x}
    if isinstance(x, (list, tuple)):
        return _rebuild(x, [_pack(e, leaves) for e in x])
    leaf = next(leaves, _END)
    if leaf is _END:
        raise ValueError("pack_as: there are fewer leaves than the structure has places.")
    return leaf


def same_structure(a: Any, b: Any) -> bool:
    """Tell whether two structures have the same form (a list and a tuple differ not)."""
    if isinstance(a, dict):
        return (
            isinstance(b, dict) and set(a) == set(b) and all(same_structure(a[k], b[k]) for k in a)
        )
    if isinstance(a, (list, tuple)):
        return (
            isinstance(b, (list, tuple))
            and len(a) == len(b)
            and all(same_structure(x, y) for x, y in zip(a, b, strict=True))
        )
    return not is_nested(b)
