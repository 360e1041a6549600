"""CTC against real Keras."""

import keras
import numpy as np
import pytest

import torchkeras
from oracle import check_config, check_function, rand


def labels(batch, length, classes, seed):
    """Labels without blanks, filled up with zeros."""
    rng = np.random.default_rng(seed)
    y = rng.integers(1, classes, (batch, length))
    y[np.arange(length) >= rng.integers(1, length + 1, batch)[:, None]] = 0
    return y


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
@pytest.mark.parametrize(("batch", "length", "steps", "classes"), [
    (1, 1, 2, 3), (3, 4, 9, 5), (4, 5, 12, 7), (2, 6, 20, 3), (5, 3, 8, 11), (2, 2, 5, 2),
    (6, 4, 10, 4),
])  # fmt: skip
def test_against_keras(batch, length, steps, classes, dtype):
    y = labels(batch, length, classes, steps).astype(dtype)
    x = rand(batch, steps, classes, low=-3, high=3, seed=batch)
    check_function(
        lambda x: torchkeras.losses.ctc(y, x), lambda x: keras.losses.ctc(y, x), x, atol=1e-5
    )
    weights = rand(batch, low=0, high=2)
    for reduction in ("sum_over_batch_size", "sum", "none", "mean_with_sample_weight"):
        for w in (None, weights):
            check_function(
                lambda x, r=reduction, w=w: torchkeras.losses.CTC(r)(y, x, w),
                lambda x, r=reduction, w=w: keras.losses.CTC(r)(y, x, w),
                x,
                atol=1e-5,
            )


def test_config():
    check_config(torchkeras.losses.CTC(), keras.losses.CTC())
    check_config(torchkeras.losses.CTC("sum", "mine"), keras.losses.CTC("sum", "mine"))
    assert torchkeras.losses.get("ctc") is torchkeras.losses.ctc
    assert isinstance(torchkeras.losses.get("CTC"), torchkeras.losses.CTC)


def test_bad_input():
    x = rand(2, 5, 3)
    with pytest.raises(ValueError, match=r"y_true must have the shape \(batch, labels\)"):
        torchkeras.losses.ctc(np.array([1, 2]), x)
    with pytest.raises(ValueError, match=r"y_pred must have the shape \(batch, steps, classes\)"):
        torchkeras.losses.ctc(np.array([[1, 2]]), x)
    with pytest.raises(ValueError, match=r"integers in \[0, 3\).*label 3 at position \(1, 0\)"):
        torchkeras.losses.ctc(np.array([[1, 2], [3, 0]]), x)


def test_learns_a_sequence():
    torchkeras.utils.set_random_seed(0)
    x = rand(8, 12, 4)
    y = np.tile([1, 2, 3, 0], (8, 1))
    model = torchkeras.Sequential([torchkeras.layers.Dense(16, "relu"), torchkeras.layers.Dense(4)])
    model.compile(optimizer=torchkeras.optimizers.Adam(0.05), loss="ctc")
    history = model.fit(x, y, epochs=30, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2
