"""Initializers without chance."""

from collections.abc import Sequence
from numbers import Number
from typing import Any

import torch
from torch import Tensor

from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.registry import INITIALIZERS
from torchkeras.core.tensor import convert_to_tensor, get_device
from torchkeras.initializers.base import Initializer


@INITIALIZERS.register("zero")
class Zeros(Initializer):
    """Zeros.

    >>> import torchkeras as keras
    >>> keras.initializers.Zeros()((2,))
    tensor([0., 0.])
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        return torch.zeros(shape, dtype=dtypes.torch_dtype(dtype), device=get_device())


@INITIALIZERS.register("one")
class Ones(Initializer):
    """Ones.

    >>> import torchkeras as keras
    >>> keras.initializers.Ones()((2,))
    tensor([1., 1.])
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        return torch.ones(shape, dtype=dtypes.torch_dtype(dtype), device=get_device())


@INITIALIZERS.register()
class Constant(Initializer):
    """One value everywhere.

    Args:
        value: Number; or an array that broadcasts to the shape.

    Raises:
        ValueError: at the call, if an array does not broadcast to the shape.

    >>> import torchkeras as keras
    >>> keras.initializers.Constant(3)((2,))
    tensor([3., 3.])
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        dtype = dtypes.torch_dtype(dtype)
        if isinstance(self.value, Number):
            return torch.full(tuple(shape), self.value, dtype=dtype, device=get_device())
        value = convert_to_tensor(self.value, dtype)
        try:
            return value.broadcast_to(tuple(shape)).clone(memory_format=torch.contiguous_format)
        except RuntimeError as e:
            raise ValueError(
                f"Constant: value must broadcast to shape={tuple(shape)}. "
                f"Received: a value of shape {tuple(value.shape)}."
            ) from e


@INITIALIZERS.register("IdentityInitializer")
class Identity(Initializer):
    """The identity matrix, times `gain`; rectangular shapes get zeros beside it.

    Args:
        gain: Factor.

    Raises:
        ValueError: at the call, if the shape does not have two dimensions.

    >>> import torchkeras as keras
    >>> keras.initializers.Identity(2.0)((2, 3))
    tensor([[2., 0., 0.],
            [0., 2., 0.]])
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        if len(shape) != 2:
            raise ValueError(
                f"Identity: the shape must have 2 dimensions. {received('shape', tuple(shape))}"
            )
        return (self.gain * torch.eye(*shape, device=get_device())).to(dtypes.torch_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the gain if it is not 1: Keras writes none, but reads it."""
        return {} if self.gain == 1 else {"gain": self.gain}


zeros = Zeros
ones = Ones
constant = Constant
identity = IdentityInitializer = Identity
