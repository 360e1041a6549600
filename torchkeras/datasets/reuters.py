"""Reuters: newswires of 46 topics, as lists of word ranks."""

import json

import numpy as np

from torchkeras.datasets import _words
from torchkeras.datasets._source import fetch


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    nb_words: int | None = None,
):
    """Return 11,228 newswires in 46 classes, a share of them to test.

    Args:
        path: Name in the cache.
        num_words: Only so many of the most frequent words stay; None: all.
        skip_top: So many of the most frequent are left out.
        maxlen: Longer ones are left out.
        test_split: Share to test.
        seed: Of the order.
        start_char: What marks a start; None: nothing does.
        oov_char: What stands for words left out; None: nothing does.
        index_from: What is added to each rank.
        nb_words: Keras 1's word for `num_words`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists, and int64.
    """
    xs, labels = _words.load(fetch("reuters.npz", path))
    xs, labels = _words.shuffled(xs, labels, np.random.RandomState(seed))
    texts, labels = _words.shifted(
        xs,
        labels,
        owner="reuters.load_data",
        maxlen=maxlen,
        start_char=start_char,
        index_from=index_from,
    )
    texts = _words.common(texts, num_words or nb_words, skip_top, oov_char)
    edge = int(len(texts) * (1 - test_split))
    found = _words.as_objects(texts)
    return (found[:edge], labels[:edge]), (found[edge:], labels[edge:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return word -> rank, before `index_from` is added."""
    with open(fetch("reuters_word_index.json", path)) as f:
        return json.load(f)


def get_label_names() -> tuple[str, ...]:
    """Return the 46 topics by their numbers."""
    return _TOPICS


_TOPICS = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply",
    "coffee", "sugar", "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi",
    "money-fx", "interest", "gnp", "meal-feed", "alum", "oilseed", "gold", "tin",
    "strategic-metal", "livestock", "retail", "ipi", "iron-steel", "rubber", "heat", "jobs", "lei",
    "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog", "lead",
)  # fmt: skip
