"""pandas tables as arrays of numbers, without importing pandas."""

from typing import Any

import numpy as np

from torchkeras._base.check import received
from torchkeras.core.strings import is_string_array


def is_frame(x: Any) -> bool:
    """Tell whether `x` is a pandas DataFrame or Series."""
    return hasattr(x, "iloc") and hasattr(x, "to_numpy")


def is_series(x: Any) -> bool:
    """Tell whether `x` is a pandas Series."""
    return is_frame(x) and not hasattr(x, "columns")


def is_string_frame(x: Any) -> bool:
    """Tell whether `x` is a DataFrame whose columns all hold strings."""
    if not is_frame(x) or is_series(x) or not len(x.columns):
        return False
    return all(is_string_array(x.iloc[:, i]) for i in range(len(x.columns)))


def frame_to_numpy(owner: str, name: str, frame: Any) -> np.ndarray:
    """Return a table as one array in the common dtype of its columns; missing values are NaN.

    Raises:
        ValueError: if a column does not hold numbers; it names the column.
    """
    if is_series(frame):
        return frame.to_numpy(*_target(owner, name, frame))
    columns = [frame.iloc[:, i] for i in range(len(frame.columns))]
    targets = [
        _target(owner, f"{name}[{label!r}]", column)
        for label, column in zip(frame.columns, columns, strict=True)
    ]
    if not targets:
        raise ValueError(f"{owner}: {name} must have columns. Received: a table without any.")
    dtype = np.result_type(*(t[0] for t in targets))
    if all(isinstance(column.dtype, np.dtype) for column in columns):
        return frame.to_numpy(dtype)
    out = np.empty((len(frame), len(columns)), dtype)
    for i, (column, target) in enumerate(zip(columns, targets, strict=True)):
        out[:, i] = column.to_numpy(*target)
    return out


def _target(owner: str, name: str, column: Any) -> tuple[Any, ...]:
    """Return what `to_numpy` is to be called with: dtype, copy, and NaN for missing values."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        if dtype.kind in "biuf":
            return (dtype,)
    else:
        own = getattr(dtype, "numpy_dtype", None)  # the nullable dtypes: Int64, Float32, boolean
        if own is not None and np.dtype(own).kind in "biuf":
            if not column.isna().any():
                return (np.dtype(own),)
            wide = np.dtype(own) if np.dtype(own).kind == "f" else np.dtype(np.float64)
            return (wide, False, np.nan)
    values = column.to_numpy(dtype=object)
    first = next((i for i, v in enumerate(values) if isinstance(v, str) or v is None), 0)
    example = f" {received(f'{name}[{first}]', values[first])[:-1]}," if len(values) else ""
    raise ValueError(
        f"{owner}: {name} must hold numbers: encode or drop this column."
        f"{example or ' Received:'} dtype {dtype}."
    )
