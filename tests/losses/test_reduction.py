import keras
import numpy as np
import pytest
import torch

import torchkeras.losses
from oracle import assert_close
from torchkeras.losses import reduction


def identity(lib):
    return type("Id", (lib.losses.Loss,), {"call": lambda self, y_true, y_pred: y_pred})


SHAPES = [
    ((2, 1), (2,)), ((2,), (2, 1)), ((2, 3), (2, 1)), ((2, 3), (2, 3)), ((2, 3), (3,)),
    ((2, 3), (1, 3)), ((2, 3, 1), (2, 3)), ((2, 3), (2, 3, 1)), ((2, 1), (1,)), ((2,), ()),
    ((), (2,)), ((), ()), ((2, 2), (2,)), ((1, 2), (2,)), ((2, 1), (2, 1, 1)),
    ((2, 3, 4), (2, 3, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("values", "weight"), SHAPES)
@pytest.mark.parametrize("how", reduction.REDUCTIONS)
def test_shapes_of_weights_equal_real_keras(values, weight, how):
    y_pred = np.arange(1, 1 + np.prod(values), dtype="float32").reshape(values)
    w = np.linspace(0.5, 2, int(np.prod(weight)), dtype="float32").reshape(weight)
    ours, theirs = (
        identity(lib)(reduction=how)(y_pred, y_pred, sample_weight=w) for lib in (torchkeras, keras)
    )
    assert_close(ours, theirs)


@pytest.mark.parametrize("weight", [(2,), (2, 1), (2, 3)])
def test_weights_that_do_not_broadcast(weight):
    loss = identity(torchkeras)()
    with pytest.raises(ValueError, match=r"values.shape=\(2, 3, 4\), sample_weight.shape="):
        loss(np.ones((2, 3, 4)), np.ones((2, 3, 4)), sample_weight=np.ones(weight))


@pytest.mark.parametrize("how", reduction.REDUCTIONS)
@pytest.mark.parametrize("weights", ["none", "some", "zero"])
@pytest.mark.parametrize("mask", [[True, False, True], [False] * 3, [True] * 3, [1.0, 0.0, 1.0]])
def test_masks_equal_real_keras(how, weights, mask):
    w = {"none": None, "some": [1.0, 5.0, 3.0], "zero": [0.0, 0.0, 0.0]}[weights]
    results = []
    for lib in (torchkeras, keras):
        y_pred = torch.tensor([[3.0, 4.0], [8.0, 1.0], [0.0, 0.0]])
        y_pred._keras_mask = torch.tensor(mask)
        loss = lib.losses.MeanSquaredError(reduction=how)
        weight = None if w is None else torch.tensor(w)
        results.append(loss(torch.ones(3, 2), y_pred, weight))
    assert_close(*results)


def test_a_mask_and_an_ignored_class_are_joined():
    for how in reduction.REDUCTIONS:
        results = []
        for lib in (torchkeras, keras):
            y_pred = torch.eye(3) * 0.5 + 0.1
            y_pred._keras_mask = torch.tensor([True, True, False])
            loss = lib.losses.SparseCategoricalCrossentropy(ignore_class=1, reduction=how)
            results.append(loss(torch.tensor([0, 1, 2]), y_pred))
        assert_close(*results)


def test_weights_of_a_sample_go_with_a_mask_of_its_steps():
    # Real Keras fails here.
    y_pred = torch.zeros(2, 3, 1)
    y_pred._keras_mask = torch.tensor([[True, False, True], [True, True, False]])
    loss = torchkeras.losses.MeanSquaredError(reduction="sum")
    assert float(loss(torch.ones(2, 3, 1), y_pred, torch.tensor([[2.0], [3.0]]))) == 10.0


def test_a_mask_of_another_shape_is_named():
    y_pred = torch.zeros(2, 3)
    y_pred._keras_mask = torch.ones(2, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"values.shape=\(2,\), sample_weight.shape=\(2, 3\)"):
        torchkeras.losses.MeanSquaredError()(torch.ones(2, 3), y_pred)


def test_match_ranks():
    for a, b, same in (
        ((2,), (2, 1), ((2, 1), (2, 1))),
        ((2, 3), (2, 3, 1), ((2, 3), (2, 3))),
        ((), (1,), ((), ())),
        ((2,), (2, 3), ((2,), (2, 3))),
        ((4, 1, 1), (4,), ((4, 1, 1), (4,))),
    ):
        found = reduction.match_ranks(torch.zeros(a), torch.zeros(b))
        assert tuple(tuple(t.shape) for t in found) == same
        found = reduction.match_ranks(torch.zeros(b), torch.zeros(a))
        assert tuple(tuple(t.shape) for t in found) == same[::-1]


def test_an_empty_batch_has_a_loss_of_zero():
    assert float(reduction.reduce_values(torch.zeros(0), "mean")) == 0.0
