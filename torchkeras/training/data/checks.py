"""Refusals of data that no model can take, in the one wording of all data errors."""

from collections.abc import Iterator, Mapping
from itertools import islice
from numbers import Number
from typing import Any

import numpy as np

from torchkeras._base.check import received
from torchkeras.core import dtypes

_KINDS = {
    "O": "Python objects",
    "U": "strings",
    "S": "bytes",
    "T": "strings",
    "M": "dates",
    "m": "time differences",
    "c": "complex numbers",
    "V": "records",
}
_SEARCHED = 1_000_000  # entries of an object array that are looked at for the first bad one


def walk(structure: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield `(path, leaf)` of a nested structure: `("x['a'][0]", array)`; None is a leaf."""
    if isinstance(structure, Mapping):
        for key, value in structure.items():
            yield from walk(value, f"{name}[{key!r}]")
    elif isinstance(structure, (list, tuple)):
        for i, value in enumerate(structure):
            yield from walk(value, f"{name}[{i}]")
    else:
        yield name, structure


def is_structure(x: Any) -> bool:
    """Tell whether `x` holds leaves rather than being one."""
    return isinstance(x, (Mapping, list, tuple))


def describe(x: Any) -> str:
    """Say in a few words what a value is, for the end of a message."""
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{type(x).__name__} of shape {tuple(x.shape)} and dtype {x.dtype}"
    if isinstance(x, (list, tuple, Mapping)):
        return f"a {type(x).__name__} of {len(x)} entries"
    return f"a {type(x).__name__}"


def refuse_leaf(owner: str, name: str, leaf: Any) -> ValueError:
    """Make the error for a leaf that is no array at all."""
    if isinstance(leaf, Number) or (isinstance(leaf, str) and "[" in name):
        return ValueError(
            f"{owner}: data must be arrays or tensors; Python lists of numbers are not taken, "
            f"because a list means several inputs: use np.array(...). {received(name, leaf)}"
        )
    return ValueError(
        f"{owner}: {name} must be an array, a tensor, or a dict, list or tuple of them; "
        f"or be a DataLoader, a Dataset, a PyDataset or a generator. {received(name, leaf)}"
    )


def is_number_dtype(dtype: np.dtype) -> bool:
    """Tell whether a numpy dtype holds real numbers or booleans."""
    return dtype.kind in "biuf" or any(dtype == d for d, _ in dtypes.EXTENSION_DTYPES.values())


def check_numbers(owner: str, name: str, array: Any) -> None:
    """Refuse an array (or what looks like one) whose entries are not real numbers."""
    dtype = np.dtype(array.dtype)
    if is_number_dtype(dtype):
        return
    text = f"{owner}: {name} must hold real numbers, not {_KINDS.get(dtype.kind, dtype)}."
    if isinstance(array, np.ndarray) and array.size:
        where, entry = _first_bad(array)
        if where is None:
            text += ' Its entries are numbers: convert it with .astype("float32").'
            raise ValueError(f"{text} Received: {name} of dtype {dtype}.")
        place = f"{name}[{', '.join(map(str, where))}]" if where else name
        raise ValueError(f"{text} {received(place, entry)[:-1]}, dtype {dtype}.")
    raise ValueError(f"{text} Received: {name} of dtype {dtype}.")


def _first_bad(array: np.ndarray) -> tuple[tuple[int, ...] | None, Any]:
    """Find the first entry that is no real number: its index and itself."""
    flat = 0
    if array.dtype.kind == "O":
        entries = enumerate(islice(array.flat, _SEARCHED))
        flat = next((i for i, e in entries if not _is_real(e)), None)
        if flat is None:
            return None, None
    where = tuple(int(i) for i in np.unravel_index(flat, array.shape))
    return where, array[where].item() if array.dtype.kind != "O" else array[where]


def _is_real(entry: Any) -> bool:
    return isinstance(entry, Number) and not isinstance(entry, complex)


def check_lengths(owner: str, named: list[tuple[str, int]]) -> int:
    """Return the number of samples that all arrays share.

    Args:
        named: Path and length of each array.

    Raises:
        ValueError: if there is none, if they differ, or if there are no samples.
    """
    if not named:
        raise ValueError(f"{owner}: x must hold at least one array. Received: x without any.")
    first, samples = named[0]
    if any(n != samples for _, n in named):
        listed = ", ".join(f"{name} with {n}" for name, n in named)
        raise ValueError(
            f"{owner}: all arrays must have the same number of samples. Received: {listed}."
        )
    if samples == 0:
        raise ValueError(f"{owner}: {first} has 0 samples.")
    return samples


def refuse_extra(owner: str, kind: str, **given: Any) -> None:
    """Refuse `y` and `sample_weight` beside a source that brings its own."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"{owner}: {name} must not be given when x is a {kind}: its batches hold it. "
                f"Received: {name}={describe(value)}."
            )
