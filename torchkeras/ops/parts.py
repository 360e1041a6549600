"""Ops that join tensors along a given axis of theirs, and cut them."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op, promote

Tensor = torch.Tensor


@op(tensors=2)
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """Return `x2` after `x1` along an axis; None: both flat.

    >>> import torchkeras as keras
    >>> keras.ops.append([1, 2], [[3, 4]])
    tensor([1, 2, 3, 4], dtype=torch.int32)
    """
    x1, x2 = promote(x1, x2)
    return torch.cat((x1.flatten(), x2.flatten()) if axis is None else (x1, x2), axis or 0)


@op()
def hstack(xs: Any) -> Any:
    """Join tensors along the second axis, those of one axis along that.

    >>> import torchkeras as keras
    >>> keras.ops.hstack([[1, 2], [3]])
    tensor([1, 2, 3], dtype=torch.int32)
    """
    return torch.hstack(promote(*xs))


@op()
def vstack(xs: Any) -> Any:
    """Join tensors along the first axis; those of one axis become rows.

    >>> import torchkeras as keras
    >>> keras.ops.vstack([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]], dtype=torch.int32)
    """
    return torch.vstack(promote(*xs))


@op()
def dstack(xs: Any) -> Any:
    """Join tensors along the third axis, which is made where it is absent.

    >>> import torch, torchkeras as keras
    >>> keras.ops.dstack([torch.ones(2), torch.ones(2)]).shape
    torch.Size([1, 2, 2])
    """
    return torch.dstack(promote(*xs))


@op()
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut into parts along an axis, the first ones greater by one where it does not divide.

    Args:
        x: Tensor.
        indices_or_sections: Number of parts, or the indices at which to cut.
        axis: Axis.

    Raises:
        ValueError: if the number of parts is not positive.

    >>> import torchkeras as keras
    >>> keras.ops.array_split([1, 2, 3], 2)
    [tensor([1, 2], dtype=torch.int32), tensor([3], dtype=torch.int32)]
    """
    x = convert_to_tensor(x)
    if not isinstance(indices_or_sections, int):
        return list(torch.tensor_split(x, tuple(indices_or_sections), dim=axis))
    if indices_or_sections <= 0:
        raise ValueError(
            "array_split: indices_or_sections must be a positive integer. "
            f"Received: indices_or_sections={indices_or_sections}."
        )
    return list(torch.tensor_split(x, indices_or_sections, dim=axis))


def _cut(
    function: Callable[..., Any], owner: str, x: Any, parts: Any, axis: int, least: int
) -> list[Tensor]:
    x = convert_to_tensor(x)
    if x.ndim < least:
        raise ValueError(
            f"{owner}: x must have at least {least} dimensions. Received: shape {tuple(x.shape)}."
        )
    if not isinstance(parts, int):
        return list(function(x, tuple(parts)))
    if parts <= 0 or x.shape[axis] % parts:
        raise ValueError(
            f"{owner}: the axis must divide into equal parts. Received: {parts} parts of size "
            f"{x.shape[axis]}."
        )
    return list(function(x, parts))


@op()
def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the second axis, or the only one, into equal parts or at indices.

    >>> import torchkeras as keras
    >>> keras.ops.hsplit([1, 2], 2)
    [tensor([1], dtype=torch.int32), tensor([2], dtype=torch.int32)]
    """
    x = convert_to_tensor(x)
    return _cut(torch.hsplit, "hsplit", x, indices_or_sections, 0 if x.ndim < 2 else 1, 1)


@op()
def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the first of two or more axes into equal parts or at indices.

    >>> import torchkeras as keras
    >>> keras.ops.vsplit([[1], [2]], 2)
    [tensor([[1]], dtype=torch.int32), tensor([[2]], dtype=torch.int32)]
    """
    return _cut(torch.vsplit, "vsplit", x, indices_or_sections, 0, 2)


@op()
def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the third axis into equal parts or at indices.

    >>> import torchkeras as keras
    >>> keras.ops.dsplit([[[1, 2]]], 2)
    [tensor([[[1]]], dtype=torch.int32), tensor([[[2]]], dtype=torch.int32)]
    """
    return _cut(torch.dsplit, "dsplit", x, indices_or_sections, 2, 3)
