"""Weights as `.npz`: a zip archive of one `.npy` array a tensor, which `numpy.load` reads.

numpy has no bfloat16 and float8: their bytes are stored as `V2` and `V1`, as numpy does with
arrays of ml_dtypes; `array.view(ml_dtypes.bfloat16)` gives their values.
"""

import io
import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.lib import format as npy

from torchkeras._base.files import atomic_writer, open_regular
from torchkeras.core.dtypes import EXTENSION_DTYPES
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.saving import named
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.safety import ModelFileError, UnsafeModelError, is_plain_path
from torchkeras.saving.zip.reader import ZipReader
from torchkeras.saving.zip.writer import ZipWriter

_LONGEST_HEADER = 1 << 16
_EXTENSIONS = {dtype for dtype, _ in EXTENSION_DTYPES.values()}
# Nothing that deflate packs expands more; which member is unpacked at all, the model decides.
_DEFLATE_RATIO = 1032


def save_weights(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model's `state_dict`."""
    tensors = named.tensors_of(model, "save_weights")
    for name in tensors:
        if not is_plain_path(f"{name}.npy"):
            raise ValueError(f"save_weights: {name!r} cannot be a name in an archive.")
    with atomic_writer(path) as out:
        archive = ZipWriter(out)
        for name, tensor in tensors.items():
            array = convert_to_numpy(tensor)
            if array.dtype in _EXTENSIONS:
                array = array.view(f"V{array.itemsize}")
            with archive.open(f"{name}.npy") as region:
                npy.write_array(region, array, allow_pickle=False)
                region.check()
        archive.close()


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from a file; what is read is decided by what the model has."""
    limits = replace(options.limits, ratio=max(options.limits.ratio, _DEFLATE_RATIO))
    named.check_no_optimizer(model, options.rules, path)
    with open_regular(path) as file:
        archive = ZipReader(file, path, limits, fold=False)
        entries = {
            name.removesuffix(".npy"): _entry(archive, name, path) for name in archive.members
        }
        archive.verify()
        named.load(model, entries, options.rules, path)


def _entry(archive: ZipReader, name: str, path: str) -> named.Entry:
    """Return what the header of a member declares, if its data are of just that size."""
    shape, fortran, dtype, start = _header(archive.head(name, _LONGEST_HEADER), name, path)
    if dtype.hasobject:
        raise UnsafeModelError(
            "an array of Python objects, which is a pickle. Arrays of numbers are read.",
            path=path,
            where=name,
        )
    plain = dtype.kind in "biufcV" and dtype.names is None and dtype.subdtype is None
    size = archive.members[name].size - start
    if not plain or size != math.prod(shape) * dtype.itemsize or min(shape, default=0) < 0:
        raise ModelFileError(
            f"{size} bytes of data are no array of shape {shape} and dtype {dtype}.",
            path=path,
            where=name,
        )
    kind = f"raw{dtype.itemsize}" if dtype.kind == "V" else dtype.newbyteorder("=").name
    read = partial(_read, archive, name, start, dtype, shape, "F" if fortran else "C")
    return named.Entry(shape, kind, read)


def _header(start: bytes, name: str, path: str) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    file = io.BytesIO(start)
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(file)
    except Exception as e:  # numpy parses the header as a Python literal
        raise ModelFileError("no .npy array.", path=path, where=name) from e
    return shape, fortran, dtype, file.tell()


def _read(
    archive: ZipReader, name: str, start: int, dtype: np.dtype, shape: tuple[int, ...], order: Any
) -> np.ndarray:
    with archive.open(name) as file:
        file.seek(start)
        array = np.empty(math.prod(shape), dtype)
        file.readinto(memoryview(array).cast("B") if array.size else b"")  # type: ignore[attr-defined]
    return array.astype(dtype.newbyteorder("="), copy=False).reshape(shape, order=order)
