import warnings

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import assert_close

PLAIN = "bartlett blackman hamming hanning".split()  # noqa: SIM905


@pytest.mark.parametrize("name", [*PLAIN, "kaiser"])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 7, 64, 1001])
def test_window(name, length):
    for beta in [()] if name != "kaiser" else [(0.0,), (5,), (14.0,), (torch.tensor(8.6),)]:
        got = getattr(keras.ops, name)(length, *beta)
        assert got.dtype is torch.float32
        with warnings.catch_warnings(action="ignore"):  # of how Keras copies beta
            assert_close(got, getattr(reference.ops, name)(length, *beta), 2e-5, 2e-6, name)
        assert_close(got, getattr(np, name)(length, *map(float, beta)), 1e-5, 2e-6, name)
        tensor = getattr(keras.ops, name)(torch.tensor(length), *beta)
        assert torch.equal(tensor, got)


@pytest.mark.parametrize("name", [*PLAIN, "kaiser"])
def test_bad_lengths(name):
    beta = (5.0,) if name == "kaiser" else ()
    for bad in (4.0, "a", [4], keras.KerasTensor(())):
        with pytest.raises(TypeError, match=f"{name}: x must be an integer. Received: x="):
            getattr(keras.ops, name)(bad, *beta)
    with pytest.raises(ValueError, match=f"{name}: x must not be negative. Received: x=-1"):
        getattr(keras.ops, name)(-1, *beta)


def test_gradient_of_beta():  # which Keras has none of
    beta = torch.tensor(5.0, dtype=torch.float64, requires_grad=True)
    keras.config.set_floatx("float64")
    try:
        assert torch.autograd.gradcheck(lambda b: keras.ops.kaiser(8, b), beta)
    finally:
        keras.config.set_floatx("float32")


def test_dtype_is_floatx():
    keras.config.set_floatx("float64")
    try:
        assert keras.ops.hanning(4).dtype is torch.float64
        np.testing.assert_allclose(keras.ops.kaiser(9, 3.0), np.kaiser(9, 3.0), rtol=1e-6)
    finally:
        keras.config.set_floatx("float32")
