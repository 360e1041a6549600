"""Dot against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("axes", "shapes"),
    [
        (1, ((2, 3), (2, 3))),
        (-1, ((2, 3), (2, 3))),
        (1, ((2, 3, 4), (2, 3, 5))),
        (2, ((2, 4, 3), (2, 5, 3))),
        ((1, 2), ((2, 3, 5), (2, 7, 3))),
        ([2, 1], ((2, 5, 3), (2, 3, 7))),
        ((-1, 1), ((2, 5, 3), (2, 3, 7))),
        ((1, 1), ((2, 3), (2, 3, 4))),
        ((2, 1), ((2, 4, 3), (2, 3))),
        ((3, 1), ((2, 4, 5, 3), (2, 3, 2))),
        ((2, 3), ((2, 4, 3, 5), (2, 6, 2, 3))),
    ],
)
def test_numbers(axes, shapes, normalize):
    x = [rand(*s, seed=i) for i, s in enumerate(shapes)]
    check_layer("Dot", {"axes": axes, "normalize": normalize}, x)


def test_dtypes():
    x = [rand(2, 3), rand(2, 3, seed=1)]
    check_layer("Dot", {"axes": 1, "normalize": True}, x, dtype="mixed_bfloat16")
    # Keras makes float32 of it
    assert torchkeras.layers.Dot(1, dtype="float64")(x).dtype is torch.float64


@pytest.mark.parametrize("axes", ["x", [1], (1.5, 1), [1, 1, 1], None])
def test_wrong_axes(axes):
    for lib in (keras, torchkeras):
        with pytest.raises((TypeError, ValueError)):
            lib.layers.Dot(axes=axes)


def test_wrong_inputs():
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match=r"axis 1.*\(2, 3\), \(2, 4\)"):
            lib.layers.Dot(axes=1)([rand(2, 3), rand(2, 4)])
        for x in ([rand(2, 3)], rand(2, 3)):
            with pytest.raises(ValueError, match=r"list of 2 inputs.*\(2, 3\)"):
                lib.layers.Dot(axes=1)(x)
    with pytest.raises(ValueError, match="batch"):
        torchkeras.layers.Dot(axes=0)([rand(2, 3), rand(2, 3)])
