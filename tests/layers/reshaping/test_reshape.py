"""Reshape against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize(
    ("shape", "target"),
    [
        ((12,), (3, 4)),
        ((12,), [3, 4]),
        ((12,), (-1, 4)),
        ((4, 3), (-1,)),
        ((4, 3), (12, 1)),
        ((2, 2, 3), (3, -1, 2)),
        ((1,), ()),
        ((4, 3), (4, 3)),
    ],
)
def test_targets(shape, target):
    check_layer("Reshape", {"target_shape": target}, rand(2, *shape))
    check_layer("Reshape", {"target_shape": target}, rand(0, *shape), grads=False)


def test_dtypes():
    args = {"target_shape": (4,)}
    check_layer("Reshape", args, rand(2, 2, 2), dtype="mixed_bfloat16")
    check_layer("Reshape", args, rand(2, 2, 2, low=0, high=9, dtype="int32"))
    check_layer("Reshape", args, rand(2, 2, 2) > 0)


@pytest.mark.parametrize(
    ("shape", "target"),
    [
        ((None, 4, 3), (-1, 2)),
        ((None, None, 3), (-1, 2)),
        ((None, None, 3), (5, 7)),
        ((4, None), (-1,)),
        ((None, None, 2), (None, 2)),
    ],
)
def test_unknown_sizes(shape, target):
    ours, theirs = (
        lib.layers.Reshape(target).compute_output_shape(shape) for lib in (torchkeras, keras)
    )
    assert ours == theirs


@pytest.mark.parametrize("target", [(-1, -1), (-2,), ("a",), (2.0,)])
def test_wrong_targets(target):
    with pytest.raises(ValueError, match="target_shape must hold integers"):
        torchkeras.layers.Reshape(target)


@pytest.mark.parametrize("target", [(5,), (5, -1), (0,), (0, -1)])
def test_wrong_number_of_values(target):
    layer = torchkeras.layers.Reshape(target)
    for x in (torch.zeros(2, 4, 3), torchkeras.Input((4, 3))):
        with pytest.raises(ValueError, match="number of values must stay the same"):
            layer(x)


def test_it_is_a_view():
    x = torch.rand(2, 12)
    assert torchkeras.layers.Reshape((3, 4))(x).data_ptr() == x.data_ptr()
