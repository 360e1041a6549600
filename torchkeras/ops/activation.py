"""Activation functions as ops; `keras.activations` are the same maths under their own names."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base.legacy import warn_user
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import NN, op, to_float, unary

Tensor = torch.Tensor


def _sparse_plus(x: Tensor) -> Tensor:
    # Clamped on both sides: the branch that is not taken must have no infinite gradient.
    parabola = torch.square(torch.clamp(x, -1.0, 1.0) + 1.0)
    return torch.where(x < 1.0, parabola * 0.25, x)


def _sparse_sigmoid(x: Tensor) -> Tensor:
    return (F.hardtanh(x) + 1.0) * 0.5


def _hard_sigmoid_legacy(x: Tensor) -> Tensor:
    return F.hardtanh(x * 0.2 + 0.5, 0.0, 1.0)


def _tanh_shrink(x: Tensor) -> Tensor:
    return x - torch.tanh(x)


relu = unary(torch.relu, "relu", "Return `max(x, 0)`.", module=NN)
relu6 = unary(F.relu6, "relu6", "Return `min(max(x, 0), 6)`.", class_name="Relu6", module=NN)
sigmoid = unary(torch.sigmoid, "sigmoid", "Return `1 / (1 + exp(-x))`.", module=NN, floating=True)
softplus = unary(F.softplus, "softplus", "Return `log(1 + exp(x))`.", module=NN, floating=True)
softsign = unary(F.softsign, "softsign", "Return `x / (1 + |x|)`.", module=NN, floating=True)
silu = unary(F.silu, "silu", "Return `x * sigmoid(x)`.", module=NN, floating=True)
swish = silu
selu = unary(torch.selu, "selu", "Return the scaled ELU.", module=NN, floating=True)
log_sigmoid = unary(
    F.logsigmoid, "log_sigmoid", "Return `-log(1 + exp(-x))`.", module=NN, floating=True
)
hard_sigmoid = unary(
    F.hardsigmoid,
    "hard_sigmoid",
    "Return `min(max(x / 6 + 1/2, 0), 1)`.",
    module=NN,
    floating=True,
)
hard_sigmoid_legacy = unary(
    _hard_sigmoid_legacy,
    "hard_sigmoid_legacy",
    "Return `min(max(x / 5 + 1/2, 0), 1)`, which Keras 1 and 2 call `hard_sigmoid`.",
    module="torchkeras.ops",
    floating=True,
)
hard_silu = unary(
    F.hardswish, "hard_silu", "Return `x * hard_sigmoid(x)`.", module=NN, floating=True
)
hard_swish = hard_silu
hard_tanh = unary(F.hardtanh, "hard_tanh", "Return `min(max(x, -1), 1)`.", module=NN)
sparse_plus = unary(
    _sparse_plus,
    "sparse_plus",
    "Return 0 up to -1, `(x + 1)**2 / 4` up to 1, then `x`.",
    module=NN,
    floating=True,
)
sparse_sigmoid = unary(
    _sparse_sigmoid,
    "sparse_sigmoid",
    "Return `min(max((x + 1) / 2, 0), 1)`.",
    module=NN,
    floating=True,
)
tanh_shrink = unary(_tanh_shrink, "tanh_shrink", "Return `x - tanh(x)`.", module=NN, floating=True)


def _over_axes(function: Any, x: Tensor, axis: Sequence[int] | None) -> Tensor:
    """Apply a function of one axis to several, joined to one at the end."""
    axes = list(range(x.ndim)) if axis is None else [a % x.ndim for a in axis]
    at_end = list(range(-len(axes), 0))
    moved = torch.movedim(x, axes, at_end)
    out = function(torch.flatten(moved, -len(axes)), -1)
    return torch.movedim(out.reshape(moved.shape), at_end, axes)


@op(module=NN)
def softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Any:
    """Return `exp(x)` divided by its sum along an axis, or axes; None for all."""
    x = to_float(x)
    if isinstance(axis, int):
        y = torch.softmax(x, axis)
        if x.ndim and x.shape[axis] == 1:
            warn_user(
                f"softmax: axis {axis} of a tensor of shape {tuple(x.shape)} has the size 1, where "
                "the result is always 1. Is a sigmoid meant?",
                UserWarning,
            )
        return y
    return _over_axes(torch.softmax, x, axis)


@op(module=NN)
def log_softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Any:
    """Return the logarithm of `softmax`."""
    x = to_float(x)
    if isinstance(axis, int):
        return torch.log_softmax(x, axis)
    return _over_axes(torch.log_softmax, x, axis)


@op(module=NN)
def sparsemax(x: Any, axis: int = -1) -> Any:
    """Project onto the shares that sum to 1: `max(x - tau, 0)`, with true zeros."""
    x = torch.movedim(to_float(x), axis, -1)
    x = x - torch.amax(x, -1, True)  # changes nothing but the size of rounding errors
    ordered = torch.sort(x, -1, True)[0]
    total = torch.cumsum(ordered, -1)
    rank = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype, device=x.device)
    count = torch.sum(ordered * rank + 1 > total, -1, True)
    tau = (torch.gather(total, -1, count - 1) - 1) / count
    return torch.movedim(torch.relu(x - tau), -1, axis)


@op(module=NN)
def glu(x: Any, axis: int = -1) -> Any:
    """Return `a * sigmoid(b)` with the halves `a`, `b` of the input along an axis."""
    x = to_float(x)
    if x.shape[axis] % 2:
        raise ValueError(
            f"glu: the size along the axis must be even. Received: axis={axis} of shape "
            f"{tuple(x.shape)}."
        )
    return F.glu(x, axis)


@op(module=NN)
def gelu(x: Any, approximate: bool = True) -> Any:
    """Return `x` times the share of a normal distribution below it."""
    return F.gelu(to_float(x), approximate="tanh" if approximate else "none")


@op(module=NN)
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return `x`, or `alpha * (exp(x) - 1)` below 0."""
    return F.elu(to_float(x), alpha)


@op(module=NN)
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Return `x`, or `alpha * (exp(x / alpha) - 1)` below 0."""
    return torch.celu(to_float(x), alpha)


@op(module=NN)
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return `x`, or `negative_slope * x` below 0."""
    return F.leaky_relu(to_float(x), negative_slope)


@op(module=NN)
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return `x` where `|x| > threshold`, else 0."""
    return F.hardshrink(to_float(x), threshold)


@op(module=NN)
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return `sign(x) * max(|x| - threshold, 0)`."""
    return F.softshrink(to_float(x), threshold)


@op(module=NN)
def squareplus(x: Any, b: float = 4) -> Any:
    """Return `(x + sqrt(x**2 + b)) / 2`."""
    x = to_float(x)
    return (x + torch.sqrt(torch.square(x) + b)) / 2


@op(module=NN)
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Return `x` where `x > threshold`, else `default_value`."""
    return torch.threshold(convert_to_tensor(x), threshold, default_value)
