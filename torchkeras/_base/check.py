"""Argument checks, with the one wording that all errors share."""

import operator
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any


def received(name: str, value: Any) -> str:
    """End an error message: `Received: name=value.`, cut to a readable length."""
    text = repr(value)
    if len(text) > 200:
        text = text[:197] + "..."
    return f"Received: {name}={text}."


def one_of(owner: str, name: str, value: Any, choices: Iterable[Any]) -> Any:
    """Return `value` if it is one of `choices`."""
    choices = tuple(choices)
    if not any(value is c or (type(value) is type(c) and value == c) for c in choices):
        listed = ", ".join(repr(c) for c in choices)
        raise ValueError(f"{owner}: {name} must be one of {listed}. {received(name, value)}")
    return value


def _is_int(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def positive_int(owner: str, name: str, value: Any) -> int:
    """Return `value` as an int if it is a whole number above 0 (a bool is none)."""
    if not _is_int(value) or value <= 0:
        raise ValueError(f"{owner}: {name} must be a positive integer. {received(name, value)}")
    return int(value)


def non_negative_int(owner: str, name: str, value: Any) -> int:
    """Return `value` as an int if it is a whole number from 0 up (a bool is none)."""
    if not _is_int(value) or value < 0:
        raise ValueError(f"{owner}: {name} must be an integer >= 0. {received(name, value)}")
    return int(value)


def integer(owner: str, name: str, value: Any, *, signed: bool = True) -> int:
    """Return what stands for a whole number (an int, a NumPy or torch scalar of integers) as one.

    Raises:
        TypeError: if it stands for none.
        ValueError: if it is negative and not `signed`.
    """
    try:
        number = operator.index(value)
    except TypeError as e:
        raise TypeError(f"{owner}: {name} must be an integer. {received(name, value)}") from e
    if number < 0 and not signed:
        raise ValueError(f"{owner}: {name} must not be negative. {received(name, value)}")
    return number


def fraction(owner: str, name: str, value: Any) -> float:
    """Return `value` if it is a number in [0, 1]."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"{owner}: {name} must be a number in [0, 1]. {received(name, value)}")
    return value


def ntuple(owner: str, name: str, value: Any, n: int, *, minimum: int = 1) -> tuple[int, ...]:
    """Return `value` as a tuple of `n` integers, an integer being repeated `n` times."""
    entries = (value,) * n if _is_int(value) else value
    try:
        entries = tuple(entries)
    except TypeError:
        entries = ()
    if len(entries) != n or not all(_is_int(e) and e >= minimum for e in entries):
        raise ValueError(
            f"{owner}: {name} must be an integer or a tuple of {n} integers, each >= {minimum}. "
            f"{received(name, value)}"
        )
    return tuple(int(e) for e in entries)
