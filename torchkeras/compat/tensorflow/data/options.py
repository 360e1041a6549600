"""Descriptions of elements, and settings that have no effect."""

from typing import Any


class TensorSpec:
    """A shape and a dtype."""

    def __init__(self, shape: Any = None, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = None if shape is None else tuple(shape)
        self.dtype = dtype
        self.name = name

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype}, name={self.name!r})"


class Options:
    """Settings of a pipeline; they have no effect."""

    def __init__(self) -> None:
        self.experimental_distribute = self
        self.threading = self
