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
    parts = [
        _words.shuffled(read_object_array(file, f"x_{p}"), read_object_array(file, f"y_{p}"), draw)
        for p in ("train", "test")
    ]
    edge = len(parts[0][0])
    xs, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    texts, labels = _words.prepared(
        xs,
        labels,
        owner="imdb.load_data",
        num_words=num_words or nb_words,
        skip_top=skip_top,
        maxlen=maxlen,
        start_char=start_char,
        oov_char=oov_char,
        index_from=index_from,
    )
    found = _words.as_objects(texts)
    return (found[:edge], labels[:edge]), (found[edge:], labels[edge:])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return word -> rank, before `index_from` is added."""
    with open(fetch("imdb_word_index.json", path)) as f:
        return json.load(f)
