"""Ops that move entries without computing: axes in another order, values shifted and turned."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op

Axes = int | Sequence[int]


def _listed(axes: Axes) -> tuple[int, ...]:
    return tuple(axes) if isinstance(axes, (list, tuple)) else (axes,)


@op()
def ravel(x: Any) -> Any:
    """Return all values along one axis.

    >>> import torchkeras as keras
    >>> keras.ops.ravel([[1, 2], [3, 4]])
    tensor([1, 2, 3, 4], dtype=torch.int32)
    """
    return torch.ravel(convert_to_tensor(x))


@op()
def broadcast_to(x: Any, shape: Any) -> Any:
    """Return the values repeated along new axes and those of size 1, without a copy.

    >>> import torchkeras as keras
    >>> keras.ops.broadcast_to([1, 2], (2, 2))
    tensor([[1, 2],
            [1, 2]], dtype=torch.int32)
    """
    return torch.broadcast_to(convert_to_tensor(x), _listed(shape))


@op()
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes.

    >>> import torchkeras as keras
    >>> keras.ops.swapaxes([[1, 2]], 0, 1)
    tensor([[1],
            [2]], dtype=torch.int32)
    """
    return torch.swapaxes(convert_to_tensor(x), axis1, axis2)


@op()
def moveaxis(x: Any, source: Axes, destination: Axes) -> Any:
    """Move axes to other places; the rest keep their order.

    >>> import torch, torchkeras as keras
    >>> keras.ops.moveaxis(torch.ones(2, 3, 4), 0, -1).shape
    torch.Size([3, 4, 2])
    """
    return torch.movedim(convert_to_tensor(x), _listed(source), _listed(destination))


@op()
def roll(x: Any, shift: Axes, axis: Axes | None = None) -> Any:
    """Shift entries along axes; those that leave at one end come in at the other.

    Args:
        x: Tensor.
        shift: Number of places, or one for each axis.
        axis: Axis or axes; default: the flat tensor, in its shape again.

    >>> import torchkeras as keras
    >>> keras.ops.roll([1, 2, 3], 1)
    tensor([3, 1, 2], dtype=torch.int32)
    """
    x = convert_to_tensor(x)
    if axis is None:
        return torch.roll(x, sum(_listed(shift)))
    axes = _listed(axis)
    return torch.roll(x, _listed(shift) * (len(axes) // len(_listed(shift))), axes)


@op()
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Turn by `k` quarters in the plane of two axes, from the first one to the second.

    Raises:
        ValueError: for less than two dimensions, or if the axes are not two different ones.
        TypeError: if `k` is no integer.

    >>> import torchkeras as keras
    >>> keras.ops.rot90([[1, 2], [3, 4]])
    tensor([[2, 4],
            [1, 3]], dtype=torch.int32)
    """
    x = convert_to_tensor(array)
    if x.ndim < 2:
        raise ValueError(f"rot90: array must have at least 2 dimensions. Received: {x.ndim}.")
    if len(axes) != 2 or len({range(x.ndim)[a] for a in axes}) != 2:
        raise ValueError(f"rot90: axes must be two different dimensions. Received: axes={axes}.")
    if not isinstance(k, int):
        raise TypeError(f"rot90: k must be an integer. Received: k={k}.")
    return torch.rot90(x, k, tuple(axes))


@op()
def fliplr(x: Any) -> Any:
    """Reverse the second axis.

    >>> import torchkeras as keras
    >>> keras.ops.fliplr([[1, 2], [3, 4]])
    tensor([[2, 1],
            [4, 3]], dtype=torch.int32)
    """
    x = convert_to_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"fliplr: x must have at least 2 dimensions. Received: {x.ndim}.")
    return torch.fliplr(x)


@op()
def flipud(x: Any) -> Any:
    """Reverse the first axis.

    >>> import torchkeras as keras
    >>> keras.ops.flipud([1, 2, 3])
    tensor([3, 2, 1], dtype=torch.int32)
    """
    x = convert_to_tensor(x)
    if x.ndim < 1:
        raise ValueError("flipud: x must have at least one dimension. Received: a number.")
    return torch.flipud(x)


@op()
def view(x: Any, dtype: Any = None) -> Any:
    """Return the same memory read as another dtype (None: `floatx()`).

    The last axis grows or shrinks with the size of the dtype.

    >>> import torchkeras as keras
    >>> keras.ops.view([1.0], "int32")
    tensor([1065353216], dtype=torch.int32)
    """
    return convert_to_tensor(x).view(dtypes.torch_dtype(dtype))
