"""Masking against real Keras."""

import numpy as np
import pytest

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("mask_value", [0.0, -1.0, 2])
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3), (2, 3, 4, 2)])
def test_numbers(shape, mask_value):
    x = rand(*shape)
    x[0, 1:] = mask_value
    check_layer("Masking", {"mask_value": mask_value}, x)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_dtypes(dtype):
    x = rand(2, 3, 4)
    x[0, 1:] = 0
    check_layer("Masking", {}, x, dtype=dtype)


def test_integers():
    check_layer("Masking", {}, rand(2, 3, 4, low=0, high=2, dtype="int32"), symbolic=False)


def test_mask_reaches_later_layers():
    x = rand(2, 3, 4)
    x[:, 2] = 0
    h = torchkeras.layers.Dense(2)(torchkeras.layers.Masking()(x))
    assert np.array_equal(h._keras_mask, [[True, True, False]] * 2)
