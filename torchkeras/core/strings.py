"""Strings on their way to the layer that makes numbers of them: numpy arrays of `str` objects.

Torch has no tensors of strings. Everything that holds some (lists, numpy's own string types,
bytes, pandas columns) becomes a numpy array of dtype `object` whose entries are all `str`; such an
array is sliced, shuffled and handed on as a tensor is.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np

from torchkeras._base.check import received

_OWN_KINDS = "UST"  # numpy's dtypes that hold nothing but strings
_ERRORS = "surrogateescape"  # bytes that are no text go through unharmed


def is_string_array(x: Any) -> bool:
    """Tell whether `x` is an array, of numpy or pandas, whose entries are strings or bytes."""
    if isinstance(x, (str, bytes)):
        return False
    kind = getattr(getattr(x, "dtype", None), "kind", None)
    if kind == "O" and hasattr(x, "__array__"):
        array = np.asarray(x)
        return array.size > 0 and isinstance(array.flat[0], (str, bytes))
    return kind in _OWN_KINDS if isinstance(kind, str) else False


def is_list_of_strings(x: Any) -> bool:
    """Tell whether `x` is a list or tuple, nested or not, whose first leaf is a string."""
    while isinstance(x, (list, tuple)) and x:
        x = x[0]
    return isinstance(x, (str, bytes))


def as_strings(
    x: Any, owner: str = "strings", name: str = "inputs", encoding: str = "utf-8"
) -> np.ndarray:
    """Return `x` as an array of `str` objects of any shape; the same one if it is one already.

    Args:
        x: String, bytes, nested list of them, or array of numpy or pandas.
        owner: Who asks, for messages.
        name: What is converted, for messages.
        encoding: How bytes are read.

    Raises:
        ValueError: if an entry is no string, or nested lists differ in length.

    >>> as_strings([["a"], [b"b"]])
    array([['a'],
           ['b']], dtype=object)
    """
    if isinstance(x, np.ndarray) and x.dtype.kind in _OWN_KINDS:
        if x.dtype.kind == "S":
            x = np.char.decode(x, encoding, _ERRORS)
        return x.astype(object)
    array = x if isinstance(x, np.ndarray) else _object_array(x)
    if array.dtype.kind in _OWN_KINDS:
        return as_strings(array, owner, name, encoding)
    if array.dtype != object:
        raise ValueError(f"{owner}: {name} must be strings. {received(name, x)}")
    flat = array.ravel()
    types = set(map(type, flat))
    if types <= {str}:
        return array
    if not all(issubclass(t, (str, bytes)) for t in types):
        raise _refusal(owner, name, array)
    out = np.empty(array.size, object)
    out[:] = [e.decode(encoding, _ERRORS) if isinstance(e, bytes) else str(e) for e in flat]
    return out.reshape(array.shape)


def encode(strings: Iterable[str]) -> list[bytes]:
    """Return strings as UTF-8; what came as bytes that are no text comes out as these bytes."""
    return [s.encode("utf-8", _ERRORS) for s in strings]


def decode(text: bytes) -> str:
    """Return what `encode` was given."""
    return text.decode("utf-8", _ERRORS)


def string_leaves(structure: Any, owner: str, name: str) -> Any:
    """Turn lists of strings within dicts, lists and tuples into arrays; leave the rest as it is.

    A (nested) list of nothing but strings is one array, also if it has several rows: give several
    inputs of strings as arrays or as a dict.
    """
    if isinstance(structure, Mapping):
        return {k: string_leaves(v, owner, f"{name}[{k!r}]") for k, v in structure.items()}
    if not isinstance(structure, (list, tuple)):
        return structure
    if is_list_of_strings(structure):
        return as_strings(structure, owner, name)
    entries = [string_leaves(v, owner, f"{name}[{i}]") for i, v in enumerate(structure)]
    if isinstance(structure, list):
        return entries
    kind = type(structure)
    return kind(*entries) if hasattr(kind, "_fields") else tuple(entries)


def _object_array(x: Any) -> np.ndarray:
    if hasattr(x, "__array__") and not isinstance(x, (str, bytes)):
        return np.asarray(x)
    return np.array(x, dtype=object)


def _refusal(owner: str, name: str, array: np.ndarray) -> ValueError:
    entries = enumerate(islice(array.flat, 10_000_000))
    flat, entry = next((i, e) for i, e in entries if not isinstance(e, (str, bytes)))
    where = ", ".join(str(int(i)) for i in np.unravel_index(flat, array.shape))
    if isinstance(entry, (list, tuple)):
        return ValueError(
            f"{owner}: {name} must be one string or a rectangular array of strings; these lists "
            f"have different lengths. {received(f'{name}[{where}]', entry)}"
        )
    return ValueError(
        f"{owner}: {name} must be strings. {received(f'{name}[{where}]' if where else name, entry)}"
    )
