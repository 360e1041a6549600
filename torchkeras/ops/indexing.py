"""Ops that pick entries, or tell where they are."""

from typing import Any

import torch

from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op, promote
from torchkeras.ops.reduction import _summable


@op(tensors=2)
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Return along an axis the entries at indices that differ from line to line.

    Args:
        x: Tensor.
        indices: Integers modulo the size, with the axes of `x` or of size 1.
        axis: Axis; None: `x` and the indices are taken flat.

    Raises:
        ValueError: if the numbers of dimensions differ.

    >>> import torchkeras as keras
    >>> keras.ops.take_along_axis([[1, 2], [3, 4]], [[0], [1]], axis=1)
    tensor([[1],
            [4]], dtype=torch.int32)
    """
    x, indices = convert_to_tensor(x), convert_to_tensor(indices).long()
    if axis is None:
        x, indices, axis = x.flatten(), indices.flatten(), 0
    if x.ndim != indices.ndim:
        raise ValueError(
            "take_along_axis: x and indices must have equally many dimensions. "
            f"Received: shapes {tuple(x.shape)} and {tuple(indices.shape)}."
        )
    return torch.take_along_dim(x, indices, axis)


def _nonzero_spec(x: Any) -> tuple[KerasTensor, ...]:
    return tuple(KerasTensor((None,), "int32") for _ in x.shape)


@op(spec=_nonzero_spec)
def nonzero(x: Any) -> tuple[Any, ...]:
    """Return for each axis the indices of the values that are not zero, as int32.

    >>> import torchkeras as keras
    >>> keras.ops.nonzero([0, 5, 7])
    (tensor([1, 2], dtype=torch.int32),)
    """
    found = torch.nonzero(torch.atleast_1d(convert_to_tensor(x)), as_tuple=True)
    return tuple(i.to(torch.int32) for i in found)


@op(tensors=3)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Return at each place the entry of the first choice whose condition holds, else the default.

    Args:
        condlist: List of boolean tensors.
        choicelist: List of equally many tensors.
        default: Number or tensor.

    Raises:
        ValueError: if the lists are empty, of different lengths, or no lists.

    >>> import torchkeras as keras
    >>> x = keras.ops.arange(6)
    >>> keras.ops.select([x < 3, x > 3], [x, x**2], 42)
    tensor([ 0,  1,  2, 42, 16, 25], dtype=torch.int32)
    """
    lists = isinstance(condlist, (list, tuple)) and isinstance(choicelist, (list, tuple))
    if not lists or not condlist or len(condlist) != len(choicelist):
        raise ValueError(
            "select: condlist and choicelist must be lists of one length, not empty. "
            f"Received: condlist={condlist}, choicelist={choicelist}."
        )
    *choices, out = promote(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        out = torch.where(convert_to_tensor(condition).bool(), choice, out)
    return out


def _plane(owner: str, x: Any, axis1: int, axis2: int) -> torch.Tensor:
    x = convert_to_tensor(x)
    if x.ndim < 2 or range(x.ndim)[axis1] == range(x.ndim)[axis2]:
        raise ValueError(
            f"{owner}: axis1 and axis2 must be two axes of x. Received: axis1={axis1}, "
            f"axis2={axis2}, x of shape {tuple(x.shape)}."
        )
    return x


@op()
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the sums of the diagonals of the planes of two axes.

    >>> import torchkeras as keras
    >>> keras.ops.trace([[1, 2], [3, 4]])
    tensor(5, dtype=torch.int32)
    """
    line = torch.diagonal(_summable(_plane("trace", x, axis1, axis2)), offset, axis1, axis2)
    return torch.sum(line, -1, dtype=line.dtype)


@op()
def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Return for each axis of a shape the indices that indices into its flat form stand for.

    Args:
        indices: Integers; negative ones count from the end.
        shape: Shape of the tensor they index.

    Raises:
        TypeError: if the indices are not integers.

    >>> import torchkeras as keras
    >>> keras.ops.unravel_index([5, 7], (3, 3))
    (tensor([1, 2], dtype=torch.int32), tensor([2, 1], dtype=torch.int32))
    """
    indices = convert_to_tensor(indices)
    if indices.is_floating_point() or indices.is_complex() or indices.dtype is torch.bool:
        raise TypeError(f"unravel_index: indices must be integers. Received: {indices.dtype}.")
    out = []
    rest = indices.long()
    for size in reversed((shape,) if isinstance(shape, int) else tuple(shape)):
        out.append(torch.remainder(rest, size).to(indices.dtype))
        rest = torch.floor_divide(rest, size)
    return tuple(reversed(out))


@op()
def size(x: Any) -> Any:
    """Return the number of values, as an int32 tensor: of a symbol it is known when it runs.

    >>> import torchkeras as keras
    >>> keras.ops.size([[1, 2, 3]])
    tensor(3, dtype=torch.int32)
    """
    x = convert_to_tensor(x)
    return torch.tensor(x.numel(), dtype=torch.int32, device=x.device)


def ndim(x: Any) -> int:
    """Return the number of dimensions.

    >>> import torchkeras as keras
    >>> keras.ops.ndim([[1, 2, 3]])
    2
    """
    return len(x.shape) if hasattr(x, "shape") else convert_to_tensor(x).ndim
