"""Permute against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("dims", [(1,), (1, 2), (2, 1), [2, 1], (3, 1, 2), (2, 3, 1), (4, 2, 3, 1)])
def test_orders(dims):
    check_layer("Permute", {"dims": dims}, rand(2, *range(2, 2 + len(dims))))


def test_dtypes():
    check_layer("Permute", {"dims": (2, 1)}, rand(2, 3, 4), dtype="mixed_bfloat16")
    check_layer("Permute", {"dims": (2, 1)}, rand(2, 3, 4, low=0, high=9, dtype="int32"))


def test_unknown_sizes():
    for lib in (keras, torchkeras):
        assert lib.layers.Permute((2, 1)).compute_output_shape((None, None, 3)) == (None, 3, None)


@pytest.mark.parametrize("dims", [(1, 3), (0, 1), (1, 1), (-1, 1)])
def test_wrong_orders(dims):
    with pytest.raises(ValueError, match="dims must hold each of the numbers"):
        torchkeras.layers.Permute(dims)
    with pytest.raises(ValueError, match="dims"):
        keras.layers.Permute(dims)


def test_wrong_rank():
    with pytest.raises(ValueError, match="ndim=3"):
        torchkeras.layers.Permute((2, 1))(torch.zeros(2, 3, 4, 5))
