"""California housing: what houses cost by district, in 1990."""

import numpy as np

from torchkeras._base.check import one_of
from torchkeras.datasets import _table
from torchkeras.datasets._source import fetch

_SMALL = 600


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
):
    """Return 20,640 districts with 8 numbers each, and their median price in dollars.

    Args:
        version: `"large"`, or `"small"` for 600 of them.
        path: Name in the cache.
        test_split: Share to test.
        seed: Of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: float32 `(samples, 8)` and `(samples,)`.

    Raises:
        ValueError: for another version.

    Source: https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.html
    """
    one_of("california_housing.load_data", "version", version, ("small", "large"))
    with np.load(fetch("california_housing.npz", path), allow_pickle=False) as f:
        x, y = f["x"], f["y"]
    if version == "small":
        x, y = x[:_SMALL], y[:_SMALL]
    return _table.split(x, y, test_split, seed, "california_housing.load_data")
