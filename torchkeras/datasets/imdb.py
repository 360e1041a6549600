"""IMDB: reviews of films, good or bad, as lists of word ranks."""

import json

import numpy as np

from torchkeras.datasets import _words
from torchkeras.datasets._pickled import read_object_array
from torchkeras.datasets._source import fetch


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    nb_words: int | None = None,
):
    """Return 25,000 reviews to train on and 25,000 to test, half of each good (1).

    Args:
        path: Name in the cache.
        num_words: Only so many of the most frequent words stay; None: all.
        skip_top: So many of the most frequent are left out.
        maxlen: Longer reviews are left out.
        seed: Of the order.
        start_char: What marks a review's start; None: nothing does.
        oov_char: What stands for words left out; None: nothing does.
        index_from: What is added to each rank.
        nb_words: Keras 1's word for `num_words`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists, and int64.

    Source: https://ai.stanford.edu/~amaas/data/sentiment/
    """
    file = fetch("imdb.npz", path)
    draw = np.random.RandomState(seed)
    texts, labels, edge = [], [], 0
    for part in ("train", "test"):
        xs = read_object_array(file, f"x_{part}"), read_object_array(file, f"y_{part}")
        found = _words.shifted(
            *_words.shuffled(*xs, draw),
            owner="imdb.load_data",
            maxlen=maxlen,
            start_char=start_char,
            index_from=index_from,
        )
        edge = len(texts)
        texts += found[0]
        labels.append(found[1])
    x = _words.as_objects(_words.common(texts, num_words or nb_words, skip_top, oov_char))
    return (x[:edge], labels[0]), (x[edge:], labels[1])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return word -> rank, before `index_from` is added."""
    with open(fetch("imdb_word_index.json", path)) as f:
        return json.load(f)
