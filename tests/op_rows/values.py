"""What a row of the table of ops is made of, and values of common arguments."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from ops_oracle import array

DTYPES = ("float32", "float64", "float16", "int32", "int64", "uint8", "bool")
FLOATS = ("float32", "float64", "float16")
WIDE = ("float32", "float64")
ONE = ("float32",)
FORMATS = ("channels_last", "channels_first")


@dataclasses.dataclass(frozen=True)
class Call:
    """One call. Arrays are tensors, or symbols; torch tensors among the arguments stay tensors.

    Args:
        args: Positional arguments.
        kwargs: Named arguments.
        want: What is right, where real Keras has no answer: an array, or a function of the
            reference library that makes the call's arguments into the answer.
        symbols: Whether symbols of unknown sizes are compared.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    want: Any = None
    symbols: bool = True

    def __str__(self) -> str:
        return f"(*{self.args}, **{self.kwargs})"


def call(*args: Any, want: Any = None, symbols: bool = True, **kwargs: Any) -> Call:
    return Call(args, kwargs, want, symbols)


@dataclasses.dataclass(frozen=True)
class Row:
    """How an op is called, and what is compared.

    Args:
        calls: Function dtype -> calls.
        dtypes: The dtypes that the calls are made of.
        function: Function of a library that gives what is called; default: the op of its name.
        numpy: NumPy's function, of the same arguments.
        keras: Whether real Keras's values are compared, or a function that tells it of a call.
        values: Whether values are compared at all (not those of empty memory).
        gradients: Whether gradients are compared.
        symbols: Which sizes are not known in symbols that are compared with real Keras's.
        symbolic: Whether the op takes symbols.
        rtol: How near numbers are, relative to the largest of the array.
        slope: The same of gradients.
    """

    calls: Callable[[str], Iterable[Call]]
    dtypes: tuple[str, ...] = DTYPES
    function: Callable[[Any], Callable[..., Any]] | None = None
    numpy: Callable[..., Any] | None = None
    keras: bool | Callable[[Call], bool] = True
    values: bool = True
    gradients: bool = True
    symbols: tuple[str, ...] = ("batch", "last", "all")
    symbolic: bool = True
    rtol: float = 2e-5
    slope: float = 1e-4


def rows(names: str, make: Callable[[str, str], Iterable[Call]], **options: Any) -> dict[str, Row]:
    """Make rows of ops that are called alike: `make(name, dtype)` gives the calls."""
    return {
        name: Row(lambda dtype, name=name: make(name, dtype), **options) for name in names.split()
    }


def distinct(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Numbers of which no two are equal (as far as the dtype has so many)."""
    count = int(np.prod(shape))
    order = np.random.default_rng(seed).permutation(count)
    if dtype == "bool":
        return (order % 2 == 0).reshape(shape)
    low = 0 if dtype == "uint8" else count // 2
    step = 0.25 if "float" in dtype else 1
    return ((order - low) * step).reshape(shape).astype(dtype)


def spread(shape: tuple[int, ...], dtype: str, low: float, high: float, seed: int = 0):
    """Uniform numbers."""
    x = np.random.default_rng(seed).uniform(low, high, shape)
    return (
        np.round(x) if "int" in dtype else x > (low + high) / 2 if dtype == "bool" else x
    ).astype(dtype)


__all__ = ["DTYPES", "FLOATS", "FORMATS", "ONE", "WIDE", "Call", "Row", "array", "call",
           "distinct", "rows", "spread"]  # fmt: skip
