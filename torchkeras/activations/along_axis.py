"""Activations that look at all values along an axis."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from torchkeras.core.registry import ACTIVATIONS
from torchkeras.ops import activation as ops


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
    return ops.softmax(x, axis)


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
    return ops.log_softmax(x, axis)


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
    return ops.sparsemax(x, axis)


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
    return ops.glu(x, axis)
