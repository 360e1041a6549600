"""CIFAR-100: small photographs of 100 kinds."""

import os

from torchkeras._base.check import one_of
from torchkeras.datasets._cifar import arranged, load_batch
from torchkeras.datasets._source import fetch


def load_data(label_mode: str = "fine"):
    """Return 50,000 photographs in 100 classes to train on, and 10,000 to test.

    Args:
        label_mode: `"fine"` for 100 classes, `"coarse"` for the 20 groups of them.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 `(samples, 32, 32, 3)`, int64 `(samples, 1)`.

    Raises:
        ValueError: for another `label_mode`.

    Source: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    one_of("cifar100.load_data", "label_mode", label_mode, ("fine", "coarse"))
    folder = fetch("cifar-100-python.tar.gz", "cifar-100-python-target", extract=True)
    folder = os.path.join(folder, "cifar-100-python")
    key = f"{label_mode}_labels"
    train, test = (load_batch(os.path.join(folder, part), key) for part in ("train", "test"))
    return arranged(*train), arranged(*test)
