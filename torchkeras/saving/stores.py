"""Where weights go: a sink takes each object's arrays under its path, as Keras's files do."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from torchkeras._base.optional import require
from torchkeras._base.region import Region
from torchkeras.core.dtypes import EXTENSION_DTYPES
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.saving.h5.reader import CHECKSUM, crc32

_EXTENSIONS = {dtype: name for name, (dtype, _) in EXTENSION_DTYPES.items()}


class H5Sink:
    """An HDF5 file that is being written, laid out as Keras's `.weights.h5`.

    libhdf5 never writes to a device by itself: when that is full, it takes the interpreter down
    with it. A `Region` keeps such an error from it, and it is raised here.

    Args:
        checksums: Whether each dataset gets an attribute with its CRC-32, which only we read.
        out: Where it is written; None: to memory.
    """

    def __init__(self, checksums: bool = False, out: Region | None = None) -> None:
        self._checksums = checksums
        self._out = out
        self._buffer = out if out is not None else io.BytesIO()
        self._file = require("h5py").File(self._buffer, "w")

    def put(self, path: str, name: str | None, entries: Mapping[str, Any]) -> None:
        """Add the arrays of one object.

        Args:
            path: Path of the object, for example `"layers/dense"`; `""` for the root.
            name: Its own name, kept as an attribute.
            entries: Key -> array.
        """
        at = f"{path}/vars" if path else "vars"
        group = self._file.create_group(at)
        if name is not None:
            group.attrs["name"] = name
        for key, value in entries.items():
            self.put_array(group, _as_key(key, at), value)

    def put_array(self, group: Any, key: str, value: Any) -> None:
        """Add an array to an HDF5 group."""
        array = as_array(value, f"{group.name}/{key}")
        label = _EXTENSIONS.get(array.dtype)
        # HDF5 has no such types: their bytes go in as they are, under the name of the dtype
        stored = array if label is None else array.view(f"V{array.itemsize}")
        dataset = group.create_dataset(key, data=stored)
        if label is not None:
            dataset.attrs["dtype"] = label
        if self._checksums:
            dataset.attrs[CHECKSUM] = np.uint32(crc32(array))
        if self._out is not None:
            self._out.check()

    def close(self) -> memoryview | None:
        """End the file; return its bytes if it is in memory."""
        self._file.close()
        if self._out is None:
            return self._buffer.getbuffer()  # type: ignore[union-attr]
        self._out.finish()
        return None

    def __enter__(self) -> "H5Sink":
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()


def _as_key(key: Any, at: str) -> str:
    if not isinstance(key, str) or not key or "/" in key or key == ".":
        raise ValueError(f"{at}: a store's key must be a string without '/'. Received: {key!r}.")
    return key


def as_array(value: Any, at: str) -> np.ndarray:
    """Return what goes to a file as an array.

    Raises:
        TypeError: if it is none of numbers.
    """
    array = np.asarray(convert_to_numpy(value))
    if array.dtype.kind not in "biuf" and array.dtype not in _EXTENSIONS:
        raise TypeError(
            f"{at}: a store takes arrays of numbers. Received: dtype={array.dtype}. "
            "Text and other data go to files, in save_assets()."
        )
    return array
