"""Values brought to mean 0 and variance 1, or to length 1."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check, config
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import NN, op, promote, to_float
from torchkeras.ops._replicas import has_replicas, sum_of_replicas

Tensor = torch.Tensor
Axes = int | Sequence[int]


def _axes(owner: str, x: Tensor, axis: Axes) -> tuple[int, ...]:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    if any(not -x.ndim <= a < x.ndim for a in axes):
        raise ValueError(
            f"{owner}: axis must be an axis of the input. Received: axis={axis} of shape "
            f"{tuple(x.shape)}."
        )
    return tuple(sorted(a % x.ndim for a in axes))


def _weight(x: Tensor, weight: Any, axes: tuple[int, ...]) -> Tensor | None:
    """Return a weight of the axes' shape, in the input's dtype and layout."""
    if weight is None:
        return None
    weight = convert_to_tensor(weight).to(x.dtype)
    shape = [x.shape[a] for a in axes]
    if weight.ndim != len(axes) or list(weight.shape) == shape == list(x.shape[-len(axes) :]):
        return weight  # broadcasts, or fits torch's kernel
    return weight.reshape([n if a in axes else 1 for a, n in enumerate(x.shape)])


def _fused(x: Tensor, axes: tuple[int, ...], *weights: Tensor | None) -> list[int] | None:
    """Return the normalised shape if torch's kernel can do it: the axes are the last ones."""
    if not axes or axes != tuple(range(x.ndim - len(axes), x.ndim)):
        return None
    shape = [x.shape[a] for a in axes]
    return shape if all(w is None or list(w.shape) == shape for w in weights) else None


@op("BatchNorm", module=NN, tensors=5)
def _batch_norm(
    x: Any, mean: Any, variance: Any, offset: Any = None, scale: Any = None, axis: int = -1,
    epsilon: float = 1e-3,
) -> Any:  # fmt: skip
    given = [t for t in (x, mean, variance, offset, scale) if t is not None]
    x, mean, variance, *rest = promote(*(to_float(t) for t in given))
    (axis,) = _axes("batch_normalization", x, axis)
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    factor = torch.rsqrt(variance + epsilon)
    if scale is not None:
        factor = factor * rest.pop()
    y = (x - mean.reshape(shape)) * factor.reshape(shape)
    return y if offset is None else y + rest.pop().reshape(shape)


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None,
    epsilon: float = 1e-3,
) -> Tensor:  # fmt: skip
    """Return `(x - mean) / sqrt(variance + epsilon) * scale + offset`.

    Args:
        x: Input.
        mean, variance, offset, scale: One value for each entry of `axis`; the last two optional.
        axis: Axis of the features.
        epsilon: Keeps the divisor above 0.

    >>> import torch, torchkeras as keras
    >>> ones = torch.ones(3)
    >>> keras.ops.batch_normalization(torch.zeros(1, 3), ones, ones, axis=-1, epsilon=0.0)
    tensor([[-1., -1., -1.]])
    """
    return _batch_norm(x, mean, variance, offset, scale, axis, epsilon)


@op("LayerNorm", module=NN, tensors=3)
def _layer_norm(
    x: Any, gamma: Any = None, beta: Any = None, axis: Axes = -1, epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Any:  # fmt: skip
    x = to_float(x)
    axes = _axes("layer_normalization", x, axis)
    epsilon = config.epsilon() if epsilon is None else epsilon
    gamma, beta = _weight(x, gamma, axes), _weight(x, beta, axes)
    shape = _fused(x, axes, gamma, beta)
    if shape is not None and not rms_scaling:
        return F.layer_norm(x, shape, gamma, beta, epsilon)
    variance, mean = torch.var_mean(_widened(x), axes, correction=0, keepdim=True)
    y = _widened(x) * torch.rsqrt(variance + epsilon)
    if rms_scaling:
        y = y.to(x.dtype)
        return y if gamma is None else y * gamma
    y = ((_widened(x) - mean) * torch.rsqrt(variance + epsilon)).to(x.dtype)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


def _widened(x: Tensor) -> Tensor:
    """Return 16-bit values in 32 bits: sums of squares overflow in less."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Axes = -1, epsilon: float | None = None,
    **kwargs: Any,
) -> Tensor:  # fmt: skip
    """Return `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, both over `axis`.

    Args:
        x: Input.
        gamma, beta: Optional, of the shape of the axes.
        axis: Axis, or axes.
        epsilon: Default `keras.config.epsilon()`.
        **kwargs: `rms_scaling` of older scripts: only scale, by the standard deviation.

    >>> import torch, torchkeras as keras
    >>> keras.ops.layer_normalization(torch.tensor([[-1.0, 1.0]])).round()
    tensor([[-1.,  1.]])
    """
    rms_scaling = bool(kwargs.pop("rms_scaling", False))
    if kwargs:
        raise TypeError(f"layer_normalization: unknown arguments. Received: {sorted(kwargs)}.")
    if rms_scaling:
        warnings.warn(
            "layer_normalization: rms_scaling=True is deprecated, and does not divide by the root "
            "of the mean square. Use rms_normalization.",
            stacklevel=2,
        )
    return _layer_norm(x, gamma, beta, axis, epsilon, rms_scaling)


@op("RMSNorm", module=NN, named=("scale",))
def rms_normalization(
    x: Any, scale: Any = None, axis: Axes = -1, epsilon: float | None = None
) -> Any:
    """Return `x / sqrt(mean(x**2) + epsilon) * scale`, the mean over `axis`.

    Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467

    >>> import torch, torchkeras as keras
    >>> keras.ops.rms_normalization(torch.tensor([[3.0, 3.0]])).round()
    tensor([[1., 1.]])
    """
    x = to_float(x)
    axes = _axes("rms_normalization", x, axis)
    epsilon = config.epsilon() if epsilon is None else epsilon
    scale = _weight(x, scale, axes)
    shape = _fused(x, axes, scale)
    if shape is not None:
        return F.rms_norm(x, shape, scale, epsilon)
    wide = _widened(x)
    y = (wide * torch.rsqrt(wide.square().mean(axes, keepdim=True) + epsilon)).to(x.dtype)
    return y if scale is None else y * scale


@op(module=NN)
def normalize(x: Any, axis: Axes | None = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """Divide by the norm over an axis (None: all), of order 1 or higher: `x / max(norm, epsilon)`.

    Over two axes it is the matrix norm of this order, as `ops.norm` has it; of order 2, and over
    more axes, that of all values.

    >>> import torch, torchkeras as keras
    >>> keras.ops.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    check.positive_int("normalize", "order", order)
    x = to_float(x)
    axes = tuple(range(x.ndim)) if axis is None else _axes("normalize", x, axis)
    epsilon = config.epsilon() if epsilon is None else epsilon
    if order == 2 or len(axes) != 2:
        return F.normalize(x, order, axes[0] if len(axes) == 1 else axes, epsilon)
    if order != 1:
        raise ValueError(
            f"normalize: order must be 1 or 2 over two axes. Received: order={order}, axis={axis}."
        )
    return x / torch.linalg.matrix_norm(x, order, axes, keepdim=True).clamp_min(epsilon)


@op(module=NN)
def moments(x: Any, axes: Axes, keepdims: bool = False, synchronized: bool = False) -> Any:
    """Return the mean and the variance over axes.

    Args:
        x: Input; 16-bit floats are summed in 32.
        axes: Axis, or axes.
        keepdims: Whether the axes stay, with size 1.
        synchronized: Whether the values of all processes of `torch.distributed` count.

    >>> import torch, torchkeras as keras
    >>> keras.ops.moments(torch.tensor([1.0, 3.0]), [0])
    (tensor(2.), tensor(1.))
    """
    x = to_float(x)
    axes = _axes("moments", x, axes)
    if synchronized and has_replicas():
        mean, variance = _moments_of_replicas(_widened(x), axes, keepdims)
    else:
        variance, mean = torch.var_mean(_widened(x), axes, correction=0, keepdim=keepdims)
    if x.dtype is not variance.dtype:
        most = torch.finfo(x.dtype).max
        mean, variance = mean.clamp(-most, most).to(x.dtype), variance.clamp(max=most).to(x.dtype)
    return mean, variance


def _moments_of_replicas(x: Tensor, axes: tuple[int, ...], keepdims: bool) -> tuple[Tensor, Tensor]:
    """Return the moments of all processes' values; each may have another number of them."""
    total = sum_of_replicas(x.new_tensor(float(math.prod(x.shape[a] for a in axes))))
    mean = sum_of_replicas(x.sum(axes, keepdim=True)) / total
    variance = sum_of_replicas((x - mean).square().sum(axes, keepdim=True)) / total
    return (mean, variance) if keepdims else (mean.squeeze(axes), variance.squeeze(axes))
