"""Where the datasets come from: Keras's addresses and hashes, or a mirror of them."""

import os
from typing import Any

from torchkeras.utils.get_file import get_file

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"

# name -> base address, SHA-256 or MD5.
_FILES = {
    "boston_housing.npz": (
        _KERAS, "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"
    ),
    "california_housing.npz": (
        _KERAS, "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
    ),
    "cifar-10-python.tar.gz": (
        _TORONTO, "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    ),
    "cifar-100-python.tar.gz": (
        _TORONTO, "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"
    ),
    "imdb.npz": (_KERAS, "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"),
    "imdb_word_index.json": (_KERAS, "bfafd718b763782e994055a2d397834f"),
    "mnist.npz": (_KERAS, "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"),
    "reuters.npz": (_KERAS, "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"),
    "reuters_word_index.json": (_KERAS, "4d44cc38712099c9e383dc6e5f11a921"),
    "t10k-images-idx3-ubyte.gz": (_KERAS, None),
    "t10k-labels-idx1-ubyte.gz": (_KERAS, None),
    "train-images-idx3-ubyte.gz": (_KERAS, None),
    "train-labels-idx1-ubyte.gz": (_KERAS, None),
}  # fmt: skip
MIRROR = "TORCHKERAS_DATASETS"  # environment variable: a base address that holds all of them


def fetch(name: str, path: str | None = None, **options: Any) -> str:
    """Return the path of a dataset's file, out of the cache if it is there.

    Args:
        name: Name of the file at its source.
        path: Name in the cache; None: the same.
        options: Further arguments of `get_file`.
    """
    base, file_hash = _FILES[name]
    mirror = os.environ.get(MIRROR)
    if mirror:
        base = mirror.rstrip("/") + "/"
    return get_file(path or name, origin=base + name, file_hash=file_hash, **options)
