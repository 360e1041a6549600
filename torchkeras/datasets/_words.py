"""What IMDB and Reuters have in common: texts as lists of word ranks."""

import numpy as np

from torchkeras.datasets._pickled import read_object_array


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the lists and the labels of a file with one part."""
    return read_object_array(path, "x"), read_object_array(path, "y")


def shuffled(
    xs: np.ndarray, labels: np.ndarray, draw: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Return both in one random order."""
    order = np.arange(len(xs))
    draw.shuffle(order)
    return xs[order], labels[order]


def shifted(
    xs: np.ndarray,
    labels: np.ndarray,
    *,
    owner: str,
    maxlen: int | None,
    start_char: int | None,
    index_from: int,
) -> tuple[list[list[int]], np.ndarray]:
    """Shift the ranks, mark the start, leave out long texts."""
    head, shift = ([] if start_char is None else [start_char]), index_from or 0
    texts = [head + [w + shift for w in x] for x in xs]
    if maxlen:
        kept = [(x, y) for x, y in zip(texts, labels, strict=True) if len(x) < maxlen]
        texts, labels = [x for x, _ in kept], np.asarray([y for _, y in kept])
        if not texts:
            raise ValueError(f"{owner}: no text is shorter than maxlen={maxlen}; increase it.")
    return texts, labels


def common(
    texts: list[list[int]], num_words: int | None, skip_top: int, oov_char: int | None
) -> list[list[int]]:
    """Replace rare and very frequent words, or leave them out."""
    if not num_words:
        num_words = max(map(max, texts))  # as Keras: the last word of all is none of them
    if oov_char is None:
        return [[w for w in x if skip_top <= w < num_words] for x in texts]
    return [[w if skip_top <= w < num_words else oov_char for w in x] for x in texts]


def as_objects(texts: list[list[int]]) -> np.ndarray:
    """Return lists of different lengths as an array of lists."""
    found = np.empty(len(texts), dtype=object)
    found[:] = texts
    return found
