"""Smooth activations of single values."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from torchkeras.core.registry import ACTIVATIONS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops import activation as ops
from torchkeras.ops import elementwise


@ACTIVATIONS.register()
def sigmoid(x: Any) -> Tensor:
    """Logistic function: `1 / (1 + exp(-x))`.

    >>> import torchkeras as keras
    >>> keras.activations.sigmoid([-1.0, 0.0])
    tensor([0.2689, 0.5000])
    """
    return ops.sigmoid(x)


@ACTIVATIONS.register()
def log_sigmoid(x: Any) -> Tensor:
    """Logarithm of the logistic function: `-log(1 + exp(-x))`.

    >>> import torchkeras as keras
    >>> keras.activations.log_sigmoid([-200.0, 0.0])
    tensor([-200.0000, -0.6931])
    """
    return ops.log_sigmoid(x)


@ACTIVATIONS.register()
def tanh(x: Any) -> Tensor:
    """Hyperbolic tangent: `(exp(x) - exp(-x)) / (exp(x) + exp(-x))`.

    >>> import torchkeras as keras
    >>> keras.activations.tanh([-1.0, 0.0])
    tensor([-0.7616,  0.0000])
    """
    return elementwise.tanh(x)


@ACTIVATIONS.register()
def tanh_shrink(x: Any) -> Tensor:
    """What the hyperbolic tangent takes away: `x - tanh(x)`.

    >>> import torchkeras as keras
    >>> keras.activations.tanh_shrink([-1.0, 0.0])
    tensor([-0.2384,  0.0000])
    """
    return ops.tanh_shrink(x)


@ACTIVATIONS.register()
def exponential(x: Any) -> Tensor:
    """Exponential function: `exp(x)`.

    >>> import torchkeras as keras
    >>> keras.activations.exponential([0.0, 1.0])
    tensor([1.0000, 2.7183])
    """
    return elementwise.exp(x)


@ACTIVATIONS.register("swish")
def silu(x: Any) -> Tensor:
    """Sigmoid linear unit, also known as swish: `x * sigmoid(x)`.

    Ramachandran et al., 2017, https://arxiv.org/abs/1710.05941

    >>> import torchkeras as keras
    >>> keras.activations.silu([-1.0, 1.0])
    tensor([-0.2689,  0.7311])
    """
    return ops.silu(x)


@ACTIVATIONS.register()
def gelu(x: Any, approximate: bool = False) -> Tensor:
    """Gaussian error linear unit: `x * P(X <= x)` for a standard normal `X`.

    Args:
        x: Tensor or array.
        approximate: Use `x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x**3)))`.

    Hendrycks et al., 2016, https://arxiv.org/abs/1606.08415

    >>> import torchkeras as keras
    >>> keras.activations.gelu([-1.0, 1.0])
    tensor([-0.1587,  0.8413])
    """
    return ops.gelu(x, approximate)


@ACTIVATIONS.register()
def mish(x: Any) -> Tensor:
    """Mish: `x * tanh(softplus(x))`.

    Misra, 2019, https://arxiv.org/abs/1908.08681

    >>> import torchkeras as keras
    >>> keras.activations.mish([-1.0, 1.0])
    tensor([-0.3034,  0.8651])
    """
    return F.mish(x if isinstance(x, Tensor) else convert_to_tensor(x))


@ACTIVATIONS.register()
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: `x` above zero, `alpha * (exp(x) - 1)` below.

    Clevert et al., 2016, https://arxiv.org/abs/1511.07289

    >>> import torchkeras as keras
    >>> keras.activations.elu([-1.0, 1.0])
    tensor([-0.6321,  1.0000])
    """
    return ops.elu(x, alpha)


@ACTIVATIONS.register()
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """ELU with a continuous derivative: `x` above zero, `alpha * (exp(x / alpha) - 1)` below.

    Barron, 2017, https://arxiv.org/abs/1704.07483

    >>> import torchkeras as keras
    >>> keras.activations.celu([-1.0, 1.0], alpha=2.0)
    tensor([-0.7869,  1.0000])
    """
    return ops.celu(x, alpha)


@ACTIVATIONS.register()
def selu(x: Any) -> Tensor:
    """Scaled ELU, `1.0507 * elu(x, 1.6733)`: keeps mean 0 and variance 1 between layers.

    Use it with the `lecun_normal` initializer and the `AlphaDropout` layer.
    Klambauer et al., 2017, https://arxiv.org/abs/1706.02515

    >>> import torchkeras as keras
    >>> keras.activations.selu([-1.0, 1.0])
    tensor([-1.1113,  1.0507])
    """
    return ops.selu(x)


@ACTIVATIONS.register()
def softplus(x: Any) -> Tensor:
    """Smooth rectifier: `log(1 + exp(x))`.

    >>> import torchkeras as keras
    >>> keras.activations.softplus([0.0, 100.0])
    tensor([  0.6931, 100.0000])
    """
    return ops.softplus(x)


@ACTIVATIONS.register()
def softsign(x: Any) -> Tensor:
    """Softsign: `x / (1 + |x|)`.

    >>> import torchkeras as keras
    >>> keras.activations.softsign([-1.0, 3.0])
    tensor([-0.5000,  0.7500])
    """
    return ops.softsign(x)


@ACTIVATIONS.register()
def squareplus(x: Any, b: float = 4) -> Tensor:
    """Smooth rectifier without exponentials: `(x + sqrt(x**2 + b)) / 2`.

    Args:
        x: Tensor or array.
        b: Smoothness; 0 gives `relu`.

    Barron, 2021, https://arxiv.org/abs/2112.11687

    >>> import torchkeras as keras
    >>> keras.activations.squareplus([0.0, 3.0])
    tensor([1.0000, 3.3028])
    """
    return ops.squareplus(x, b)


swish = silu
