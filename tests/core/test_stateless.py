"""StatelessScope: what it shows, what it keeps, and that nothing outside of it changes."""

import copy

import keras as reference
import pytest
import torch

import torchkeras as keras
from oracle import assert_close


@pytest.mark.parametrize("lib", [keras, reference])
def test_reads_and_writes(lib):
    v, w = lib.Variable([1.0, 2.0]), lib.Variable([1.0])
    with lib.StatelessScope([(v, torch.tensor([5.0, 6.0]))]) as scope:
        assert v.value.tolist() == [5, 6]
        assert (v + 1).tolist() == [6, 7]
        v.assign([7.0, 8.0])
        v.assign_add([1.0, 1.0])
        v.assign_sub([0.5, 0.5])
        assert float(lib.ops.sum(v)) == 16
        assert scope.get_current_value(w) is None
    assert scope.get_current_value(v).tolist() == [7.5, 8.5]
    assert v.numpy().tolist() == [1, 2]


@pytest.mark.parametrize("lib", [keras, reference])
def test_the_innermost_scope_answers(lib):
    v = lib.Variable([1.0])
    with lib.StatelessScope():
        v.assign([3.0])
        with lib.StatelessScope():
            assert v.value.tolist() == [1]
            v.assign([4.0])
        assert v.value.tolist() == [3]
    assert v.numpy().tolist() == [1]


def test_updates_and_losses_are_collected():
    scope = keras.StatelessScope(collect_losses=True)
    v = keras.Variable([1.0])
    scope.add_update((v, [2.0]))
    assert scope.get_current_value(v).tolist() == [2]
    dense = keras.layers.Dense(1, activity_regularizer="l2")
    dense(torch.ones(1, 2))
    with scope:
        dense(torch.ones(1, 2) * 3)
    assert len(scope.losses) == 1 and dense.losses == []


def model():
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((3,)),
        keras.layers.Dense(4, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5, seed=1),
        keras.layers.Dense(2),
    ]
    return keras.Sequential(layers)


def test_a_model_becomes_a_function_of_its_weights():
    ours, plain, x = model(), model(), torch.rand(8, 3)
    plain.set_weights(ours.get_weights())
    before = copy.deepcopy([v.numpy() for v in ours.variables])
    given = [(v, v.detach().clone().requires_grad_(v.requires_grad)) for v in ours.weights]
    with keras.StatelessScope(given) as scope:
        out = ours(x, training=True)
    want = plain(x, training=True)
    assert torch.equal(out, want)
    assert_close([v.numpy() for v in ours.variables], before)
    out.sum().backward()
    want.sum().backward()
    for (v, value), twin in zip(given, plain.weights, strict=True):
        assert v.grad is None
        if v.requires_grad:
            torch.testing.assert_close(value.grad, twin.grad)
    for v, twin in zip(ours.non_trainable_variables, plain.non_trainable_variables, strict=True):
        assert_close(scope.get_current_value(v), twin.numpy())


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (lambda: [(1, 2)], "must be a Variable"),
        (lambda: [(keras.Variable([1.0]), torch.ones(3))], "must have the shape"),
    ],
)
def test_refused(pairs, message):
    with pytest.raises(ValueError, match=message):
        keras.StatelessScope(pairs())
