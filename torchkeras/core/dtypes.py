"""Names of dtypes, their torch counterparts, and the promotion of mixed dtypes."""

from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
import torch

from torchkeras._base import config
from torchkeras._base.check import received

TORCH_DTYPES: dict[str, torch.dtype] = {
    "float16": torch.float16,
    "float32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
    "float8_e4m3fn": torch.float8_e4m3fn,
    "float8_e5m2": torch.float8_e5m2,
    "uint8": torch.uint8,
    "uint16": torch.uint16,
    "uint32": torch.uint32,
    "uint64": torch.uint64,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "bool": torch.bool,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}
# Keras knows these two as well; torch has no 4-bit type, int4 data is held packed in int8.
NAMES = (*TORCH_DTYPES, "int4", "string")

_FROM_TORCH = {dtype: name for name, dtype in TORCH_DTYPES.items()}
_PYTHON = {int: "int32", "int": "int32", bool: "bool", str: "string", "complex": "complex64"}

# numpy has these only through ml_dtypes; torch keeps the bits under this integer type.
EXTENSION_DTYPES = {
    "bfloat16": (np.dtype(ml_dtypes.bfloat16), np.uint16),
    "float8_e4m3fn": (np.dtype(ml_dtypes.float8_e4m3fn), np.uint8),
    "float8_e5m2": (np.dtype(ml_dtypes.float8_e5m2), np.uint8),
}


def standardize_dtype(dtype: Any) -> str:
    """Return the Keras name of a dtype given in any form; None means `floatx()`.

    >>> standardize_dtype(torch.float16), standardize_dtype("int"), standardize_dtype(float)
    ('float16', 'int32', 'float32')
    """
    if dtype is None or dtype is float or (isinstance(dtype, str) and dtype == "float"):
        return config.floatx()
    try:
        name = _FROM_TORCH.get(dtype) or _PYTHON.get(dtype)
    except TypeError:
        name = None
    if name is not None:
        return name
    if isinstance(dtype, str):
        name = dtype
    elif hasattr(dtype, "name"):
        name = dtype.name
    else:
        name = getattr(dtype, "__name__", str(dtype))
    if name not in NAMES:
        raise ValueError(f"dtype: not a known dtype. {received('dtype', dtype)}")
    return name


def torch_dtype(dtype: Any) -> torch.dtype:
    """Return the torch dtype of a dtype given in any form."""
    if isinstance(dtype, torch.dtype):
        return dtype
    name = standardize_dtype(dtype)
    if name == "int4":
        return torch.int8
    if name not in TORCH_DTYPES:
        raise ValueError(f"dtype: torch has no tensors of this dtype. {received('dtype', dtype)}")
    return TORCH_DTYPES[name]


def is_float(dtype: Any) -> bool:
    """Tell whether a dtype is a floating point one."""
    return "float" in standardize_dtype(dtype)


def is_int(dtype: Any) -> bool:
    """Tell whether a dtype is an integer one (bool is none)."""
    return "int" in standardize_dtype(dtype)


# Each dtype's next wider ones; the result of a promotion is the nearest common one above.
# "int" and "float" are the weak types of Python numbers: they give way to any real dtype.
_WIDER = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}


@cache
def _above(name: str) -> frozenset[str]:
    return frozenset({name}).union(*(_above(n) for n in _WIDER[name]))


@cache
def _promote(names: frozenset[str]) -> str:
    if any(n.startswith("float8") for n in names):
        if len(names) == 1:
            return next(iter(names))
        raise ValueError(f"dtype: float8 has no promotion to another dtype. Received: {names}.")
    common = frozenset.intersection(*(_above(n) for n in names))
    nearest = [n for n in common if common <= _above(n)]
    return nearest[0]


def result_type(*dtypes: Any) -> str:
    """Return the dtype that values of these dtypes are computed in (Keras's rules, not torch's).

    >>> result_type("int32", "bfloat16"), result_type("uint8", "int8"), result_type("int8", float)
    ('bfloat16', 'int16', 'float32')
    """
    if not dtypes:
        return config.floatx()
    names = frozenset(
        "float" if d is float else "int" if d is int else standardize_dtype(d) for d in dtypes
    )
    name = _promote(names)
    if name == "float":
        return config.floatx()
    return "int32" if name == "int" else name
