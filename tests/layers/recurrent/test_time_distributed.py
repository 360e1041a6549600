"""TimeDistributed against real Keras."""

import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)
LAYERS = {
    "dense": (lambda L: L.Dense(2, activation="relu"), rand(2, 3, 4)),
    "conv": (lambda L: L.Conv2D(2, 3), rand(2, 3, 6, 6, 2)),
    "flatten": (lambda L: L.Flatten(), rand(2, 3, 4, 2)),
    "pool": (lambda L: L.GlobalAveragePooling1D(), rand(2, 3, 4, 2)),
    "norm": (lambda L: L.BatchNormalization(), rand(9, 3, 4)),
    "lstm": (lambda L: L.LSTM(2), rand(2, 3, 4, 5)),
    "gru": (lambda L: L.GRU(2, return_sequences=True), rand(2, 3, 4, 5)),
    "nested": (lambda L: L.TimeDistributed(L.Dense(2)), rand(2, 3, 4, 5)),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_layers(kind, training):
    make, x = LAYERS[kind]
    check_layer(
        "TimeDistributed", lambda lib: {"layer": make(lib.layers)}, x, training=training,
        config=kind != "flatten",  # Keras notes its shape, though it has no weights
    )  # fmt: skip


def test_moving_means_step_by_step():
    ours, theirs = check_layer(
        "TimeDistributed",
        lambda lib: {"layer": lib.layers.BatchNormalization(momentum=0.5)},
        rand(4, 3, 2),
        training=True,
        config=False,
    )
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)


def test_mask_of_steps_passes_by():
    check_layer(
        "TimeDistributed", lambda lib: {"layer": lib.layers.Dense(2)}, rand(2, 3, 4), mask=MASK
    )


def test_mask_reaches_the_layer():
    mask = np.random.default_rng(0).random((2, 3, 4)) > 0.4
    check_layer(
        "TimeDistributed",
        lambda lib: {"layer": lib.layers.LSTM(2)},
        rand(2, 3, 4, 5),
        mask=mask,
        scale_weights=0.7,
        config=False,
    )


def test_model_inside():
    inner = torchkeras.Sequential([torchkeras.Input((4,)), torchkeras.layers.Dense(2)])
    outer = torchkeras.Sequential(
        [torchkeras.Input((3, 4)), torchkeras.layers.TimeDistributed(inner)]
    )
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(outer(x), inner(x.reshape(6, 4)).reshape(2, 3, 2))


def test_errors():
    with pytest.raises(ValueError, match="TimeDistributed: layer must be a layer"):
        torchkeras.layers.TimeDistributed(3)
    with pytest.raises(ValueError, match="must have shape"):
        torchkeras.layers.TimeDistributed(torchkeras.layers.Dense(2))(torch.ones(2, 3))
