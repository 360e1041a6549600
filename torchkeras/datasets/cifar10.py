"""CIFAR-10: small photographs of 10 kinds."""

import os

import numpy as np

from torchkeras.datasets._cifar import arranged, load_batch
from torchkeras.datasets._source import fetch


def load_data():
    """Return 50,000 photographs in 10 classes to train on, and 10,000 to test.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 `(samples, 32, 32, 3)` and `(samples, 1)`.

    Source: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    folder = fetch("cifar-10-python.tar.gz", "cifar-10-batches-py-target", extract=True)
    folder = os.path.join(folder, "cifar-10-batches-py")
    parts = [load_batch(os.path.join(folder, f"data_batch_{i}")) for i in range(1, 6)]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    x_test, y_test = load_batch(os.path.join(folder, "test_batch"))
    return arranged(x, y.astype("uint8")), arranged(x_test, y_test.astype("uint8"))
