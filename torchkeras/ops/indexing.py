"""Ops that pick entries, or tell where they are."""

from typing import Any

import numpy as np
import torch

from torchkeras.core import infer
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op, promote
from torchkeras.ops.reduction import _summable

_SLICING = (slice, type(...))


def _mask(part: Any) -> Any:
    """Return a part of a key if it is a mask, as a tensor or symbol of booleans; else None."""
    if isinstance(part, (list, np.ndarray, torch.Tensor)):
        part = convert_to_tensor(part)
    elif not isinstance(part, KerasTensor):
        return None
    return part if part.ndim and part.dtype in ("bool", torch.bool) else None


def _get_item_spec(x: Any, key: Any) -> Any:
    """Infer the shape with indices in place of masks: as many as they pick, if that is known."""
    parts = key if isinstance(key, (tuple, list)) else (key,)
    masks = [_mask(part) for part in parts]
    axes = [
        0 if part is None or part is ... else 1 if mask is None else mask.ndim
        for part, mask in zip(parts, masks, strict=True)
    ]
    indices: list[Any] = []
    for i, (part, mask) in enumerate(zip(parts, masks, strict=True)):
        if mask is None:
            indices.append(part)
            continue
        dots = any(p is ... for p in parts[:i])
        first = len(x.shape) - sum(axes[i:]) if dots else sum(axes[:i])
        sizes = x.shape[first : first + mask.ndim]
        if any(a != b for a, b in zip(sizes, mask.shape, strict=False) if None not in (a, b)):
            raise IndexError(
                "get_item: a mask must have the sizes of the axes that it stands for. "
                f"Received: a mask of shape {tuple(mask.shape)} for axes of shape {sizes}."
            )
        if isinstance(mask, KerasTensor):
            indices += [KerasTensor((None,), "int64", name=mask.name)] * mask.ndim
        else:
            indices += torch.nonzero(mask, as_tuple=True)
    return infer.fitting_spec(_get_item.__wrapped__, (x, tuple(indices)), {})


@op("GetItem", tensors=2, spec=_get_item_spec)
def _get_item(x: Any, key: Any) -> Any:
    # JSON has no tuples: in a file, a list was one.
    return convert_to_tensor(x)[tuple(key) if isinstance(key, list) else key]


def get_item(x: Any, key: Any) -> Any:
    """Return `x[key]`."""
    if isinstance(key, list) and not any(k is None or isinstance(k, _SLICING) for k in key):
        key = (key,)  # the same entries, and no tuple in a file
    return _get_item(x, key)


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
