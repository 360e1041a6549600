"""Reading columns: single samples, batches, tables, and iterables of these."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.strings import as_strings
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor

Column = Any  # a tensor, an array of strings, or a KerasTensor


def is_table(data: Any) -> bool:
    """Tell whether data has columns by name: a dict, or a DataFrame."""
    return isinstance(data, Mapping) or (hasattr(data, "keys") and hasattr(data, "__getitem__"))


def read(name: str, values: Any, dtype: str) -> tuple[Column, bool]:
    """Return a column with a samples and a features axis, and whether it was a lone value.

    Args:
        name: Name of the feature.
        values: One value, one for each sample, or a column already; strings if `dtype` says so.
        dtype: Dtype of the result.
    """
    if isinstance(values, KerasTensor):
        return values, False
    if dtype == "string":
        column: Any = as_strings(values, "FeatureSpace", name)
        column = column if isinstance(column, np.ndarray) else np.asarray(column, object)
    else:
        column = convert_to_tensor(values).to(dtypes.torch_dtype(dtype))
    alone = column.ndim == 0
    return (column.reshape(-1, 1) if column.ndim < 2 else column), alone


def batches(dataset: Any) -> Iterable[Any]:
    """Return the tables that a data set to adapt to consists of, as often as they are read.

    Raises:
        ValueError: if it is neither a table nor an iterable of them.
    """
    if is_table(dataset):
        return [dataset]
    if isinstance(dataset, (str, bytes, np.ndarray, torch.Tensor)) or not isinstance(
        dataset, Iterable
    ):
        raise _no_table("dataset", dataset)
    # Each layer makes a pass of its own, which an iterator allows only once.
    return list(dataset) if isinstance(dataset, Iterator) else dataset


def column_of(tables: Iterable[Any], name: str, dtype: str) -> Iterator[Column]:
    """Yield the parts of one column; lone values are put together to one part."""
    lone = []
    for batch in tables:
        table = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
        if not is_table(table):
            raise _no_table("batch", batch)
        if name not in table:
            raise KeyError(
                f"FeatureSpace: feature {name!r} is missing in the data. "
                f"{received('keys', list(table.keys()))}"
            )
        column, alone = read(name, table[name], dtype)
        if alone:
            lone.append(column)
        else:
            yield column
    if lone:
        yield np.concatenate(lone) if dtype == "string" else torch.cat(lone)


def slices(column: Column) -> list[Column]:
    """Cut a column as Keras does where it matters: quantiles depend on what is merged with what."""
    return [column[i : i + 32] for i in range(0, len(column), 32)]


def _no_table(name: str, value: Any) -> ValueError:
    return ValueError(
        "FeatureSpace: adapt() takes a dict of columns, or an iterable of such dicts. "
        f"{received(name, value)}"
    )
