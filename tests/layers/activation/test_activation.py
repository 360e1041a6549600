"""Activation against real Keras."""

import keras
import numpy as np
import pytest

import torchkeras
from oracle import check_layer, rand

NAMES = [
    "relu", "relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "tanh", "sigmoid", "softplus",
    "softsign", "softmax", "log_softmax", "linear", "exponential", "hard_sigmoid", "hard_silu",
    "leaky_relu", "log_sigmoid", "glu", "hard_tanh", "tanh_shrink", "soft_shrink", "hard_shrink",
    "squareplus", "sparse_plus", "sparse_sigmoid",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_numbers(name):
    x = rand(3, 4) * 4
    check_layer("Activation", {"activation": name}, x, mask=np.ones((3, 4), bool))


@pytest.mark.parametrize("name", ["relu", "softmax", "gelu"])
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_dtypes(name, dtype):
    check_layer("Activation", {"activation": name}, rand(3, 4) * 4, dtype=dtype)


def test_layer_and_function():
    check_layer("Activation", lambda lib: {"activation": lib.activations.relu6}, rand(2, 3) * 9)
    check_layer("Activation", {"activation": None}, rand(2, 3))
    out = torchkeras.layers.Activation(lambda x: x + 1)(np.zeros((1, 2), "float32"))
    assert out.tolist() == [[1.0, 1.0]]


def test_unknown_name():
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match="no_such"):
            lib.layers.Activation("no_such")
