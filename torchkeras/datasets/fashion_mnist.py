"""Fashion-MNIST: pieces of clothing."""

import gzip

import numpy as np

from torchkeras.datasets._source import fetch


def load_data():
    """Return 60,000 images of clothes in 10 classes to train on, and 10,000 to test.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 `(samples, 28, 28)` and `(samples,)`.

    Source: https://github.com/zalandoresearch/fashion-mnist
    """
    return tuple((_images(f"{part}-images-idx3-ubyte.gz"), _labels(f"{part}-labels-idx1-ubyte.gz"))
                 for part in ("train", "t10k"))  # fmt: skip


def _read(name: str, header: int) -> tuple[np.ndarray, int]:
    """Return the bytes after the header, and the number of entries that it tells."""
    with gzip.open(fetch(name, cache_subdir="datasets/fashion-mnist")) as f:
        content = f.read()
    return np.frombuffer(content, "uint8", offset=header), int.from_bytes(content[4:8], "big")


def _labels(name: str) -> np.ndarray:
    values, count = _read(name, 8)
    return values.reshape(count)


def _images(name: str) -> np.ndarray:
    values, count = _read(name, 16)
    return values.reshape(count, 28, 28)
