"""Activations that look at all values along an axis."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras.core.registry import ACTIVATIONS
from torchkeras.core.tensor import convert_to_tensor


@ACTIVATIONS.register()
def softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Tensor:
    """Turn values into shares that sum to 1: `exp(x) / sum(exp(x))`.

    Args:
        x: Tensor or array.
        axis: Axis, or axes, of the sum; None for all.

    >>> import torchkeras as keras
    >>> keras.activations.softmax([0.0, 1.0, 2.0])
    tensor([0.0900, 0.2447, 0.6652])
    """
    if not isinstance(x, Tensor):
        x = convert_to_tensor(x)
    if isinstance(axis, int):
        return torch.softmax(x, axis)
    return _over_axes(torch.softmax, x, axis)


@ACTIVATIONS.register()
def log_softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Tensor:
    """Logarithm of `softmax`: `x - log(sum(exp(x)))`.

    Args:
        x: Tensor or array.
        axis: Axis, or axes, of the sum; None for all.

    >>> import torchkeras as keras
    >>> keras.activations.log_softmax([0.0, 1.0, 2.0])
    tensor([-2.4076, -1.4076, -0.4076])
    """
    if not isinstance(x, Tensor):
        x = convert_to_tensor(x)
    if isinstance(axis, int):
        return torch.log_softmax(x, axis)
    return _over_axes(torch.log_softmax, x, axis)


def _over_axes(function: Any, x: Any, axis: Sequence[int] | None) -> Any:
    """Apply a function of one axis to several, joined to one at the end."""
    axes = list(range(x.ndim)) if axis is None else [a % x.ndim for a in axis]
    at_end = list(range(-len(axes), 0))
    moved = torch.movedim(x, axes, at_end)
    out = function(torch.flatten(moved, -len(axes)), -1)
    return torch.movedim(out.reshape_as(moved), at_end, axes)  # its sizes may be unknown yet


@ACTIVATIONS.register()
def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """Project onto the shares that sum to 1: like `softmax`, but with true zeros.

    `max(x - tau, 0)`, with the `tau` that makes the sum 1.

    Args:
        x: Tensor or array.
        axis: Axis of the sum.

    Martins et al., 2016, https://arxiv.org/abs/1602.02068

    >>> import torchkeras as keras
    >>> keras.activations.sparsemax([0.0, 1.0, 1.5])
    tensor([0.0000, 0.2500, 0.7500])
    """
    if not isinstance(x, Tensor):
        x = convert_to_tensor(x)
    x = torch.movedim(x, axis, -1)
    x = torch.sub(x, torch.amax(x, -1, True))  # changes nothing but the size of rounding errors
    ordered = torch.sort(x, -1, True)[0]
    total = torch.cumsum(ordered, -1)
    rank = torch.cumsum(torch.ones_like(total), -1)
    kept = torch.gt(torch.add(torch.mul(ordered, rank), 1), total)
    count = torch.sum(kept, -1, True)
    tau = torch.div(torch.sub(torch.gather(total, -1, torch.sub(count, 1)), 1), count)
    return torch.movedim(torch.relu(torch.sub(x, tau)), -1, axis)


@ACTIVATIONS.register()
def glu(x: Any, axis: int = -1) -> Tensor:
    """Gated linear unit: `a * sigmoid(b)` with the halves `a`, `b` of the input.

    Args:
        x: Tensor or array, of even size along `axis`.
        axis: Axis that is halved: `(..., 2 * n) -> (..., n)`.

    Dauphin et al., 2017, https://arxiv.org/abs/1612.08083

    >>> import torchkeras as keras
    >>> keras.activations.glu([4.0, 6.0, 0.0, 0.0])
    tensor([2., 3.])
    """
    return F.glu(x if isinstance(x, Tensor) else convert_to_tensor(x), axis)
