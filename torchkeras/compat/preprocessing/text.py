"""Texts as numbers of words: the `Tokenizer` of Keras 1 and 2."""

import hashlib
import json
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from torchkeras._base.check import one_of, received

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "tfidf", "freq")


def base_filter() -> str:
    """Return the characters that are left out (Keras 1)."""
    return FILTERS


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Return the words of a text.

    Args:
        input_text: The text.
        filters: Characters that count as `split`.
        lower: Whether words are put in lower case.
        split: What stands between words.

    >>> text_to_word_sequence("The cat, the mat.")
    ['the', 'cat', 'the', 'mat']
    """
    if lower:
        input_text = input_text.lower()
    text = input_text.translate({ord(c): split for c in filters})
    return [word for word in text.split(split) if word]


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], list[str]] | None = None,
) -> list[int]:
    """Return a number from 1 to `n - 1` for each word, by Python's `hash`."""
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], list[str]] | None = None,
) -> list[int]:
    """Return a number from 1 to `n - 1` for each word.

    Args:
        text: The text.
        n: Numbers there are, with 0.
        hash_function: From a word to a number; None: Python's `hash`, which differs from run to
            run; `"md5"`.
        filters: Characters that count as `split`.
        lower: Whether words are put in lower case.
        split: What stands between words.
        analyzer: From a text to its words; None: `text_to_word_sequence`.

    >>> hashing_trick("a b a", 10, "md5")
    [2, 5, 2]
    """
    if hash_function is None:
        hash_function = hash
    elif hash_function == "md5":
        hash_function = _md5
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else None
    return [int(hash_function(w) % (n - 1) + 1) for w in words or (analyzer or list)(text)]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Numbers for words, the most frequent first; 0 is none.

    Args:
        num_words: Only words with a number below count; None: all.
        filters: Characters that count as `split`.
        lower: Whether texts are put in lower case.
        split: What stands between words.
        char_level: Whether characters are the words.
        oov_token: What stands for unknown words; it gets the number 1. None: they are left out.
        analyzer: From a text to its words; None: `text_to_word_sequence`.
        kwargs: `document_count`; and Keras 1's `nb_words` for `num_words`.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the cat", "the mat"])
    >>> tokenizer.texts_to_sequences(["the mat", "a dog"])
    [[1, 3], []]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], list[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        if "nb_words" in kwargs:
            warnings.warn(
                "Tokenizer(nb_words) is the form of an older Keras. Write Tokenizer(num_words=…).",
                DeprecationWarning,
                stacklevel=2,
            )
            num_words = kwargs.pop("nb_words")
        document_count = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(f"Tokenizer: unknown arguments. Received: {sorted(kwargs)}.")
        self.word_counts: OrderedDict[str, int] = OrderedDict()
        self.word_docs: dict[str, int] = defaultdict(int)
        self.index_docs: dict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}
        self.document_count = document_count
        self.num_words, self.filters, self.lower = num_words, filters, lower
        self.split, self.char_level = split, char_level
        self.oov_token, self.analyzer = oov_token, analyzer

    def _words(self, text: Any) -> Sequence[str]:
        if self.char_level or isinstance(text, list):
            if not self.lower:
                return text
            return [w.lower() for w in text] if isinstance(text, list) else text.lower()
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts (or of lists of words), and number them."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        ordered = sorted(self.word_counts.items(), key=lambda item: item[1], reverse=True)
        names = [] if self.oov_token is None else [self.oov_token]
        names += [name for name, _ in ordered]
        # A word that is the oov_token itself keeps the later number, as in Keras.
        self.word_index = {name: i for i, name in enumerate(names, 1)}
        self.index_word = {i: name for name, i in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Iterable[Sequence[int]]) -> None:
        """Count in how many lists of numbers each stands."""
        sequences = list(sequences)
        self.document_count += len(sequences)
        for sequence in sequences:
            for index in set(sequence):
                self.index_docs[index] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the numbers of each text's words."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yield the numbers of each text's words."""
        unknown = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        for text in texts:
            found = []
            for word in self._words(text):
                i = self.word_index.get(word)
                if i is None or (self.num_words and i >= self.num_words):
                    i = unknown
                if i is not None:
                    found.append(i)
            yield found

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """Return the words of lists of numbers."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Sequence[int]]) -> Iterator[str]:
        """Yield the words of lists of numbers, with spaces between."""
        for sequence in sequences:
            words = []
            for number in sequence:
                word = self.index_word.get(number)
                if word is None or (self.num_words and number >= self.num_words):
                    word = self.oov_token
                if word is not None:
                    words.append(word)
            yield " ".join(words)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """Return a row for each text, a column for each word."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Sequence[Sequence[int]], mode: str = "binary"
    ) -> np.ndarray:
        """Return a row for each list of numbers, a column for each number.

        Args:
            sequences: The lists.
            mode: `"binary"` whether it is there, `"count"`, `"freq"` its share, or `"tfidf"`.

        Raises:
            ValueError: for another mode, or without a number of words or (for tfidf) of texts.
        """
        if not self.num_words and not self.word_index:
            raise ValueError("Tokenizer: give num_words, or fit it on texts before.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Tokenizer: fit it on texts before mode='tfidf'.")
        one_of("Tokenizer", "mode", mode, _MODES)
        width = self.num_words or len(self.word_index) + 1
        out = np.zeros((len(sequences), width))
        for i, sequence in enumerate(sequences):
            counts: dict[int, int] = defaultdict(int)
            for j in sequence:
                if j < width:
                    counts[j] += 1
            for j, count in counts.items():
                out[i, j] = self._entry(mode, j, count, len(sequence))
        return out

    def _entry(self, mode: str, index: int, count: int, length: int) -> float:
        if mode == "binary":
            return 1
        if mode == "count":
            return count
        if mode == "freq":
            return count / length
        inverse = np.log(1 + self.document_count / (1 + self.index_docs.get(index, 0)))
        return (1 + np.log(count)) * inverse

    def get_config(self) -> dict[str, Any]:
        """Return settings and vocabulary, the latter as JSON."""
        tables = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        plain = ("num_words", "filters", "lower", "split", "char_level", "oov_token",
                 "document_count")  # fmt: skip
        found = {name: getattr(self, name) for name in plain}
        return {**found, **{name: json.dumps(getattr(self, name)) for name in tables}}

    def to_json(self, **kwargs: Any) -> str:
        """Return class name and config as JSON."""
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Return the Tokenizer that `to_json` wrote.

    Raises:
        ValueError: if it is none.
    """
    config = json.loads(json_string)
    config = config.get("config") if isinstance(config, dict) else None
    if not isinstance(config, dict) or "word_index" not in config:
        raise ValueError(
            f"tokenizer_from_json: this is no Tokenizer. {received('json_string', json_string)}"
        )
    tables = {
        name: json.loads(config.pop(name))
        for name in ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
    }
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts = OrderedDict(tables["word_counts"])
    tokenizer.word_docs = defaultdict(int, tables["word_docs"])
    tokenizer.index_docs = defaultdict(int, {int(k): v for k, v in tables["index_docs"].items()})
    tokenizer.index_word = {int(k): v for k, v in tables["index_word"].items()}
    tokenizer.word_index = tables["word_index"]
    return tokenizer
