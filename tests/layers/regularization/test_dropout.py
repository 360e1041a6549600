"""Dropout against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("rate", [0, 0.0, 0.3, 1.0, 1])
@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("training", [False, True])
def test_like_keras(rate, seed, training):
    known = not training or rate in (0, 1)
    args = {"rate": rate, "seed": seed}
    check_layer("Dropout", args, rand(3, 4), training=training, values=known,
                grads=rate not in (0, 1))  # fmt: skip


@pytest.mark.parametrize("noise_shape", [None, (1, 4), (None, 1), [3, 1], (1, 1)])
def test_noise_shape(noise_shape):
    args = {"rate": 0.5, "noise_shape": noise_shape, "seed": 1}
    check_layer("Dropout", args, rand(3, 4), training=True, values=False)
    out = torchkeras.layers.Dropout(**args)(torch.ones(3, 4), training=True)
    for axis, size in enumerate(noise_shape or ()):
        if size == 1:
            assert (out == out.select(axis, 0).unsqueeze(axis)).all()


@pytest.mark.parametrize("noise_shape", ["no", 3, (20, 1.5), (20, -1), (20, 0)])
def test_noise_shapes_that_are_none(noise_shape):
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match="noise_shape"):
            lib.layers.Dropout(0.5, noise_shape=noise_shape)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_dtypes_and_masks(dtype):
    check_layer("Dropout", {"rate": 0.3}, rand(3, 4), dtype=dtype)
    check_layer("Dropout", {"rate": 0.3}, rand(3, 4), dtype=dtype, training=True, values=False)
    check_layer("Dropout", {"rate": 0.3}, rand(3, 4), mask=np.ones((3, 4), bool))


def test_share_and_scale():
    x = torch.ones(100, 100)
    out = torchkeras.layers.Dropout(0.25)(x, training=True)
    assert abs((out == 0).float().mean() - 0.25) < 0.02
    torch.testing.assert_close(out[out != 0], torch.full_like(out[out != 0], 4 / 3))


def test_seed_makes_a_stream():
    x = torch.ones(20, 20)
    a, b = (torchkeras.layers.Dropout(0.5, seed=4) for _ in range(2))
    first = a(x, training=True)
    assert torch.equal(first, b(x, training=True))
    assert not torch.equal(first, a(x, training=True))


@pytest.mark.parametrize("rate", [-0.1, 1.1, "x", None])
def test_wrong_rate(rate):
    with pytest.raises(ValueError, match="rate"):
        torchkeras.layers.Dropout(rate)
    with pytest.raises((ValueError, TypeError)):
        keras.layers.Dropout(rate)


def test_wrong_noise_shape():
    with pytest.raises(ValueError, match="noise_shape"):
        torchkeras.layers.Dropout(0.5, noise_shape=(2, 2))(torch.ones(3, 4), training=True)
