"""From texts to tokens: standardize, split, n-grams."""

import string
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

from torchkeras._base.check import received
from torchkeras.core.strings import as_strings, decode, encode

# As TensorFlow's: only ASCII has lower case and punctuation here, and only ASCII has spaces.
_LOWER = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_PUNCTUATION = string.punctuation.encode()
STANDARDIZE: dict[str, tuple[bytes | None, bytes]] = {
    "lower_and_strip_punctuation": (_LOWER, _PUNCTUATION),
    "lower": (_LOWER, b""),
    "strip_punctuation": (None, _PUNCTUATION),
}
SPLIT = ("whitespace", "character")
_OWNER = "TextVectorization"


def standardized(texts: np.ndarray, how: Any) -> list[bytes]:
    """Return standardized texts, flat and as UTF-8.

    Args:
        texts: Array of strings.
        how: Key of `STANDARDIZE`, None, or a function from an array of strings to another of the
            same shape.
    """
    if callable(how):
        shape = texts.shape
        texts = as_strings(how(np.array(texts, dtype=str)), _OWNER, "what standardize returns")
        if texts.shape != shape:
            raise ValueError(
                f"{_OWNER}: standardize must return as many strings as it gets, of shape {shape}. "
                f"Received: shape={texts.shape}."
            )
    flat = encode(texts.ravel().tolist())
    if not isinstance(how, str):
        return flat
    table, removed = STANDARDIZE[how]
    return [t.translate(table, removed) for t in flat]


def split(texts: list[bytes], how: Any) -> list[list[Any]]:
    """Return the tokens of each text, as strings or UTF-8.

    Args:
        texts: Texts as UTF-8.
        how: `"whitespace"`, `"character"`, or a function from an array of strings to a list of
            lists of strings (or what has a `to_list` that gives one).
    """
    if how == "whitespace":
        return [t.split() for t in texts]
    if how == "character":
        return [list(decode(t)) for t in texts]
    rows = how(np.array([decode(t) for t in texts], dtype=str))
    if hasattr(rows, "to_list"):  # ragged tensors of TensorFlow, which its string functions make
        rows = rows.to_list()
    if not hasattr(rows, "__len__") or len(rows) != len(texts):
        raise ValueError(
            f"{_OWNER}: split must return one list of tokens for each text. "
            f"{received('rows', rows)}"
        )
    return [as_strings(list(row), _OWNER, "what split returns").tolist() for row in rows]


def widths(ngrams: Any) -> tuple[int, ...] | None:
    """Return the lengths of n-grams that `ngrams` asks for: up to an integer, or a tuple's."""
    if ngrams is None:
        return None
    wanted = ngrams if isinstance(ngrams, (tuple, list)) else (ngrams,)
    if not wanted or not all(isinstance(n, int) and not isinstance(n, bool) for n in wanted):
        raise ValueError(
            f"{_OWNER}: ngrams must be None, an integer, or a tuple of integers. "
            f"{received('ngrams', ngrams)}"
        )
    if min(wanted) < 1:
        raise ValueError(f"{_OWNER}: ngrams must be at least 1. {received('ngrams', ngrams)}")
    return tuple(wanted) if isinstance(ngrams, (tuple, list)) else tuple(range(1, ngrams + 1))


def with_ngrams(rows: list[list[Any]], sizes: tuple[int, ...]) -> list[list[Any]]:
    """Replace the tokens of each row by its n-grams, those of the first size first."""
    first = next(chain.from_iterable(rows), "")
    join: Callable[[Any], Any] = b" ".join if isinstance(first, bytes) else " ".join
    return [
        [
            *chain.from_iterable(
                row if n == 1 else map(join, zip(*(row[i:] for i in range(n)), strict=False))
                for n in sizes
            )
        ]
        for row in rows
    ]
