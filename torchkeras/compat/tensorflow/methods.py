"""Methods that TensorFlow's tensors have and torch's lack, added when this module is loaded.

They are there for scripts that run under the alias; nothing of torchkeras uses them.
"""

from typing import Any

import numpy as np
import torch

from torchkeras.core.symbolic import KerasTensor


class TensorShape(tuple):
    """Sizes, None where not known.

    >>> TensorShape([None, 3]).as_list()
    [None, 3]
    """

    __slots__ = ()

    def __new__(cls, dims: Any = ()) -> "TensorShape":
        return super().__new__(cls, dims)

    def as_list(self) -> list[int | None]:
        """Return a list."""
        return list(self)

    @property
    def ndims(self) -> int:
        """Number of dimensions."""
        return len(self)

    rank = ndims

    @property
    def dims(self) -> list[int | None]:
        """The sizes."""
        return list(self)

    def num_elements(self) -> int | None:
        """Return the product of the sizes, None if one is not known."""
        return None if None in self else int(np.prod(self, dtype=np.int64))

    def is_fully_defined(self) -> bool:
        """Tell whether all sizes are known."""
        return None not in self


def _get_shape(self: Any) -> TensorShape:
    return TensorShape(self.shape)


def _set_shape(self: Any, shape: Any) -> None:
    known = tuple(self.shape)
    if len(known) != len(tuple(shape)) or any(
        a is not None and b is not None and a != b for a, b in zip(known, shape, strict=True)
    ):
        raise ValueError(f"set_shape: the tensor has shape {known}. Received: {tuple(shape)}.")


def _numpy(self: torch.Tensor, *, force: bool = False) -> np.ndarray:
    return _torch_numpy(self.detach(), force=force)


_torch_numpy = torch.Tensor.numpy
torch.Tensor.numpy = _numpy  # type: ignore[method-assign]
for _kind in (torch.Tensor, KerasTensor):
    _kind.get_shape = _get_shape  # type: ignore[union-attr]
    _kind.set_shape = _set_shape  # type: ignore[union-attr]
