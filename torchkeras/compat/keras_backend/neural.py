"""Activations, losses, normalisation, random numbers."""

from typing import Any

import numpy as np
import torch

from torchkeras import initializers, ops, random
from torchkeras._base import config
from torchkeras.compat.keras_backend.state import variable
from torchkeras.ops import elu as elu
from torchkeras.ops import sigmoid as sigmoid
from torchkeras.ops import softplus as softplus
from torchkeras.ops import softsign as softsign
from torchkeras.ops import tanh as tanh

# ------------------------------------------------------------------------------- activations


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Return the rectified values, with a slope below the threshold and an upper bound."""
    above = ops.relu(x) if threshold == 0 else ops.where(x > threshold, x, ops.zeros_like(x))
    if max_value is not None:
        above = ops.clip(above, 0.0, max_value)  # a threshold below 0 lets negative values through
    if alpha:
        above = above - alpha * ops.relu(threshold - x)
    return above


def softmax(x: Any, axis: int = -1) -> Any:
    """Return the softmax."""
    return ops.softmax(x, axis=axis)


def hard_sigmoid(x: Any) -> Any:
    """Return `clip(0.2 * x + 0.5, 0, 1)`: the slope of Keras 1 and 2, today's is 1/6."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """Return the values over their Euclidean norm."""
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, 1e-12))


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Tell for each sample whether its class is among the k likeliest."""
    return ops.in_top_k(targets, predictions, k)


# ------------------------------------------------------------------------------- losses


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return the cross-entropy of one-hot targets."""
    return ops.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    target: Any,
    output: Any,
    from_logits: bool = False,
    axis: int = -1,
    ignore_class: int | None = None,
) -> Any:
    """Return the cross-entropy of integer targets; `ignore_class` costs nothing."""
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(
            target, output, from_logits=from_logits, axis=axis
        )
    valid = ops.not_equal(target, ignore_class)
    safe = ops.where(valid, target, ops.zeros_like(target))
    loss = ops.sparse_categorical_crossentropy(safe, output, from_logits=from_logits, axis=axis)
    return ops.where(ops.reshape(valid, ops.shape(loss)), loss, ops.zeros_like(loss))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return the cross-entropy of each element."""
    if from_logits:
        return ops.binary_crossentropy(target, output, from_logits=True)
    small = config.epsilon()
    output = ops.clip(output, small, 1.0 - small)
    hit, miss = ops.log(output + small), ops.log(1.0 - output + small)
    return -(target * hit + (1.0 - target) * miss)


def binary_focal_crossentropy(
    target: Any,
    output: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
) -> Any:
    """Return the focal loss of each element."""
    if from_logits:
        output = ops.sigmoid(output)
    chance = target * output + (1 - target) * (1 - output)
    loss = ops.power(1.0 - chance, gamma) * binary_crossentropy(target, output)
    if apply_class_balancing:
        loss = (target * alpha + (1 - target) * (1 - alpha)) * loss
    return loss


def categorical_focal_crossentropy(
    target: Any,
    output: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    axis: int = -1,
) -> Any:
    """Return the focal loss of each sample."""
    if from_logits:
        output = ops.softmax(output, axis=axis)
    output = output / ops.sum(output, axis=axis, keepdims=True)
    output = ops.clip(output, config.epsilon(), 1.0 - config.epsilon())
    loss = -target * ops.log(output) * alpha * ops.power(1.0 - output, gamma)
    return ops.sum(loss, axis=axis)


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """Return the CTC loss of each sample, `(batch, 1)`; `y_pred` are probabilities.

    The blank is the last class.
    """
    logs = ops.log(ops.transpose(y_pred, (1, 0, 2)) + config.epsilon())
    loss = torch.nn.functional.ctc_loss(
        torch.log_softmax(ops.convert_to_tensor(logs), -1),
        ops.cast(y_true, "int64"),
        ops.reshape(ops.cast(input_length, "int64"), (-1,)),
        ops.reshape(ops.cast(label_length, "int64"), (-1,)),
        blank=int(y_pred.shape[-1]) - 1,
        reduction="none",
    )
    return loss[:, None]


def ctc_decode(
    y_pred: Any,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
) -> tuple[list[Any], Any]:
    """Return the likeliest label sequences, padded with -1, and their scores."""
    logs = ops.log(ops.convert_to_tensor(y_pred) + config.epsilon())
    paths, scores = ops.ctc_decode(
        logs,
        ops.reshape(ops.cast(input_length, "int32"), (-1,)),
        strategy="greedy" if greedy else "beam_search",
        beam_width=beam_width,
        top_paths=top_paths,
        mask_index=int(y_pred.shape[-1]) - 1,
    )
    return list(paths), scores


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Any:
    """Return labels as a sparse tensor, each row up to its length."""
    labels = ops.convert_to_tensor(labels)
    steps = torch.arange(labels.shape[1])
    kept = steps[None, :] < ops.reshape(ops.convert_to_tensor(label_lengths), (-1, 1))
    where = kept.nonzero().T
    return torch.sparse_coo_tensor(where, labels[kept], labels.shape)


# ------------------------------------------------------------------------------- normalisation


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """Return values normalised by given statistics."""
    shape = [1] * len(x.shape)
    shape[axis] = -1

    def fitting(value: Any) -> Any:
        wide = len(value.shape) == len(x.shape)
        return value if wide else ops.reshape(value, shape)

    out = (x - fitting(mean)) / ops.sqrt(fitting(var) + epsilon)
    out = out if gamma is None else out * fitting(gamma)
    return out if beta is None else out + fitting(beta)


def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3
) -> tuple[Any, Any, Any]:
    """Return values normalised by their own statistics, and these: mean and variance."""
    mean, var = ops.moments(x, tuple(reduction_axes))
    kept = [1 if i in reduction_axes else s for i, s in enumerate(x.shape)]

    def fitting(value: Any) -> Any:
        return ops.reshape(value, kept)

    out = (x - fitting(mean)) / ops.sqrt(fitting(var) + epsilon)
    out = out if gamma is None else out * fitting(gamma)
    out = out if beta is None else out + fitting(beta)
    if len(x.shape) == 4 and sorted(reduction_axes) in ([0, 1, 2], [0, 2, 3]):
        # TensorFlow's kernel for images gives the unbiased variance.
        count = np.prod([x.shape[a] for a in reduction_axes], dtype=np.int64)
        var = var * (count / max(count - 1, 1))
    return out, mean, var


# ------------------------------------------------------------------------------- random


def dropout(x: Any, level: float, noise_shape: Any = None, seed: int | None = None) -> Any:
    """Return the values with a share of them dropped and the others scaled."""
    return random.dropout(x, level, noise_shape=noise_shape, seed=seed)


def random_normal(
    shape: Any,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str | None = None,
    seed: int | None = None,
) -> Any:
    """Return normal random numbers."""
    return random.normal(tuple(shape), mean, stddev, dtype=dtype, seed=seed)


def random_uniform(
    shape: Any,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: str | None = None,
    seed: int | None = None,
) -> Any:
    """Return uniform random numbers."""
    return random.uniform(tuple(shape), minval, maxval, dtype=dtype, seed=seed)


def truncated_normal(
    shape: Any,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str | None = None,
    seed: int | None = None,
) -> Any:
    """Return normal random numbers within two standard deviations."""
    return random.truncated_normal(tuple(shape), mean, stddev, dtype=dtype, seed=seed)


def random_bernoulli(
    shape: Any, p: float = 0.0, dtype: str | None = None, seed: int | None = None
) -> Any:
    """Return ones with a probability, zeros else."""
    draws = random.uniform(tuple(shape), seed=seed)
    return ops.cast(draws < p, dtype or config.floatx())


random_binomial = random_bernoulli


def random_uniform_variable(
    shape: Any,
    low: float,
    high: float,
    dtype: str | None = None,
    name: str | None = None,
    seed: int | None = None,
) -> Any:
    """Return a variable of uniform random numbers."""
    start = initializers.RandomUniform(low, high, seed=seed)(tuple(shape))
    return variable(start, dtype, name)


def random_normal_variable(
    shape: Any,
    mean: float,
    scale: float,
    dtype: str | None = None,
    name: str | None = None,
    seed: int | None = None,
) -> Any:
    """Return a variable of normal random numbers."""
    start = initializers.RandomNormal(mean, scale, seed=seed)(tuple(shape))
    return variable(np.asarray(ops.convert_to_numpy(start)), dtype, name)
