"""A layer as a pure function of its variables' values, compared with real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close

X = np.random.default_rng(0).normal(size=(5, 4)).astype("f4")


def nested(k):
    inputs = k.Input((4,))
    x = k.layers.Dense(3, kernel_regularizer="l2", activity_regularizer="l1")(inputs)
    return k.Model(inputs, k.layers.BatchNormalization(gamma_regularizer="l1")(x))


LAYERS = {
    "dense": lambda k: k.layers.Dense(3, kernel_regularizer="l2"),
    "batch norm": lambda k: k.layers.BatchNormalization(),
    "model": nested,
}


def values(variables, rng):
    return [rng.uniform(0.5, 1.5, v.shape).astype("f4") for v in variables]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_equals_real_keras(kind, training):
    results = []
    for k in (torchkeras, keras):
        layer = LAYERS[kind](k)
        layer.build((None, 4))
        before = layer.get_weights()
        rng = np.random.default_rng(1)
        trainable = values(layer.trainable_variables, rng)
        rest = values(layer.non_trainable_variables, rng)
        given = [np.copy(v) for v in rest]
        results.append(
            layer.stateless_call(trainable, rest, X, training=training, return_losses=True)
        )
        assert_close(layer.get_weights(), before)  # the layer itself is as it was
        assert_close(rest, given)
        plain = layer.stateless_call(trainable, rest, X, training=training)
        assert len(plain) == 2
        assert_close(plain[0], results[-1][0])
    (out, after, losses), (their_out, their_after, their_losses) = results
    assert_close(out, their_out)
    assert len(after) == len(their_after) and len(losses) == len(their_losses)
    assert_close(after, their_after)
    assert_close(sum(losses, torch.zeros(())), sum(their_losses, torch.zeros(())))


def test_draws_follow_the_given_seed_state():
    layer = torchkeras.layers.Dropout(0.5, seed=3)
    layer.build((None, 4))
    state = [v.value.detach().clone() for v in layer.non_trainable_variables]
    first, after = layer.stateless_call([], state, X, training=True)
    again, _ = layer.stateless_call([], state, X, training=True)
    assert_close(first, again)
    assert int(after[0][1]) != int(state[0][1])
    other, _ = layer.stateless_call([], after, X, training=True)
    assert (other != first).any()


def test_gradients_reach_the_values():
    layer = torchkeras.layers.Dense(2)
    layer.build((None, 4))
    kernel, bias = torch.ones(4, 2, requires_grad=True), torch.zeros(2)
    layer.stateless_call([kernel, bias], [], X)[0].sum().backward()
    assert_close(kernel.grad, X.sum(0)[:, None].repeat(2, 1))
    assert layer.kernel.grad is None


def test_the_loss_of_an_activity_is_among_the_losses():
    """As documented; real Keras leaves out that of the layer itself."""
    layer = torchkeras.layers.Dense(2, use_bias=False, activity_regularizer="l1")
    layer.build((None, 4))
    out, _, losses = layer.stateless_call([torch.ones(4, 2)], [], X, return_losses=True)
    assert_close(losses, [0.01 * out.abs().sum() / len(X)])
    assert layer.losses == []


def test_errors():
    layer = torchkeras.layers.Dense(2)
    with pytest.raises(ValueError, match="needs a layer that is built"):
        layer.stateless_call([], [], X)
    layer.build((None, 4))
    with pytest.raises(ValueError, match=r"each of the layer's 2 trainable_variables. Received: 1"):
        layer.stateless_call([torch.ones(4, 2)], [], X)
    with pytest.raises(ValueError, match=r"must have the shape \(4, 2\)"):
        layer.stateless_call([torch.ones(3, 2), torch.ones(2)], [], X)
