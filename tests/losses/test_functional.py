import keras
import numpy as np
import pytest
import torch

import torchkeras.losses
from oracle import assert_close, check_function

PAIRS = [
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error", "huber", "log_cosh", "cosine_similarity", "hinge",
    "squared_hinge", "categorical_hinge", "kl_divergence", "poisson", "dice", "tversky",
]  # fmt: skip
SHAPES = [((4, 3), (4, 3)), ((2, 3, 4), (2, 3, 4)), ((5, 1), (5, 1)), ((6,), (6,))]
RANKS = [((4,), (4, 1)), ((2, 3), (2, 3, 1)), ((2, 3, 1), (2, 3))]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equals_real_keras(name, dtype):
    ours, theirs = getattr(torchkeras.losses, name), getattr(keras.losses, name)
    rng = np.random.default_rng(0)
    for a, b in SHAPES:
        y_true = rng.uniform(0.1, 2, a).astype(dtype)
        y_pred = (y_true + rng.uniform(0.5, 1, b)).astype(dtype)
        # Keras gives float32 for some float64 arguments.
        check_function(ours, theirs, y_true, y_pred, dtypes=dtype == "float32")
    labels = rng.integers(0, 2, (4, 3)).astype(dtype)
    y_pred = rng.uniform(0.1, 1, (4, 3)).astype(dtype)
    check_function(ours, theirs, labels, y_pred, dtypes=dtype == "float32")


@pytest.mark.parametrize("name", PAIRS[:6])
@pytest.mark.parametrize(("a", "b"), RANKS)
def test_ranks_that_differ_by_one(name, a, b):
    ours, theirs = getattr(torchkeras.losses, name), getattr(keras.losses, name)
    y_true = np.linspace(0.5, 2, int(np.prod(a)), dtype="float32").reshape(a)
    check_function(ours, theirs, y_true, np.full(b, 0.3, "float32"))


@pytest.mark.parametrize("name", PAIRS)
def test_integers_and_lists(name):
    fn = getattr(torchkeras.losses, name)
    as_lists = fn([[1, 0], [0, 1]], [[1, 2], [3, 4]])
    assert as_lists.dtype == torch.float32
    hot, pred = np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]])
    assert_close(as_lists, fn(hot.astype("float32"), pred.astype("float32")))
    assert torch.isfinite(as_lists).all()


def test_kinks_have_the_gradients_of_real_keras():
    for name, a, b in (
        ("hinge", [[1.0, -1.0]], [[1.0, -1.0]]),
        ("mean_absolute_error", [[1.0, 2.0]], [[1.0, 3.0]]),
        ("kl_divergence", [[0.0, 1.0, 0.5]], [[0.0, 1.0, 1.5]]),
        ("mean_squared_logarithmic_error", [[0.0, 1.0]], [[-1.0, 1e-7]]),
        ("huber", [[0.0, 0.0]], [[1.0, 0.0]]),
        ("log_cosh", [[0.0, 0.0]], [[0.0, 1.0]]),
    ):
        arrays = np.array(a, "float32"), np.array(b, "float32")
        check_function(getattr(torchkeras.losses, name), getattr(keras.losses, name), *arrays)


def test_zero_vectors_have_no_direction_and_a_finite_gradient():
    y_pred = torch.zeros(1, 2, requires_grad=True)
    value = torchkeras.losses.cosine_similarity([[1.0, 0.0]], y_pred)
    value.sum().backward()
    assert value.tolist() == [0.0]
    assert torch.isfinite(y_pred.grad).all()


def test_huber_delta():
    check_function(
        torchkeras.losses.huber, keras.losses.huber, np.zeros((2, 3), "float32"),
        np.arange(6, dtype="float32").reshape(2, 3), delta=2.5,
    )  # fmt: skip
