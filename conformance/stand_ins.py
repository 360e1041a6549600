"""Small stand-ins for insides of Keras that its tests use as tools."""

from typing import Any

BOOL_TYPES = ("bool",)
INT_TYPES = tuple(f"{sign}int{bits}" for sign in ("u", "") for bits in (8, 16, 32, 64))
FLOAT_TYPES = ("bfloat16", "float16", "float32", "float64")
FLOAT8_TYPES = ("float8_e4m3fn", "float8_e5m2")
COMPLEX_TYPES = ("complex64", "complex128")
ALLOWED_DTYPES = (
    *FLOAT_TYPES, *INT_TYPES, *BOOL_TYPES, "string", *FLOAT8_TYPES, *COMPLEX_TYPES,
)  # fmt: skip


def get_device() -> str:
    """Return where tensors are made."""
    return "cpu"


def set_keras_mask(x: Any, mask: Any) -> None:
    """Give a tensor a mask."""
    x._keras_mask = mask
