"""Vocabularies: how they are counted, checked, and kept in files."""

import json
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from itertools import chain
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras._base.files import check_local, open_regular
from torchkeras.core.strings import as_strings

_FILE = "vocabulary.txt"  # one token a line, as real Keras reads and writes it
_EXACT = "vocabulary.json"  # beside it, for tokens that a line cannot hold


class Words:
    """The own tokens of a vocabulary, what they weigh, and what is made of them to look them up.

    Args:
        tokens: The tokens, without the special ones; None before they are known.
        weights: Weights for tf-idf, of the special tokens too.
    """

    def __init__(self, tokens: list[Any] | None = None, weights: np.ndarray | None = None) -> None:
        self.tokens, self.weights = tokens, weights
        self.table: Any = None
        self.encoded: dict[bytes, int] | None = None  # the same table by the tokens' bytes


class Counts:
    """How often tokens came, and in how many documents.

    Args:
        documents: Whether documents are counted too.
    """

    def __init__(self, documents: bool) -> None:
        self.tokens: Counter[Hashable] = Counter()
        self.documents: Counter[Hashable] | None = Counter() if documents else None
        self.total = 0

    def add(self, rows: list[list[Any]], decode: Callable[[Any], Any] | None = None) -> None:
        """Count documents, each a list of tokens; `decode` makes tokens of the entries."""
        self.total += len(rows)
        self._count(self.tokens, rows, decode)
        if self.documents is not None:
            self._count(self.documents, map(set, rows), decode)

    def _count(self, counter: Counter[Hashable], rows: Iterable[Any], decode: Any) -> None:
        if decode is None:
            counter.update(chain.from_iterable(rows))
            return
        for entry, n in Counter(chain.from_iterable(rows)).items():
            counter[decode(entry)] += n

    def ranked(self, without: set[Any], limit: int | None) -> list[Any]:
        """Return the most frequent tokens; of equally frequent ones the larger comes first."""
        entries = [(n, t) for t, n in self.tokens.items() if t not in without]
        entries.sort(reverse=True)
        return [t for _, t in entries[:limit]]

    def idf(self, tokens: list[Any]) -> np.ndarray:
        """Return `log(1 + documents / (1 + documents with the token))` of each token."""
        found = np.array([(self.documents or {}).get(t, 0) for t in tokens], np.float64)
        return np.log(1 + self.total / (1 + found)).astype(np.float32)


def read_lines(owner: str, path: Any) -> list[str]:
    """Return the lines of a vocabulary file that the user names.

    Raises:
        ValueError: if it does not exist, is an address, or has no or an empty line.
    """
    path = check_local(path, owner)
    if not os.path.exists(path):
        raise ValueError(f"{owner}: vocabulary file {path} does not exist.")
    with open_regular(path) as file:
        text = file.read().decode("utf-8", "surrogateescape")
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    if "" in lines:
        raise ValueError(
            f"{owner}: a vocabulary file must have one token a line. "
            f"Received: {path} with an empty line {lines.index('') + 1}."
        )
    return lines


def as_list(owner: str, vocabulary: Any, encoding: str) -> list[str]:
    """Return the strings of a vocabulary given as a list, tuple or array."""
    array = as_strings(vocabulary, owner, "vocabulary", encoding)
    if array.ndim != 1:
        raise ValueError(
            f"{owner}: vocabulary must have one dimension. {received('vocabulary', vocabulary)}"
        )
    return array.tolist()


def as_integers(owner: str, vocabulary: Any) -> list[int]:
    """Return the whole numbers of a vocabulary given as a list, tuple, array or tensor."""
    if isinstance(vocabulary, torch.Tensor):
        vocabulary = vocabulary.detach().cpu().numpy()
    try:
        array = np.asarray(vocabulary)
        array = array.astype(np.int64) if array.dtype != object else array
    except (TypeError, ValueError, OverflowError):
        array = np.empty((), object)
    if array.ndim != 1 or array.dtype == object:
        raise ValueError(
            f"{owner}: vocabulary must be a list or array of whole numbers. "
            f"{received('vocabulary', vocabulary)}"
        )
    return array.tolist()


def check_unique(owner: str, tokens: list[Any]) -> None:
    """Refuse a token that comes twice."""
    if len(set(tokens)) == len(tokens):
        return
    repeated = [t for t, n in Counter(tokens).items() if n > 1]
    raise ValueError(
        f"{owner}: the passed vocabulary has at least one repeated term. "
        f"{received('repeated terms', repeated)}"
    )


def write(folder: str, tokens: list[Any]) -> None:
    """Write a vocabulary into a folder, in Keras's form."""
    lines = [str(t) for t in tokens]
    if any("\n" in line or "\r" in line for line in lines) or lines[-1:] == [""]:
        with open(os.path.join(folder, _EXACT), "x", encoding="ascii") as file:
            json.dump(lines, file)
    with open(os.path.join(folder, _FILE), "xb") as file:
        file.write("\n".join(lines).encode("utf-8", "surrogateescape"))


def read(folder: str) -> list[str] | None:
    """Return the vocabulary of a folder; None if there is none."""
    exact = os.path.join(folder, _EXACT)
    if os.path.exists(exact):
        with open(exact, encoding="ascii") as file:
            lines = json.load(file)
        if isinstance(lines, list) and all(isinstance(line, str) for line in lines):
            return lines
        raise ValueError(f"{_EXACT} must hold a list of strings.")
    path = os.path.join(folder, _FILE)
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        text = file.read().decode("utf-8", "surrogateescape")
    text = text.rstrip("\r\n")  # as Keras: what other programs end a file with is no token
    return [line.removesuffix("\r") for line in text.split("\n")] if text else []
