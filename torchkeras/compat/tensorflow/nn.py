"""`tf.nn`: activations, losses, convolutions."""

import builtins
from typing import Any

import torch

from torchkeras import ops, random
from torchkeras.compat.tensorflow import arrays, math
from torchkeras.compat.tensorflow.arrays import convert_to_tensor
from torchkeras.compat.tensorflow.math import in_top_k as in_top_k
from torchkeras.compat.tensorflow.math import l2_normalize as l2_normalize
from torchkeras.compat.tensorflow.math import sigmoid as sigmoid
from torchkeras.compat.tensorflow.math import softplus as softplus
from torchkeras.compat.tensorflow.math import softsign as softsign
from torchkeras.compat.tensorflow.math import tanh as tanh
from torchkeras.compat.tensorflow.math import top_k as top_k
from torchkeras.compat.tensorflow.missing import missing


def relu(features: Any, name: str | None = None) -> Any:
    """Return the values above 0."""
    return ops.relu(convert_to_tensor(features))


def relu6(features: Any, name: str | None = None) -> Any:
    """Return the values moved into 0 to 6."""
    return ops.relu6(convert_to_tensor(features))


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """Return the values, scaled below 0."""
    return ops.leaky_relu(convert_to_tensor(features), negative_slope=alpha)


def elu(features: Any, name: str | None = None) -> Any:
    """Return the exponential linear unit."""
    return ops.elu(convert_to_tensor(features))


def selu(features: Any, name: str | None = None) -> Any:
    """Return the scaled exponential linear unit."""
    return ops.selu(convert_to_tensor(features))


def gelu(features: Any, approximate: builtins.bool = False, name: str | None = None) -> Any:
    """Return the Gaussian error linear unit."""
    return ops.gelu(convert_to_tensor(features), approximate=approximate)


def silu(features: Any, beta: float = 1.0) -> Any:
    """Return `x * sigmoid(beta * x)`."""
    features = convert_to_tensor(features)
    return ops.silu(features) if beta == 1.0 else features * ops.sigmoid(beta * features)


swish = silu


def softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Return the softmax over an axis, the last by default."""
    return ops.softmax(convert_to_tensor(logits), axis=-1 if axis is None else axis)


def log_softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Return the logarithm of the softmax."""
    return ops.log_softmax(convert_to_tensor(logits), axis=-1 if axis is None else axis)


def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Any:
    """Return the cross-entropy of each sample."""
    logs = ops.log_softmax(convert_to_tensor(logits), axis=axis)
    return -ops.sum(ops.cast(convert_to_tensor(labels), logs.dtype) * logs, axis=axis)


softmax_cross_entropy_with_logits_v2 = softmax_cross_entropy_with_logits


def sparse_softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, name: str | None = None
) -> Any:
    """Return the cross-entropy of each sample with an integer label."""
    return ops.sparse_categorical_crossentropy(
        convert_to_tensor(labels), convert_to_tensor(logits), from_logits=True
    )


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """Return the binary cross-entropy of each element."""
    return ops.binary_crossentropy(
        convert_to_tensor(labels), convert_to_tensor(logits), from_logits=True
    )


def dropout(
    x: Any, rate: float, noise_shape: Any = None, seed: int | None = None, name: Any = None
):
    """Return the values with a share of them dropped and the others scaled."""
    return random.dropout(convert_to_tensor(x), rate, noise_shape=noise_shape, seed=seed)


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: builtins.bool = False, name: Any = None
):
    """Return mean and variance over axes."""
    return ops.moments(convert_to_tensor(x), tuple(axes), keepdims=keepdims)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: float,
    name: str | None = None,
) -> Any:
    """Return values normalised by given statistics."""
    factor = ops.rsqrt(variance + variance_epsilon)
    factor = factor if scale is None else factor * scale
    shift = -mean * factor
    return convert_to_tensor(x) * factor + (shift if offset is None else offset + shift)


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """Add a bias for each channel."""
    value, bias = convert_to_tensor(value), convert_to_tensor(bias)
    if data_format and data_format.startswith("NC") and len(value.shape) > 2:
        return value + ops.reshape(bias, (1, -1, *[1] * (len(value.shape) - 2)))
    return value + bias


def _spatial(numbers: Any, data_format: str) -> Any:
    """Return the entries for the spatial axes of strides or window sizes."""
    if isinstance(numbers, int):
        return numbers
    numbers = tuple(int(n) for n in numbers)
    if len(numbers) != len(data_format):
        return numbers[0] if len(numbers) == 1 else numbers
    return numbers[2:] if data_format.startswith("NC") else numbers[1:-1]


def _order(data_format: str) -> str:
    return "channels_first" if data_format.startswith("NC") else "channels_last"


def _convolution(x, kernel, strides, padding, data_format, dilations):
    return ops.conv(
        _padded(convert_to_tensor(x), padding),
        convert_to_tensor(kernel),
        strides=_spatial(strides, data_format),
        padding=padding.lower() if isinstance(padding, str) else "valid",
        data_format=_order(data_format),
        dilation_rate=1 if dilations is None else _spatial(dilations, data_format),
    )


def _padded(x, padding):
    return x if isinstance(padding, str) else arrays.pad(x, padding)


def conv1d(
    input: Any,
    filters: Any,
    stride: Any,
    padding: Any,
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolve sequences."""
    return _convolution(input, filters, stride, padding, data_format, dilations)


def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolve images."""
    return _convolution(input, filters, strides, padding, data_format, dilations)


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolve each channel of images by itself."""
    return ops.depthwise_conv(
        _padded(convert_to_tensor(input), padding),
        convert_to_tensor(filter),
        strides=_spatial(strides, data_format),
        padding=padding.lower() if isinstance(padding, str) else "valid",
        data_format=_order(data_format),
        dilation_rate=1 if dilations is None else dilations,
    )


def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Any:
    """Return the largest value of each window."""
    size, step = _spatial(ksize, data_format), _spatial(strides, data_format)
    return ops.max_pool(convert_to_tensor(input), size, step, padding.lower(), _order(data_format))


def avg_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Any:
    """Return the mean of each window."""
    size, step = _spatial(ksize, data_format), _spatial(strides, data_format)
    return ops.average_pool(
        convert_to_tensor(input), size, step, padding.lower(), _order(data_format)
    )


max_pool, avg_pool = max_pool2d, avg_pool2d


def embedding_lookup(params: Any, ids: Any, max_norm: float | None = None, name: Any = None) -> Any:
    """Return the rows of given numbers."""
    rows = arrays.gather(params, ids)
    if max_norm is None:
        return rows
    length = ops.sqrt(ops.sum(ops.square(rows), axis=-1, keepdims=True))
    return rows * ops.minimum(1.0, max_norm / ops.maximum(length, 1e-12))


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Return half the sum of squares."""
    return ops.sum(ops.square(convert_to_tensor(t))) / 2


def zero_fraction(value: Any, name: str | None = None) -> Any:
    """Return the share of zeros."""
    return ops.mean(ops.cast(ops.equal(convert_to_tensor(value), 0), "float32"))


def crelu(features: Any, axis: int = -1, name: str | None = None) -> Any:
    """Return the values above 0, and those below turned round, side by side."""
    features = convert_to_tensor(features)
    return ops.relu(ops.concatenate([features, -features], axis=axis))


def ctc_loss(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: builtins.bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Any:
    """Return the CTC loss of each sample."""
    logits = convert_to_tensor(logits)
    logits = logits if logits_time_major else ops.swapaxes(logits, 0, 1)
    blank = 0 if blank_index is None else blank_index
    return torch.nn.functional.ctc_loss(
        ops.log_softmax(logits),
        convert_to_tensor(labels).long(),
        convert_to_tensor(logit_length).long(),
        convert_to_tensor(label_length).long(),
        blank=blank if blank >= 0 else logits.shape[-1] + blank,
        reduction="none",
    )


def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> Any:
    """Return the binary cross-entropy with the positive class weighted."""
    labels, logits = convert_to_tensor(labels), convert_to_tensor(logits)
    weight = 1 + (pos_weight - 1) * labels
    return (1 - labels) * logits + weight * (
        math.log1p(math.exp(-ops.abs(logits))) + ops.relu(-logits)
    )


def __getattr__(name: str) -> Any:
    raise missing("tf.nn", name)
