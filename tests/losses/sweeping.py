"""Targets and predictions of every form for a loss, and one call of it in either library."""

import numpy as np
import torch

REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None]


def probabilities(rng, shape):
    x = rng.uniform(0.02, 1.0, shape)
    return x / x.sum(-1, keepdims=True)


def one_hot(rng, shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def numbers(rng, shape):
    return rng.normal(size=shape), rng.normal(size=shape)


def positive(rng, shape):
    return rng.uniform(0, 3, shape), rng.uniform(0.1, 3, shape)


def binary(rng, shape):
    return rng.integers(0, 2, shape), rng.uniform(0, 1, shape)


def signs(rng, shape):
    return rng.integers(0, 2, shape) * 2 - 1, rng.normal(size=shape)


def classes(rng, shape):
    return one_hot(rng, shape), probabilities(rng, shape)


def class_logits(rng, shape):
    return one_hot(rng, shape), rng.normal(size=shape)


def unscaled(rng, shape):
    return one_hot(rng, shape), rng.uniform(0.01, 3, shape)


def indices(rng, shape):
    y_true, y_pred = rng.integers(0, shape[-1], shape[:-1]), probabilities(rng, shape)
    return (y_true[..., None] if rng.random() < 0.3 else y_true), y_pred


def index_logits(rng, shape):
    return rng.integers(0, shape[-1], shape[:-1]), rng.normal(size=shape)


def distributions(rng, shape):
    return probabilities(rng, shape), probabilities(rng, shape)


def run(loss, y_true, y_pred, weight, mask):
    """One call of a loss of either library: its value and the gradient of the predictions."""
    leaf = torch.tensor(y_pred, requires_grad=True)
    outputs = leaf * 1.0
    if mask is not None:
        outputs._keras_mask = torch.tensor(mask)
    value = loss(torch.tensor(y_true), outputs, None if weight is None else torch.tensor(weight))
    value.sum().backward()
    return value, leaf.grad
