"""Activations made of pieces of lines and parabolas.

Most are ops under another name, with their own defaults. Symbols pass through them: a node of
Keras's own kind records each.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras._base.check import received
from torchkeras._base.legacy import old_keyword
from torchkeras.core.registry import ACTIVATIONS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops import activation as ops


@ACTIVATIONS.register()
def linear(x: Any) -> Any:
    """Return the input as it is.

    >>> import torchkeras as keras
    >>> keras.activations.linear(2.5)
    2.5
    """
    return x


@ACTIVATIONS.register()
@old_keyword("alpha", "negative_slope")
def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """Rectified linear unit: `max(x, 0)`; with a threshold `x if x > threshold else 0`.

    Args:
        x: Tensor or array.
        negative_slope: Slope below the threshold: `negative_slope * (x - threshold)`.
        max_value: The largest value of the result; None for no bound.
        threshold: Values up to it are damped or dropped.

    Raises:
        ValueError: if `max_value` is negative.

    >>> import torchkeras as keras
    >>> keras.activations.relu([-10.0, -5.0, 0.0, 5.0, 10.0], negative_slope=0.5, max_value=7)
    tensor([-5.0000, -2.5000,  0.0000,  5.0000,  7.0000])
    """
    if not isinstance(x, Tensor):
        x = convert_to_tensor(x)
    if max_value is None and not threshold:
        return ops.leaky_relu(x, negative_slope) if negative_slope else ops.relu(x)
    if max_value is not None and max_value < 0:
        raise ValueError(f"relu: max_value must be >= 0. {received('max_value', max_value)}")
    kept = torch.threshold(x, threshold, 0.0) if threshold else x
    if max_value is not None:
        kept = F.hardtanh(kept, 0.0, max_value)
    elif not threshold:
        kept = torch.relu(x)
    if not negative_slope:
        return kept
    return torch.sub(kept, torch.relu(torch.rsub(x, threshold)), alpha=negative_slope)


@ACTIVATIONS.register()
def relu6(x: Any) -> Tensor:
    """Rectified linear unit with an upper bound: `min(max(x, 0), 6)`.

    >>> import torchkeras as keras
    >>> keras.activations.relu6([-1.0, 3.0, 9.0])
    tensor([0., 3., 6.])
    """
    return ops.relu6(x)


@ACTIVATIONS.register()
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """Leaky rectified linear unit: `x` above zero, `negative_slope * x` below.

    >>> import torchkeras as keras
    >>> keras.activations.leaky_relu([-10.0, 5.0])
    tensor([-2.,  5.])
    """
    return ops.leaky_relu(x, negative_slope)


@ACTIVATIONS.register()
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """Keep values above a threshold: `x if x > threshold else default_value`.

    >>> import torchkeras as keras
    >>> keras.activations.threshold([-1.0, 0.5, 2.0], 0.5, -3.0)
    tensor([-3., -3.,  2.])
    """
    return ops.threshold(x, threshold, default_value)


@ACTIVATIONS.register()
def hard_tanh(x: Any) -> Tensor:
    """Piecewise linear hyperbolic tangent: `min(max(x, -1), 1)`.

    >>> import torchkeras as keras
    >>> keras.activations.hard_tanh([-2.0, 0.5, 2.0])
    tensor([-1.0000,  0.5000,  1.0000])
    """
    return ops.hard_tanh(x)


@ACTIVATIONS.register()
def hard_sigmoid(x: Any) -> Tensor:
    """Piecewise linear sigmoid: `min(max(x / 6 + 1/2, 0), 1)`.

    >>> import torchkeras as keras
    >>> keras.activations.hard_sigmoid([-3.0, 0.0, 1.5, 3.0])
    tensor([0.0000, 0.5000, 0.7500, 1.0000])
    """
    return ops.hard_sigmoid(x)


@ACTIVATIONS.register(module="torchkeras.activations")
def hard_sigmoid_legacy(x: Any) -> Tensor:
    """Piecewise linear sigmoid of Keras 1 and 2: `min(max(0.2 * x + 1/2, 0), 1)`.

    Models that were trained with `hard_sigmoid` then are loaded with this one.

    >>> import torchkeras as keras
    >>> keras.activations.hard_sigmoid_legacy([-2.5, 0.0, 1.5, 3.0])
    tensor([0.0000, 0.5000, 0.8000, 1.0000])
    """
    return ops.hard_sigmoid_legacy(x)


@ACTIVATIONS.register("hard_swish")
def hard_silu(x: Any) -> Tensor:
    """Piecewise SiLU, also known as hard swish: `x * hard_sigmoid(x)`.

    Howard et al., 2019, https://arxiv.org/abs/1905.02244

    >>> import torchkeras as keras
    >>> keras.activations.hard_silu([-3.0, 0.0, 3.0])
    tensor([-0., 0., 3.])
    """
    return ops.hard_silu(x)


@ACTIVATIONS.register()
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """Drop small values: `x if |x| > threshold else 0`.

    >>> import torchkeras as keras
    >>> keras.activations.hard_shrink([-1.0, 0.3, 2.0])
    tensor([-1.,  0.,  2.])
    """
    return ops.hard_shrink(x, threshold)


@ACTIVATIONS.register()
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """Move values towards zero: `sign(x) * max(|x| - threshold, 0)`.

    >>> import torchkeras as keras
    >>> keras.activations.soft_shrink([-1.0, 0.3, 2.0])
    tensor([-0.5000,  0.0000,  1.5000])
    """
    return ops.soft_shrink(x, threshold)


@ACTIVATIONS.register()
def sparse_plus(x: Any) -> Tensor:
    """Softplus with a flat part: 0 up to -1, `(x + 1)**2 / 4` up to 1, then `x`.

    >>> import torchkeras as keras
    >>> keras.activations.sparse_plus([-2.0, 0.0, 3.0])
    tensor([0.0000, 0.2500, 3.0000])
    """
    return ops.sparse_plus(x)


@ACTIVATIONS.register()
def sparse_sigmoid(x: Any) -> Tensor:
    """Derivative of `sparse_plus`: `min(max((x + 1) / 2, 0), 1)`.

    Blondel et al., 2019, https://arxiv.org/abs/1901.02324

    >>> import torchkeras as keras
    >>> keras.activations.sparse_sigmoid([-2.0, 0.0, 0.5, 2.0])
    tensor([0.0000, 0.5000, 0.7500, 1.0000])
    """
    return ops.sparse_sigmoid(x)


hard_swish = hard_silu
