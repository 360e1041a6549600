"""Boston housing: what houses cost in the suburbs, about 1978."""

import numpy as np

from torchkeras.datasets import _table
from torchkeras.datasets._source import fetch


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113):
    """Return 506 districts with 13 numbers each, and their median price in thousands of dollars.

    One of the numbers assumes that race sets prices; use the table to show that, not to learn.

    Args:
        path: Name in the cache.
        test_split: Share to test.
        seed: Of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: float64 `(samples, 13)` and `(samples,)`.

    Source: http://lib.stat.cmu.edu/datasets/boston
    """
    with np.load(fetch("boston_housing.npz", path), allow_pickle=False) as f:
        return _table.split(f["x"], f["y"], test_split, seed, "boston_housing.load_data")
