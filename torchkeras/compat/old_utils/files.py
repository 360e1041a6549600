"""`io_utils`: arrays in files."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from torchkeras.compat.refused import refused
from torchkeras.saving.h5.reader import H5Reader

H5Dict = refused("H5Dict", "Open the file with h5py.")
func_dump = refused("func_dump", "Bytecode is not written; register the function by name.")
func_load = refused("func_load", "Bytecode is not run; register the function by name.")


class HDF5Matrix:
    """A dataset of an HDF5 file as an array, as `fit` takes it.

    Args:
        datapath: The file.
        dataset: Path of the dataset in it.
        start: First row.
        end: Row after the last; None: all.
        normalizer: Called with the rows that are read.
    """

    def __init__(
        self,
        datapath: str | os.PathLike[str],
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        with open(datapath, "rb") as file, H5Reader(file, os.fspath(datapath)) as reader:
            entry = reader.datasets.get(dataset.strip("/"))
            if entry is None:
                raise KeyError(f"HDF5Matrix: no dataset {dataset!r} in {os.fspath(datapath)!r}.")
            self.data = reader.read(entry)[start:end]
        self.start, self.end = start, start + len(self.data)
        self.normalizer = normalizer

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, key: Any) -> Any:
        found = self.data[key]
        return found if self.normalizer is None else self.normalizer(found)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        found = np.asarray(self[:])
        return found if dtype is None else found.astype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what is read."""
        return (len(self), *self[:1].shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """Dtype of what is read."""
        return self[:1].dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape))


def save_array(array: Any, name: str) -> None:
    """Write an array (Keras 1)."""
    with open(name, "wb") as file:
        np.save(file, np.asarray(array), allow_pickle=False)


def load_array(name: str) -> np.ndarray:
    """Read an array that `save_array` wrote."""
    return np.load(name, allow_pickle=False)


def ask_to_proceed_with_overwrite(filepath: str | os.PathLike[str]) -> bool:
    """Ask at the terminal whether a file may be replaced."""
    question = f"[WARNING] {os.fspath(filepath)} already exists - overwrite? [y/n] "
    while (answer := input(question).strip().lower()) not in ("y", "n"):
        question = 'Enter "y" (overwrite) or "n" (cancel). '
    return answer == "y"
