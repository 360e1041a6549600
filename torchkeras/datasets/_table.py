"""What the tables of houses have in common: one file, shuffled and split."""

import numpy as np


def split(x: np.ndarray, y: np.ndarray, test_split: float, seed: int, owner: str):
    """Return `(x_train, y_train), (x_test, y_test)` of a random order."""
    if not 0 <= test_split < 1:
        raise ValueError(f"{owner}: test_split must be in [0, 1). Received: {test_split}.")
    draw = np.random.RandomState(seed)
    order = np.arange(len(x))
    draw.shuffle(order)
    x, y = x[order], y[order]
    edge = int(len(x) * (1 - test_split))
    return (x[:edge], y[:edge]), (x[edge:], y[edge:])
