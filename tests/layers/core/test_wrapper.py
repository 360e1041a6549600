"""Wrapper against real Keras."""

import keras
import pytest

import torchkeras
from oracle import check_layer, rand


def twice(lib):
    class Twice(lib.layers.Wrapper):
        def call(self, inputs):
            return 2 * self.layer(inputs)

    return Twice


def test_numbers():
    pair = (twice(torchkeras), twice(keras))
    check_layer(pair, lambda lib: {"layer": lib.layers.Dense(3)}, rand(2, 4), shapes=False)


def test_no_layer():
    for lib, error in (keras, (AssertionError, ValueError)), (torchkeras, ValueError):
        with pytest.raises(error):
            twice(lib)(3)
