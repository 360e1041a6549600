"""A torch module called on a symbolic tensor works wholly or says how it is wrapped."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import torchkeras as keras

X = torch.tensor(np.random.default_rng(0).normal(size=(4, 8)).astype("float32"))


class Scaled(nn.Module):
    """Reaches for operators only, which are ops of ours on symbols."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(8))

    def forward(self, x):
        return x * self.factor


class Buffered(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("factor", torch.ones(8))

    def forward(self, x):
        return keras.ops.multiply(x, self.factor)


class Noisy(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.5, self.training)


class Around(nn.Module):
    """Holds layers of ours, and adds functions to them."""

    def __init__(self, *inner):
        super().__init__()
        self.inner = nn.ModuleList(inner)

    def forward(self, x):
        for layer in self.inner:
            x = layer(x) + 1
        return torch.tanh(x)


STATEFUL = {
    "parameters": nn.Linear(8, 2),
    "operators": Scaled(),
    "buffers": Buffered(),
    "batch norm": nn.BatchNorm1d(8, affine=False),
    "dropout": nn.Dropout(0.5),
    "own mode": Noisy(),
    "rrelu": nn.RReLU(),
    "lstm": nn.LSTM(8, 4, batch_first=True),
    "embedding": nn.Embedding(3, 2),
    "transformer": nn.TransformerEncoderLayer(8, 2),
    "sequential": nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(8, 2))),
    "in a list": Around(keras.layers.Dense(8), nn.Linear(8, 8)),
}


@pytest.mark.parametrize("name", STATEFUL)
def test_state_and_mode_need_a_wrapper(name):
    module = STATEFUL[name]
    wanted = (
        rf"^{type(module).__name__} was called on a symbolic tensor.*TorchModuleWrapper\(module"
    )
    with pytest.raises(TypeError, match=wanted):
        module(keras.Input((8,)))


STATELESS = {
    "relu": nn.ReLU(),
    "gelu": nn.GELU("tanh"),
    "row": nn.Sequential(nn.Unflatten(1, (2, 4)), nn.Flatten(), nn.Softmax(-1)),
    "pool": nn.Sequential(nn.Unflatten(1, (2, 4)), nn.AvgPool1d(2)),
    "identity": nn.Identity(),
    "layers": Around(keras.layers.Dense(3), keras.layers.Dense(2)),
}


@pytest.mark.parametrize("name", STATELESS)
def test_modules_without_state_are_recorded(name):
    module = STATELESS[name]
    inputs = keras.Input((8,))
    model = keras.Model(inputs, module(inputs))
    torch.testing.assert_close(model(X), module(X))
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    torch.testing.assert_close(again(X), module(X))
    assert len(model.weights) == len(list(module.parameters()))


def test_the_remedy_works():
    """What the message shows: weights, buffers, mode and saving."""
    inputs = keras.Input((8,))
    module = nn.Sequential(nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    model = keras.Model(inputs, keras.layers.TorchModuleWrapper(module)(inputs))
    assert not torch.equal(model(X, training=True), model(X, training=True))
    assert torch.equal(model(X, training=False), model(X, training=False))
    assert len(model.weights) == 7 and len(model.trainable_weights) == 4


def test_modules_within_layers_are_called_on_tensors():
    class Holder(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 3), nn.Dropout(0.5))

        def call(self, x):
            return self.net(x)

    assert Holder()(keras.Input((8,))).shape == (None, 3)
    assert nn.Sequential(Holder())(keras.Input((8,))).shape == (None, 3)
