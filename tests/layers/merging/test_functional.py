"""The functional forms of the merging layers against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import assert_close, rand

NAMES = ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"]


@pytest.mark.parametrize("name", NAMES)
def test_numbers(name):
    x = [torch.tensor(rand(2, 3, seed=i)) for i in range(2)]
    ours, theirs = (getattr(lib.layers, name) for lib in (torchkeras, keras))
    assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("name", NAMES)
def test_symbols(name):
    shapes = []
    for lib in (torchkeras, keras):
        inputs = [lib.Input((3,)), lib.Input((3,))]
        out = getattr(lib.layers, name)(inputs, name="merged")
        assert lib.Model(inputs, out).get_layer("merged") is not None
        shapes.append(tuple(out.shape))
    assert shapes[0] == shapes[1]


def test_arguments():
    x = [torch.tensor(rand(2, 3, 4)), torch.tensor(rand(2, 3, 4, seed=1))]
    for lib in (torchkeras, keras):
        assert lib.layers.concatenate(x, axis=1).shape == (2, 6, 4)
        assert lib.layers.dot(x, axes=(2, 2), normalize=True).shape == (2, 3, 3)
