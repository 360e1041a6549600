"""RepeatVector against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("n", [1, 2, 5])
def test_numbers(n):
    check_layer("RepeatVector", {"n": n}, rand(2, 3))
    check_layer("RepeatVector", {"n": n}, rand(2, 3, low=0, high=9, dtype="int32"), symbolic=False)
    check_layer("RepeatVector", {"n": n}, rand(2, 3), dtype="mixed_bfloat16")


def test_unknown_sizes():
    for lib in (keras, torchkeras):
        assert lib.layers.RepeatVector(3).compute_output_shape((None, None)) == (None, 3, None)


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_wrong_numbers(n, error):
    for lib in (keras, torchkeras):
        with pytest.raises(error):
            lib.layers.RepeatVector(n)


def test_wrong_rank():
    with pytest.raises(ValueError, match="ndim=2"):
        torchkeras.layers.RepeatVector(3)(torch.zeros(2, 3, 4))
