"""SpectralNormalization against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

CASES = [
    (lambda lib: lib.layers.Dense(3), (2, 4)),
    (lambda lib: lib.layers.Dense(3, use_bias=False), (2, 5, 4)),
    (lambda lib: lib.layers.Conv2D(3, 2), (2, 5, 5, 2)),
    (lambda lib: lib.layers.Conv1D(3, 2), (2, 5, 2)),
]


@pytest.mark.parametrize(("make", "shape"), CASES)
@pytest.mark.parametrize("power_iterations", [1, 3])
@pytest.mark.parametrize("training", [False, True])
def test_numbers(make, shape, power_iterations, training):
    def args(lib):
        return {"layer": make(lib), "power_iterations": power_iterations}

    check_layer("SpectralNormalization", args, rand(*shape), training=training, grads=not training,
                atol=1e-5)  # fmt: skip


def test_embedding():
    """Keras turns the vectors into integers."""
    layer = torchkeras.layers.SpectralNormalization(torchkeras.layers.Embedding(5, 3), 20)
    out = layer(torch.tensor([[1, 2]]), training=True)
    assert out.dtype is torch.float32 and out.shape == (1, 2, 3)
    assert abs(np.linalg.norm(layer.layer.embeddings.detach().numpy(), 2) - 1) < 1e-3


def test_norm_becomes_one():
    layer = torchkeras.layers.SpectralNormalization(torchkeras.layers.Dense(3), 20)
    layer(torch.ones(2, 4), training=True)
    norm = np.linalg.norm(layer.layer.kernel.detach().numpy(), 2)
    assert abs(norm - 1) < 1e-4


def test_is_trained():
    layer = torchkeras.layers.SpectralNormalization(torchkeras.layers.Dense(3))
    layer(torch.ones(2, 4), training=True).sum().backward()
    assert layer.layer.kernel.grad is not None


def test_wrong_arguments():
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match=r"power_iterations.*power_iterations=0"):
            lib.layers.SpectralNormalization(lib.layers.Dense(3), power_iterations=0)
        with pytest.raises(ValueError, match=r"kernel.*embeddings"):
            lib.layers.SpectralNormalization(lib.layers.ReLU())(rand(2, 3))
