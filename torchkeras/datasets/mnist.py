"""MNIST: handwritten digits."""

import numpy as np

from torchkeras.datasets._source import fetch

Arrays = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def load_data(path: str = "mnist.npz") -> Arrays:
    """Return 60,000 images of digits to train on, and 10,000 to test.

    Args:
        path: Name in the cache.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 `(samples, 28, 28)` and `(samples,)`.

    Source: http://yann.lecun.com/exdb/mnist/
    """
    with np.load(fetch("mnist.npz", path), allow_pickle=False) as f:
        return (f["x_train"], f["y_train"]), (f["x_test"], f["y_test"])
