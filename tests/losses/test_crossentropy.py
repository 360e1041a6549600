from functools import partial

import keras
import numpy as np
import pytest
import torch

import torchkeras.losses
from oracle import assert_close, check_function
from torchkeras.ops.crossentropy import is_softmax

P = np.array([[0.2, 0.2, 0.4], [3.0, 1.0, 0.0], [0.1, 0.7, 0.2]], "float32")
HOT = np.eye(3, dtype="float32")[[2, 2, 1]]
IDS = np.array([2, 2, 1])


@pytest.mark.parametrize("from_logits", [False, True])
def test_functions_equal_real_keras(from_logits):
    for name, y_true, y_pred, args in (
        ("binary_crossentropy", HOT, np.clip(P, 0, 1), {"label_smoothing": 0.1}),
        ("binary_crossentropy", HOT, np.clip(P, 0, 1), {"axis": 0}),
        ("categorical_crossentropy", HOT, P, {}),
        ("categorical_crossentropy", HOT, P, {"label_smoothing": 0.3}),
        ("categorical_focal_crossentropy", HOT, P, {"alpha": 0.7, "gamma": 0.5}),
        ("binary_focal_crossentropy", HOT, np.clip(P, 0, 1), {"apply_class_balancing": True}),
    ):
        ours, theirs = getattr(torchkeras.losses, name), getattr(keras.losses, name)
        check_function(ours, theirs, y_true, y_pred, from_logits=from_logits, **args)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("ignore_class", [None, 1, -1])
def test_sparse_equals_real_keras(from_logits, ignore_class):
    args = {"from_logits": from_logits, "ignore_class": ignore_class}
    for ids in (IDS, IDS[:, None], np.array([-1 if ignore_class == -1 else 0, 2, 1])):
        ours, theirs = (
            partial(lib.losses.sparse_categorical_crossentropy, torch.tensor(ids), **args)
            for lib in (torchkeras, keras)
        )
        check_function(ours, theirs, P)


def test_clipped_probabilities_have_no_gradient_as_in_real_keras():
    y_pred = np.array([[0.0, 1.0, 1e-8, 0.5, 1.0]], "float32")
    y_true = np.array([[1.0, 0.0, 1.0, 1.0, 1.0]], "float32")
    check_function(
        torchkeras.losses.binary_crossentropy, keras.losses.binary_crossentropy, y_true, y_pred
    )
    check_function(
        torchkeras.losses.categorical_crossentropy,
        keras.losses.categorical_crossentropy,
        np.eye(2, dtype="float32"),
        np.array([[0.0, 1.0], [1e-9, 1.0]], "float32"),
    )


def test_softmax_outputs_give_the_same_loss_and_gradient_without_the_division():
    z = torch.tensor(P * 2, requires_grad=True)
    for axis in (-1, 1):
        y_pred = torch.softmax(z, axis)
        assert is_softmax(y_pred, -1)
        assert is_softmax(y_pred, 1)
        grads = []
        for outputs in (y_pred, y_pred * 1.0):
            value = torchkeras.losses.sparse_categorical_crossentropy(IDS, outputs)
            grads.append(torch.autograd.grad(value.sum(), z, retain_graph=True)[0])
        assert_close(*grads)


def test_other_outputs_are_not_taken_for_a_softmax():
    z = torch.tensor(P, requires_grad=True)
    assert not is_softmax(torch.softmax(z, 0), -1)
    assert not is_softmax(torch.softmax(z, -1), 0)
    assert not is_softmax(torch.softmax(z, -1) * 2, -1)
    assert not is_softmax(torch.softmax(z, -1).mul_(2), -1)
    assert not is_softmax(torch.softmax(z.detach(), -1), -1)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "none"])
@pytest.mark.parametrize(
    ("bad", "shown"), [(7, "7"), (-1, "-1"), (-100, "-100"), (0.5, "0.5"), (float("nan"), "nan")]
)
def test_bad_class_labels_are_named(from_logits, reduction, bad, shown):
    dtype = "float32" if isinstance(bad, float) else "int64"
    y_true = torch.tensor(np.array([0, 2, bad, 1], dtype))
    loss = torchkeras.losses.SparseCategoricalCrossentropy(from_logits, reduction=reduction)
    message = rf"integers in \[0, 3\) for 3 classes. Received: label {shown} at position 2\."
    for targets in (y_true, y_true[:, None]):
        with pytest.raises(
            ValueError, match="label .* at position" if targets.ndim > 1 else message
        ):
            loss(targets, torch.full((4, 3), 0.3))
    if dtype == "int64":
        with pytest.raises(ValueError, match=message):
            loss(y_true.int(), torch.full((4, 3), 0.3))


def test_bad_class_labels_of_steps_have_two_coordinates():
    loss = torchkeras.losses.SparseCategoricalCrossentropy()
    with pytest.raises(ValueError, match=r"label 9 at position \(1, 0\)"):
        loss(torch.tensor([[0, 1], [9, 1]]), torch.rand(2, 2, 3))


def test_ignored_class_may_be_out_of_range_but_no_other():
    loss = torchkeras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert float(loss(torch.tensor([-1, -1]), torch.rand(2, 3))) == 0.0
    with pytest.raises(ValueError, match="label 3 at position 1"):
        loss(torch.tensor([-1, 3]), torch.rand(2, 3))


def test_class_indices_beyond_float32_are_kept():
    labels = torch.tensor([2**24 + 1])
    with pytest.raises(ValueError, match="label 16777217"):
        torchkeras.losses.SparseCategoricalCrossentropy()(labels, torch.rand(1, 3))


@pytest.mark.parametrize("bad", [2.0, -1.0, float("nan")])
def test_bad_binary_labels_are_named(bad):
    y_true = torch.tensor([[0.0], [bad]])
    for reduction in ("sum_over_batch_size", None):
        loss = torchkeras.losses.BinaryCrossentropy(reduction=reduction)
        with pytest.raises(
            ValueError, match=r"labels must be in \[0, 1\]. Received: label .* at position \(1, 0\)"
        ):
            loss(y_true, torch.full((2, 1), 0.5))


def test_a_diverged_model_has_a_nan_loss():
    nan = torch.tensor([[float("nan")], [0.5]], requires_grad=True)
    for loss in (
        torchkeras.losses.BinaryCrossentropy(),
        torchkeras.losses.BinaryCrossentropy(reduction="sum"),
        torchkeras.losses.BinaryFocalCrossentropy(),
    ):
        value = loss(torch.tensor([[1.0], [0.0]]), nan)
        value.backward()
        assert torch.isnan(value)
    wide = torch.full((2, 3), float("nan"))
    assert torch.isnan(
        torchkeras.losses.SparseCategoricalCrossentropy()(torch.tensor([0, 1]), wide)
    )


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("BinaryCrossentropy", (4, 1), (4, 2)),
        ("CategoricalCrossentropy", (4, 3), (4, 5)),
        ("CategoricalCrossentropy", (4,), (4, 5)),
        ("CategoricalFocalCrossentropy", (4, 3), (4, 5)),
        ("BinaryFocalCrossentropy", (4, 3), (4, 5)),
        ("SparseCategoricalCrossentropy", (3,), (4, 5)),
        ("SparseCategoricalCrossentropy", (4, 2), (4, 5)),
    ],
)
def test_shapes_that_do_not_fit_are_named(name, a, b):
    with pytest.raises(ValueError, match="y_true") as caught:
        getattr(torchkeras.losses, name)()(torch.zeros(a), torch.full(b, 0.2))
    assert f"y_true.shape={a}" in str(caught.value)
    assert f"y_pred.shape={b}" in str(caught.value)
    assert len(caught.value.args) == 1


def test_sparse_takes_integer_types_and_whole_floats():
    y_pred = torch.tensor([[0.2, 0.8], [0.7, 0.3]])
    want = torchkeras.losses.SparseCategoricalCrossentropy()(torch.tensor([1, 0]), y_pred)
    for dtype in (torch.int32, torch.uint8, torch.float32, torch.float64, torch.bool):
        labels = torch.tensor([1, 0]).to(dtype)
        assert_close(torchkeras.losses.SparseCategoricalCrossentropy()(labels, y_pred), want)


def test_losses_are_traced_as_one_graph():
    z = torch.tensor(P, requires_grad=True)
    ids, hot = torch.tensor(IDS), torch.tensor(HOT)
    for loss, y_true in (
        (torchkeras.losses.SparseCategoricalCrossentropy(), ids),
        (torchkeras.losses.CategoricalCrossentropy(), hot),
        (torchkeras.losses.BinaryCrossentropy(), hot),
    ):

        def step(y_true, z, loss=loss):
            return loss(y_true, torch.softmax(z, -1))

        traced = torch.compile(step, backend="eager", fullgraph=True)(y_true, z)
        assert_close(traced, step(y_true, z))
