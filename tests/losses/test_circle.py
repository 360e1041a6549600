"""Circle against real Keras."""

import keras
import numpy as np
import pytest

import torchkeras
from oracle import check_config, check_function, rand


def unit(n, size, seed):
    x = rand(n, size, seed=seed)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


ARGUMENTS = [
    {},
    {"gamma": 64.0},
    {"gamma": 1.0},
    {"margin": 0.25},
    {"margin": 0.0},
    {"remove_diagonal": False},
    {"gamma": 16.0, "margin": 0.3, "remove_diagonal": False},
]


@pytest.mark.parametrize("args", ARGUMENTS, ids=str)
@pytest.mark.parametrize(
    ("n", "classes", "size"), [(6, 2, 4), (5, 5, 3), (4, 1, 4), (9, 3, 8), (1, 1, 2)]
)
def test_against_keras(n, classes, size, args):
    y = np.random.default_rng(n).integers(0, classes, n)
    x = unit(n, size, n)
    for labels in (y, y[:, None], y.astype("float32")):
        check_function(
            lambda x, y=labels: torchkeras.losses.circle(y, x, **args),
            lambda x, y=labels: keras.losses.circle(y, x, **args),
            x,
            atol=1e-5,
        )
    w = rand(n, low=0, high=2)
    for reduction in ("sum_over_batch_size", "sum", "none"):
        check_function(
            lambda x, r=reduction: torchkeras.losses.Circle(reduction=r, **args)(y, x, w),
            lambda x, r=reduction: keras.losses.Circle(reduction=r, **args)(y, x, w),
            x,
            atol=1e-5,
        )


@pytest.mark.parametrize("remove_diagonal", [True, False])
def test_references(remove_diagonal):
    rng = np.random.default_rng(3)
    y, refs = rng.integers(0, 3, 5), rng.integers(0, 3, 7)
    results = [
        lib.losses.circle(y, unit(5, 4, 1), refs, unit(7, 4, 2), remove_diagonal).numpy()
        for lib in (torchkeras, keras)
    ]
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_config():
    for args in ARGUMENTS:
        check_config(torchkeras.losses.Circle(**args), keras.losses.Circle(**args))


def test_bad_input():
    with pytest.raises(ValueError, match=r"y_pred must have the shape \(batch, size\)"):
        torchkeras.losses.circle([0, 1], [1.0, 2.0])
    with pytest.raises(ValueError, match="a label for each embedding"):
        torchkeras.losses.circle([0, 1], [[1.0, 2.0]])
