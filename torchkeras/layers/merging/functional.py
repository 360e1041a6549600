"""The merging layers as functions of a list of tensors."""

from typing import Any

from torchkeras.layers.merging.concatenate import Concatenate
from torchkeras.layers.merging.dot import Dot
from torchkeras.layers.merging.merge import Add, Average, Maximum, Minimum, Multiply, Subtract


def add(inputs: Any, **kwargs: Any) -> Any:
    """Return the sum of a list of tensors; arguments are those of `Add`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.add([torch.ones(1, 2), torch.ones(1, 2)])
    tensor([[2., 2.]])
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Return the difference of two tensors; arguments are those of `Subtract`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Return the product of a list of tensors; arguments are those of `Multiply`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Return the mean of a list of tensors; arguments are those of `Average`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Return the greatest entries of a list of tensors; arguments are those of `Maximum`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Return the smallest entries of a list of tensors; arguments are those of `Minimum`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Return a list of tensors joined along an axis; arguments are those of `Concatenate`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Return the products of two tensors along an axis; arguments are those of `Dot`."""
    return Dot(axes=axes, **kwargs)(inputs)
