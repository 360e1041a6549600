"""From whatever a user has, arrays of many libraries, to columns and tensors."""

from typing import Any

import numpy as np
import torch

from torchkeras.core import dtypes, nest
from torchkeras.core.strings import as_strings, is_string_array, string_leaves
from torchkeras.core.tensor import is_symbolic
from torchkeras.training.data.checks import (
    check_numbers,
    describe,
    is_structure,
    refuse_leaf,
)
from torchkeras.training.data.columns import (
    ArrayColumn,
    Column,
    RowRange,
    SparseColumn,
    SparseRows,
    StringColumn,
    TensorColumn,
    batch_dtype,
    cast,
    share,
)
from torchkeras.training.data.frames import (
    frame_to_numpy,
    is_frame,
    is_series,
    is_string_frame,
)

# Up to this size (of all arrays together) data that needs a cast or another layout gets it once;
# above, batch by batch, so that no second copy of a large data set ever exists.
SETTLE_BYTES = 64 * 2**20


def is_sparse_matrix(x: Any) -> bool:
    """Tell whether `x` is a scipy sparse matrix or array."""
    return hasattr(x, "tocsr") and hasattr(x, "toarray")


def is_on_disk(x: Any) -> bool:
    """Tell whether `x` is read by slices: HDF5, zarr, dask, a memory-mapped file."""
    if isinstance(x, np.ndarray):
        return isinstance(x, np.memmap)
    return hasattr(x, "chunks") and hasattr(x, "shape") and hasattr(x, "__getitem__")


def is_array(x: Any) -> bool:
    """Tell whether `x` is an array of any library, not a number or a list."""
    return (
        isinstance(x, (torch.Tensor, np.ndarray, RowRange))
        or hasattr(x, "__array__")
        or hasattr(x, "__dlpack__")
        or hasattr(x, "to_numpy")
        or is_sparse_matrix(x)
        or is_on_disk(x)
    )


def to_column(
    owner: str, name: str, leaf: Any, floatx: torch.dtype, strings: bool = False
) -> Column:
    """Make one array into a column, without reading or copying it where that is possible.

    Args:
        owner: Who asks, for messages.
        name: What the array is called in messages.
        leaf: The array.
        floatx: What floating point arrays become.
        strings: Whether it may hold strings.

    Raises:
        ValueError: if it holds no real numbers, has no samples dimension, or is no array.
    """
    if isinstance(leaf, torch.Tensor):
        return _from_tensor(owner, name, leaf, floatx)
    if strings and (is_string_array(leaf) or is_string_frame(leaf)):
        return StringColumn(_string_rows(owner, name, leaf), name)
    if is_sparse_matrix(leaf):
        leaf = SparseRows(leaf)
    elif not is_on_disk(leaf):
        array = to_array(owner, name, leaf)
        if isinstance(array, torch.Tensor):
            return _from_tensor(owner, name, array, floatx)
        if is_series(leaf):
            array = array[:, None]  # a pandas Series is one feature, as in Keras
        return _from_numpy(owner, name, array, floatx)
    check_numbers(owner, name, leaf)
    if not leaf.shape:
        raise _no_samples(owner, name, leaf)
    return ArrayColumn(leaf, batch_dtype(_torch_dtype(leaf.dtype), floatx))


def to_array(owner: str, name: str, leaf: Any) -> np.ndarray | torch.Tensor:
    """Turn an array of any library into one of numpy (or torch, by DLPack) that shares memory."""
    if type(leaf) is np.ndarray:
        return leaf
    if is_frame(leaf):
        return frame_to_numpy(owner, name, leaf)
    if is_symbolic(leaf):
        raise ValueError(f"{owner}: {name} must hold data. Received: a symbolic {describe(leaf)}.")
    if isinstance(leaf, np.ndarray) or hasattr(leaf, "__array__"):
        return np.asarray(leaf)
    if hasattr(leaf, "to_numpy"):
        return np.asarray(leaf.to_numpy())
    if hasattr(leaf, "__dlpack__"):
        return torch.from_dlpack(leaf)
    raise refuse_leaf(owner, name, leaf)


def may_hold_strings(x: Any) -> bool:
    """Tell whether x is worth a look for strings: it is not made of numeric arrays only."""
    leaves = nest.flatten(x) if isinstance(x, (list, tuple, dict)) else [x]
    return not all(
        isinstance(leaf, torch.Tensor)
        or (isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biufc")
        for leaf in leaves
    )


def _string_rows(owner: str, name: str, leaf: Any) -> np.ndarray:
    """Return an array of strings whose entries are checked, so that no batch fails in the midst."""
    array = np.asarray(leaf)
    if array.dtype.kind == "O":
        array = as_strings(array, owner, name)
    if not array.ndim:
        raise _no_samples(owner, name, array)
    return array[:, None] if is_series(leaf) else array


def to_tensor(owner: str, name: str, leaf: Any, strings: bool = False) -> Any:
    """Turn one array of a batch that a source made into a tensor; floats keep their width.

    With `strings`, an array of strings becomes one of `str` objects.
    """
    if strings and (is_string_array(leaf) or is_string_frame(leaf)):
        return as_strings(np.asarray(leaf), owner, name)
    if isinstance(leaf, torch.Tensor):
        return leaf.detach() if leaf.requires_grad else leaf
    if is_sparse_matrix(leaf):
        leaf = leaf.toarray()
    elif hasattr(leaf, "to") and not is_array(leaf) and not is_symbolic(leaf):
        return leaf  # an object of a graph library, say, that knows how to move itself
    array = to_array(owner, name, leaf)
    if isinstance(array, torch.Tensor):
        return array
    check_numbers(owner, name, array)
    shared = share(array)
    if shared is None or shared[1]:
        shared = share(np.ascontiguousarray(array, _native(array.dtype)).copy())
    tensor = shared[0]
    return cast(tensor, batch_dtype(tensor.dtype, tensor.dtype))


def to_tensors(owner: str, name: str, part: Any, strings: bool = False) -> Any:
    """Turn a nested part of a batch into tensors; None stays None."""
    if part is None:
        return None
    if strings:
        part = string_leaves(part, owner, name)
    if not is_structure(part):
        return to_tensor(owner, name, part, strings)
    return map_named(lambda path, leaf: to_tensor(owner, path, leaf, strings), part, name)


def map_named(function: Any, structure: Any, name: str) -> Any:
    """Apply `function(path, leaf)` to the leaves; None stays None, mappings become dicts."""
    if structure is None:
        return None
    if not is_structure(structure):
        return function(name, structure)
    if isinstance(structure, (list, tuple)):
        entries = [map_named(function, e, f"{name}[{i}]") for i, e in enumerate(structure)]
        if isinstance(structure, list):
            return entries
        kind = type(structure)
        return kind(*entries) if hasattr(kind, "_fields") else tuple(entries)
    return {k: map_named(function, v, f"{name}[{k!r}]") for k, v in structure.items()}


def settle(columns: Any, leaves: list[Column]) -> Any:
    """Cast and lay out the columns at once if they are small enough together."""
    if not 0 < sum(c.cost() for c in leaves) <= SETTLE_BYTES:
        return columns
    return map_named(lambda _, column: column.settled() if column.cost() else column, columns, "")


def _from_tensor(owner: str, name: str, x: torch.Tensor, floatx: torch.dtype) -> Column:
    if x.dtype.is_complex:
        raise ValueError(
            f"{owner}: {name} must hold real numbers, not complex numbers. "
            f"Received: {name} of dtype {x.dtype}."
        )
    if x.dim() == 0:
        raise _no_samples(owner, name, x)
    column = TensorColumn if x.layout == torch.strided else SparseColumn
    return column(x.detach(), batch_dtype(x.dtype, floatx))


def _from_numpy(owner: str, name: str, x: np.ndarray, floatx: torch.dtype) -> Column:
    check_numbers(owner, name, x)
    if x.ndim == 0:
        raise _no_samples(owner, name, x)
    shared = share(x)
    if shared is None:
        return ArrayColumn(x, batch_dtype(_torch_dtype(x.dtype), floatx), in_memory=True)
    tensor, frozen = shared
    return TensorColumn(tensor, batch_dtype(tensor.dtype, floatx), frozen)


def _no_samples(owner: str, name: str, x: Any) -> ValueError:
    return ValueError(
        f"{owner}: {name} must have a first dimension that counts the samples. "
        f"Received: {name} of shape {tuple(x.shape)}."
    )


def _native(dtype: Any) -> np.dtype:
    dtype = np.dtype(dtype)
    if dtype.kind == "f" and dtype.itemsize > 8:
        return np.dtype(np.float64)  # torch has no long double
    return dtype.newbyteorder("=")


def _torch_dtype(dtype: Any) -> torch.dtype:
    return dtypes.torch_dtype(_native(dtype).name)
