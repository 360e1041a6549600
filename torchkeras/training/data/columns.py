"""One array of a data set as rows to read from: by range, or by index.

Arrays in memory become tensors that share it. What torch cannot hold (memory-mapped files,
HDF5, sparse matrices, reversed or byte-swapped arrays) is read and converted batch by batch.
"""

from typing import Any

import numpy as np
import torch

from torchkeras.core import dtypes
from torchkeras.core.strings import as_strings

# torch has the wider unsigned integers, but few kernels for them: as Keras, take signed ones.
_SIGNED = {
    torch.uint16: torch.int32,
    torch.uint32: torch.int64,
    torch.uint64: torch.int64,
}
_NUMPY = {
    torch.float64: np.dtype(np.float64),
    torch.float16: np.dtype(np.float16),
    torch.int32: np.dtype(np.int32),
    torch.int64: np.dtype(np.int64),
}


class _View:
    """Another face of an array's memory, which it keeps alive."""

    __slots__ = ("__array_interface__", "array")

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def share(array: np.ndarray) -> tuple[torch.Tensor, bool] | None:
    """Return a tensor over the memory of `array` and whether that is read-only; None if it can't.

    torch warns about read-only memory; here it is taken silently, and its readers copy.
    """
    extension = next(
        ((n, bits) for n, (d, bits) in dtypes.EXTENSION_DTYPES.items() if array.dtype == d), None
    )
    if extension is not None:
        array = array.view(extension[1])
    frozen = not array.flags.writeable
    if frozen:
        array = np.asarray(_View(array))
    try:
        tensor = torch.from_numpy(array)
    except (TypeError, ValueError):  # long double, negative strides, foreign byte order
        return None
    return (tensor.view(dtypes.TORCH_DTYPES[extension[0]]) if extension else tensor), frozen


class TensorColumn:
    """Rows of a tensor in memory, cast to `dtype` batch by batch if that is another.

    Args:
        tensor: The data; its first dimension counts the samples.
        dtype: What batches are to be; None if the tensor has it.
        frozen: Whether the memory must never be written: ranges are copied then.
    """

    __slots__ = ("dtype", "frozen", "tensor")

    def __init__(
        self, tensor: torch.Tensor, dtype: torch.dtype | None = None, frozen: bool = False
    ) -> None:
        self.tensor = tensor
        self.dtype = None if dtype == tensor.dtype else dtype
        self.frozen = frozen

    def __len__(self) -> int:
        return self.tensor.shape[0]

    def read(self, start: int, stop: int) -> torch.Tensor:
        """Return the rows of a range: a view where nothing forbids it."""
        rows = self.tensor.narrow(0, start, stop - start)
        if self.dtype is not None:
            return cast(rows, self.dtype)
        return rows.clone() if self.frozen else rows

    def take(self, index: torch.Tensor) -> torch.Tensor:
        """Return the rows of an index, as a copy."""
        rows = self.tensor.index_select(0, index.to(self.tensor.device))
        return rows if self.dtype is None else cast(rows, self.dtype)

    def plain(self, gathered: bool) -> bool:
        """Tell whether rows can come from the tensor directly, gathered by index or as views."""
        return self.dtype is None and self.tensor.is_cpu and (gathered or not self.frozen)

    def cost(self) -> int:
        """Bytes that `settled` would allocate; 0 if it has nothing to do."""
        if self.dtype is None and self.tensor.is_contiguous():
            return 0
        size = self.tensor.element_size() if self.dtype is None else self.dtype.itemsize
        return self.tensor.numel() * size

    def settled(self) -> "TensorColumn":
        """Return the same rows cast and laid out for fast gathering."""
        tensor = self.tensor if self.dtype is None else cast(self.tensor, self.dtype)
        return TensorColumn(tensor.contiguous())


def cast(rows: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return `rows` as another dtype; unsigned integers too large for it are refused."""
    out = rows.to(dtype)
    if rows.dtype == torch.uint64 and out.numel() and int(out.min()) < 0:
        raise ValueError("uint64 data must be below 2**63: torch computes with signed integers.")
    return out


class SparseColumn(TensorColumn):
    """Rows of a sparse tensor, dense batch by batch."""

    __slots__ = ()

    def __init__(self, tensor: torch.Tensor, dtype: torch.dtype | None = None) -> None:
        super().__init__(tensor.to_sparse_coo().coalesce(), dtype)

    def read(self, start: int, stop: int) -> torch.Tensor:
        """Return the rows of a range, dense."""
        return self.take(torch.arange(start, stop, device="cpu"))

    def take(self, index: torch.Tensor) -> torch.Tensor:
        """Return the rows of an index, dense."""
        return super().take(index).to_dense()

    def plain(self, gathered: bool) -> bool:
        """Tell that rows need work."""
        return False

    def cost(self) -> int:
        """Tell that there is nothing to settle: it stays sparse."""
        return 0


class ArrayColumn:
    """Rows of anything that slices into numpy arrays, read and converted batch by batch.

    Args:
        source: Has `shape`, `dtype` and `[...]` by slice and by increasing index array.
        dtype: What batches are to be.
        in_memory: Whether the source is memory already, so that copying it whole may be quicker.
    """

    __slots__ = ("dtype", "in_memory", "is_array", "numpy_dtype", "source")

    def __init__(self, source: Any, dtype: torch.dtype, in_memory: bool = False) -> None:
        self.source = source
        self.dtype = dtype
        self.in_memory = in_memory
        self.is_array = isinstance(source, np.ndarray)
        native = np.dtype(source.dtype).newbyteorder("=")
        if dtype.is_floating_point:
            native = _NUMPY.get(dtype, np.dtype(np.float32))
        self.numpy_dtype = _NUMPY.get(dtype, native)

    def __len__(self) -> int:
        return self.source.shape[0]

    def read(self, start: int, stop: int) -> torch.Tensor:
        """Return the rows of a range, as a copy."""
        return self._tensor(self.source[start:stop], copy=self.is_array)

    def take(self, index: torch.Tensor) -> torch.Tensor:
        """Return the rows of an index: read in the order of the file, which disks like."""
        order = index.argsort()
        rows = index[order].numpy()
        first, last = int(rows[0]), int(rows[-1])
        if last - first + 1 == len(rows):
            block = self.read(first, last + 1)
        else:
            block = self._tensor(self.source[rows], copy=False)
        return block.index_select(0, order.argsort())

    def _tensor(self, block: Any, copy: bool) -> torch.Tensor:
        block = np.asarray(block)
        if block.dtype.kind == "u" and block.dtype.itemsize == 8:
            return cast(torch.from_numpy(block.astype(np.uint64)), self.dtype)
        block = block.astype(self.numpy_dtype, order="C", copy=copy)
        if not block.flags.writeable:
            block = block.copy()
        return torch.from_numpy(block).to(self.dtype)

    def plain(self, gathered: bool) -> bool:
        """Tell that rows need work."""
        return False

    def cost(self) -> int:
        """Bytes that `settled` would allocate; 0 if the data must stay where it is."""
        if not self.in_memory:
            return 0
        return int(np.prod(self.source.shape, dtype=np.int64)) * self.dtype.itemsize

    def settled(self) -> TensorColumn:
        """Return the same rows as a tensor."""
        return TensorColumn(self.read(0, len(self)))


class StringColumn:
    """Rows of an array of strings, which travel as arrays of `str` objects.

    Args:
        source: Array of numpy's, of strings, bytes or Python objects.
        name: What it is called in messages.
    """

    __slots__ = ("name", "source")

    def __init__(self, source: np.ndarray, name: str) -> None:
        self.source, self.name = source, name

    def __len__(self) -> int:
        return len(self.source)

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the rows of a range."""
        return as_strings(self.source[start:stop], "data", self.name)

    def take(self, index: torch.Tensor) -> np.ndarray:
        """Return the rows of an index."""
        return as_strings(self.source[index.numpy()], "data", self.name)

    def plain(self, gathered: bool) -> bool:
        """Tell that rows are no tensors."""
        return False

    def cost(self) -> int:
        """Tell that there is nothing to settle."""
        return 0


class SparseRows:
    """A scipy sparse matrix whose slices are dense."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix.tocsr()
        self.shape = matrix.shape
        self.dtype = matrix.dtype

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self.matrix[rows].toarray()


class RowRange:
    """A range of rows of an array that stays on disk: a slice that reads nothing."""

    def __init__(self, source: Any, start: int, stop: int) -> None:
        self.source, self.start = source, start
        self.shape = (stop - start, *source.shape[1:])
        self.dtype = source.dtype
        self.chunks = source.chunks

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(self.shape[0])
            return self.source[start + self.start : stop + self.start : step]
        return self.source[np.asarray(rows) + self.start]


Column = TensorColumn | ArrayColumn | StringColumn


def batch_dtype(dtype: torch.dtype, floatx: torch.dtype) -> torch.dtype:
    """Return what Keras makes of data of a dtype: all floats one type, wide unsigned signed."""
    return floatx if dtype.is_floating_point else _SIGNED.get(dtype, dtype)
