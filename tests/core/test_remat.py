"""Rematerialisation: the same numbers, computed twice, and state that moves once."""

import contextlib

import keras as reference
import pytest
import torch

import torchkeras as keras
from oracle import assert_close


def counting(lib):
    class Counting(lib.layers.Layer):
        calls = 0

        def call(self, x):
            type(self).calls += 1
            return lib.ops.sin(x)

    return Counting


SCOPES = [
    {"mode": "full"},
    {"mode": None},
    {"mode": "list_of_layers", "layer_names": ["it"]},
    {"mode": "list_of_layers", "layer_names": ["other"]},
    {"mode": "larger_than", "output_size_threshold": 5},
    {"mode": "larger_than", "output_size_threshold": 12},
    {"mode": "activations"},
]


@pytest.mark.parametrize("options", SCOPES, ids=range(len(SCOPES)))
def test_which_layers(options):
    counts = []
    for lib in (keras, reference):
        cls = counting(lib)
        x = torch.ones(3, 4, requires_grad=True)
        with lib.RematScope(**options):
            out = cls(name="it")(x)
        out.sum().backward()
        counts.append(cls.calls)
    assert counts[0] == counts[1]


class Block(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(4, activation="tanh")
        self.norm = keras.layers.BatchNormalization()
        self.drop = keras.layers.Dropout(0.5, seed=3)

    def call(self, x, training=None):
        self.add_loss(keras.ops.sum(x))
        return self.drop(self.norm(self.dense(x), training=training), training=training)


def run(scope):
    keras.utils.set_random_seed(0)
    with scope:
        block = Block()
    data = torch.rand(8, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    block(data)
    out = block(data, training=True)
    (out**2).sum().backward()
    state = [v.detach().clone() for v in block.variables]
    return [out, data.grad, *(v.grad for v in block.trainable_variables), *state], block.losses


def test_random_numbers_and_state():
    ours, losses = run(keras.RematScope("full"))
    plain, others = run(contextlib.nullcontext())
    assert_close(ours, plain)
    assert len(losses) == len(others) == 1


@pytest.mark.parametrize("lib", [keras, reference])
def test_remat_of_a_function(lib):
    calls = []

    def function(x, factor=2.0):
        calls.append(1)
        return torch.sin(x) * factor

    x = torch.ones(3, requires_grad=True)
    lib.remat(function)(x, factor=3.0).sum().backward()
    torch.testing.assert_close(x.grad, 3 * torch.cos(torch.ones(3)))
    assert len(calls) == 2


def test_in_a_model_that_is_trained_and_saved(tmp_path):
    x = keras.Input((3,))
    with keras.RematScope("full"):
        h = keras.layers.Dropout(0.3)(keras.layers.Dense(5, activation="relu")(x))
    model = keras.Model(x, keras.layers.Dense(1)(h))
    model.compile("adam", "mse")
    history = model.fit(torch.rand(8, 3), torch.rand(8, 1), epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "m.keras")
    data = torch.rand(2, 3)
    assert_close(keras.models.load_model(tmp_path / "m.keras")(data), model(data))


def test_unknown_mode():
    with pytest.raises(ValueError, match="mode must be one of"):
        keras.RematScope("bad")
