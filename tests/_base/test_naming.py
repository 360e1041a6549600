"""Automatic names are real Keras's."""

import random

import keras
from keras.src.utils import naming as theirs

from torchkeras._base import naming


def test_snake_case():
    names = [*dir(keras.layers), *dir(keras.losses), *dir(keras.metrics), *dir(keras.optimizers)]
    rng = random.Random(0)
    names += ["".join(rng.choices("AbC1d_2x", k=rng.randint(1, 9))) for _ in range(500)]
    for name in names:
        assert naming.to_snake_case(name) == theirs.to_snake_case(name), name
    assert naming.to_snake_case("ConvLSTM2D") == "conv_lstm2d"
