"""Reading the published files that are pickles, with no class in reach but NumPy's arrays.

CIFAR's batches and the word lists of IMDB and Reuters were published as pickles long ago. Their
hashes are checked before; here nothing but lists, numbers, text and arrays can be made of them.
"""

import io
import pickle
import zipfile
from typing import Any, BinaryIO

import numpy as np

_reconstruct = np.empty(0).__reduce__()[0]
_scalar = np.float64(0).__reduce__()[0]
_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    **{
        (f"numpy.{core}.multiarray", name): found
        for core in ("core", "_core")
        for name, found in (("_reconstruct", _reconstruct), ("scalar", _scalar))
    },
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise ValueError(f"the file asks for {module}.{name}; only arrays are read.") from None


def read_pickle(file: BinaryIO, encoding: str = "bytes") -> Any:
    """Return what a pickle holds.

    Raises:
        ValueError: if it holds anything but plain data and arrays.
    """
    return _Unpickler(file, encoding=encoding).load()


def read_object_array(path: str, member: str) -> np.ndarray:
    """Return an array of a `.npz` file, of objects or not."""
    with zipfile.ZipFile(path) as archive:
        data = io.BytesIO(archive.read(f"{member}.npy"))
    version = np.lib.format.read_magic(data)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in read:
        raise ValueError(f"{member}: an array file of version {version} is not read.")
    shape, _, dtype = read[version](data)
    if dtype.hasobject:
        found = read_pickle(data, "ASCII")
        if not isinstance(found, np.ndarray) or found.shape != shape:
            raise ValueError(f"{member}: the file holds no array of shape {shape}.")
        return found
    data.seek(0)
    return np.load(data, allow_pickle=False)
