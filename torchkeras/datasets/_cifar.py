"""What CIFAR-10 and CIFAR-100 have in common: batches of images by channels."""

import numpy as np

from torchkeras._base import config
from torchkeras.datasets._pickled import read_pickle


def load_batch(fpath: str, label_key: str = "labels") -> tuple[np.ndarray, np.ndarray]:
    """Return images `(samples, 3, 32, 32)` and labels of one file."""
    with open(fpath, "rb") as f:
        found = {k.decode(): v for k, v in read_pickle(f).items()}
    return found["data"].reshape(-1, 3, 32, 32), np.asarray(found[label_key])


def arranged(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images in the global data format, and labels as a column."""
    if config.image_data_format() == "channels_last":
        x = x.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(x), y.reshape(-1, 1)
