"""UnitNormalization against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("axis", [-1, 1, 2, [1, 2], (-1, -2), [2]])
def test_numbers(axis):
    x = rand(2, 3, 4)
    x[0, 1] = 1e-8
    check_layer("UnitNormalization", {"axis": axis}, x)


def test_zeros():
    """Keras's gradient is NaN there."""
    x = torch.zeros(1, 3, requires_grad=True)
    out = torchkeras.layers.UnitNormalization()(x)
    out.sum().backward()
    assert not out.any() and x.grad.isfinite().all()


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_dtypes(dtype):
    check_layer("UnitNormalization", {}, rand(2, 3), dtype=dtype)


def test_mask_is_handed_on():
    check_layer("UnitNormalization", {}, rand(2, 3, 4), mask=rand(2, 3) > 0)


def test_wrong_axis():
    for lib in (keras, torchkeras):
        with pytest.raises(TypeError):
            lib.layers.UnitNormalization(axis="x")
