"""Concatenate against real Keras."""

import keras
import numpy as np
import pytest

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize(
    ("axis", "shapes"),
    [
        (-1, ((2, 3), (2, 4))),
        (1, ((2, 3), (2, 4))),
        (1, ((2, 3, 4), (2, 5, 4), (2, 1, 4))),
        (2, ((2, 3, 4), (2, 3, 1))),
        (-2, ((2, 3, 4), (2, 5, 4))),
    ],
)
def test_numbers(axis, shapes):
    x = [rand(*s, seed=i) for i, s in enumerate(shapes)]
    check_layer("Concatenate", {"axis": axis}, x)


def test_along_the_batch():
    check_layer("Concatenate", {"axis": 0}, [rand(2, 3), rand(4, 3)], symbolic=False, shapes=False)


@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_masks(axis):
    a, b = np.array([[1, 1, 0]] * 2, bool), np.array([[0, 1, 1]] * 2, bool)
    x = [rand(2, 3, 4), rand(2, 3, 4, seed=1)]
    for mask in ([a, b], [a, None], [None, b], [None, None]):
        check_layer("Concatenate", {"axis": axis}, x, mask=mask, config=False)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_dtypes(dtype):
    check_layer("Concatenate", {}, [rand(2, 3), rand(2, 1)], dtype=dtype)


def test_integers():
    x = [rand(2, 3, seed=i, low=0, high=9, dtype="int32") for i in range(2)]
    check_layer("Concatenate", {}, x, symbolic=False)
    symbol = torchkeras.layers.Concatenate()([torchkeras.Input((3,), dtype="int32")] * 2)
    assert symbol.dtype == "int32"  # Keras says float32, and gives int32


def test_wrong_inputs():
    for lib in (keras, torchkeras):
        for x in ([rand(2, 3), rand(3, 3)], [rand(2, 3), rand(2, 3, 1)]):
            with pytest.raises(ValueError, match="matching shapes except for the concatenation"):
                lib.layers.Concatenate()(x)
        with pytest.raises(ValueError, match=r"called on a list of.*\(2, 3\)"):
            lib.layers.Concatenate()(rand(2, 3))
