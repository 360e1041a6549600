"""Activation functions as ops, and one-hot vectors."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import NN, op, to_float, unary

relu = unary(torch.relu, "relu", "Return `max(x, 0)`.", module=NN)
relu6 = unary(F.relu6, "relu6", "Return `min(max(x, 0), 6)`.", class_name="Relu6", module=NN)  # fmt: skip  # noqa: E501
sigmoid = unary(torch.sigmoid, "sigmoid", "Return `1 / (1 + exp(-x))`.", module=NN, floating=True)  # fmt: skip  # noqa: E501
softplus = unary(F.softplus, "softplus", "Return `log(1 + exp(x))`.", module=NN, floating=True)  # fmt: skip  # noqa: E501
softsign = unary(F.softsign, "softsign", "Return `x / (1 + |x|)`.", module=NN, floating=True)  # fmt: skip  # noqa: E501
silu = unary(F.silu, "silu", "Return `x * sigmoid(x)`.", module=NN, floating=True)
selu = unary(torch.selu, "selu", "Return the scaled ELU.", module=NN, floating=True)


@op(module=NN)
def softmax(x: Any, axis: Any = -1) -> Any:
    """Return `exp(x)` divided by its sum along an axis."""
    x = to_float(x)
    if isinstance(axis, int):
        return torch.softmax(x, axis)
    return torch.exp(x - torch.logsumexp(x, tuple(axis), keepdim=True))


@op(module=NN)
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Return the logarithm of `softmax`."""
    x = to_float(x)
    if isinstance(axis, int):
        return torch.log_softmax(x, axis)
    return x - torch.logsumexp(x, tuple(axis), keepdim=True)


@op(module=NN)
def gelu(x: Any, approximate: bool = True) -> Any:
    """Return `x` times the share of a normal distribution below it."""
    return F.gelu(to_float(x), approximate="tanh" if approximate else "none")


@op(module=NN)
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return `x`, or `alpha * (exp(x) - 1)` below 0."""
    return F.elu(to_float(x), alpha)


@op("LeakyRelu", module=NN)
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return `x`, or `negative_slope * x` below 0."""
    return F.leaky_relu(to_float(x), negative_slope)


@op("OneHot", module=NN)
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """Return vectors with a 1 at the index; an index out of range gives zeros."""
    x = convert_to_tensor(x).long()
    classes = torch.arange(num_classes, device=x.device)
    out = (x.unsqueeze(-1) == classes).to(dtypes.torch_dtype(dtype))
    return out if axis in (-1, x.ndim) else out.movedim(-1, axis)


one_hot.node.settles_dtype = True  # type: ignore[attr-defined]
