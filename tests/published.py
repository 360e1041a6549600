"""Small files in the forms that the datasets were published in."""

import gzip
import io
import json
import pickle
import struct
import tarfile
from typing import ClassVar

import numpy as np

DRAW = np.random.RandomState(0)


def npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


class Python2(pickle._Pickler):
    """Writes bytes as Python 2 did: as its plain strings."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, obj):
        self.write(pickle.BINSTRING + struct.pack("<i", len(obj)) + obj)
        self.memoize(obj)

    dispatch[bytes] = save_string


def batch(count, **labels):
    """A batch of CIFAR, as Python 2 wrote it: text is bytes, and the protocol is old."""
    data = DRAW.randint(0, 256, (count, 3072)).astype("uint8")
    found = {b"data": data, b"batch_label": b"x"}
    for key, classes in labels.items():
        found[key.encode()] = [int(n) for n in DRAW.randint(0, classes, count)]
    out = io.BytesIO()
    Python2(out, protocol=2).dump(found)
    return out.getvalue()


def tar(folder, members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def texts(count, words=40):
    found = np.empty(count, object)
    found[:] = [[int(n) for n in DRAW.randint(1, words, DRAW.randint(2, 12))] for _ in range(count)]
    return found


def idx(array):
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes())


def images(count):
    return DRAW.randint(0, 256, (count, 28, 28)).astype("uint8")


def digits(count):
    return DRAW.randint(0, 10, count).astype("uint8")


def files():
    """Return name -> content."""
    return {
        "mnist.npz": npz(x_train=images(6), y_train=digits(6), x_test=images(3), y_test=digits(3)),
        "boston_housing.npz": npz(x=DRAW.rand(20, 13), y=DRAW.rand(20)),
        "california_housing.npz": npz(
            x=DRAW.rand(700, 8).astype("float32"), y=DRAW.rand(700).astype("float32")
        ),
        "cifar-10-python.tar.gz": tar(
            "cifar-10-batches-py",
            {
                **{f"data_batch_{i}": batch(10000, labels=10) for i in range(1, 6)},
                "test_batch": batch(4, labels=10),
            },
        ),
        "cifar-100-python.tar.gz": tar(
            "cifar-100-python",
            {
                "train": batch(5, fine_labels=100, coarse_labels=20),
                "test": batch(3, fine_labels=100, coarse_labels=20),
            },
        ),
        "imdb.npz": npz(
            x_train=texts(9), y_train=DRAW.randint(0, 2, 9), x_test=texts(7),
            y_test=DRAW.randint(0, 2, 7),
        ),
        "reuters.npz": npz(x=texts(17), y=DRAW.randint(0, 46, 17)),
        "imdb_word_index.json": json.dumps({"the": 1, "a": 2}).encode(),
        "reuters_word_index.json": json.dumps({"the": 1, "grain": 2}).encode(),
        "train-images-idx3-ubyte.gz": idx(images(6)),
        "train-labels-idx1-ubyte.gz": idx(digits(6)),
        "t10k-images-idx3-ubyte.gz": idx(images(3)),
        "t10k-labels-idx1-ubyte.gz": idx(digits(3)),
    }  # fmt: skip
