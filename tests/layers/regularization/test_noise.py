"""GaussianNoise, GaussianDropout and AlphaDropout against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

CASES = [
    ("GaussianNoise", {"stddev": 0.3}),
    ("GaussianDropout", {"rate": 0.3}),
    ("AlphaDropout", {"rate": 0.3}),
]


@pytest.mark.parametrize(("name", "args"), CASES)
@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("dtype", [None, "mixed_bfloat16", "float64"])
def test_like_keras(name, args, seed, dtype):
    args = {**args, "seed": seed}
    check_layer(name, args, rand(3, 4), dtype=dtype, mask=np.ones((3, 4), bool))
    check_layer(name, args, rand(3, 4), dtype=dtype, training=True, values=False)
    none = {k: 0.0 if k != "seed" else v for k, v in args.items()}
    check_layer(name, none, rand(3, 4), dtype=dtype, training=True)


@pytest.mark.parametrize(("name", "args"), CASES)
@pytest.mark.parametrize("seed", [None, 3])
def test_moments(name, args, seed):
    x = torch.randn(200, 200) if name == "AlphaDropout" else torch.ones(200, 200)
    pair = [
        getattr(lib.layers, name)(**args, seed=seed)(x, training=True)
        for lib in (torchkeras, keras)
    ]
    for f in (torch.mean, torch.std):
        assert abs(f(pair[0]) - f(pair[1])) < 0.02


@pytest.mark.parametrize(("name", "args"), CASES)
def test_seed_makes_a_stream(name, args):
    x = torch.ones(5, 5)
    a, b = (getattr(torchkeras.layers, name)(**args, seed=4) for _ in range(2))
    first = a(x, training=True)
    assert torch.equal(first, b(x, training=True))
    assert not torch.equal(first, a(x, training=True))


def test_alpha_noise_shape():
    args = {"rate": 0.5, "noise_shape": (1, 4), "seed": 1}
    check_layer("AlphaDropout", args, rand(3, 4), training=True, values=False)
    out = torchkeras.layers.AlphaDropout(**args)(torch.ones(3, 4), training=True)
    assert (out == out[:1]).all()


def test_alpha_all_dropped():
    assert not torchkeras.layers.AlphaDropout(1.0)(torch.ones(3), training=True).any()


@pytest.mark.parametrize(("name", "args"), CASES)
@pytest.mark.parametrize("value", [-0.1, 1.5, "x"])
def test_wrong_values(name, args, value):
    argument = next(iter(args))
    with pytest.raises(ValueError, match=argument):
        getattr(torchkeras.layers, name)(value)
    with pytest.raises((ValueError, TypeError)):
        getattr(keras.layers, name)(value)
