import keras
import numpy as np
import pytest
import torch
from metrics import sweeping as s

import torchkeras.metrics
from oracle import assert_close, check_config

SHAPES = [(0, 4), (0, 3, 4), (0, 2), (0, 2, 3, 2)]


def ints(rng, shape):
    return rng.integers(0, 3, shape), rng.integers(0, 3, shape)


CASES = [
    ("Accuracy", {}, ints, [(0, 4), (0, 3, 4), (0, 1)]),
    ("BinaryAccuracy", {}, s.binary, [(0, 1), (0, 4), (0, 3, 4)]),
    ("BinaryAccuracy", {"threshold": 0.2}, s.binary, [(0, 1), (0, 4), (0, 3, 4)]),
    ("CategoricalAccuracy", {}, s.one_hot, SHAPES),
    ("SparseCategoricalAccuracy", {}, s.indices, SHAPES),
    ("TopKCategoricalAccuracy", {"k": 2}, s.one_hot, [(0, 4), (0, 3, 4)]),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, s.indices, [(0, 4), (0, 3, 4)]),
]


@pytest.mark.parametrize(("name", "args", "draw", "shapes"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equals_real_keras(name, args, draw, shapes, dtype):
    args = {**args, "dtype": dtype}
    check_config(*s.make(name, args))
    s.sweep(name, args, draw, shapes)


@pytest.mark.parametrize(
    ("a", "b"), [((3,), (3,)), ((3, 1), (3,)), ((3,), (3, 1)), ((3, 1), (3, 1)), ((2, 3), (2, 3))]
)
def test_functions_equal_real_keras_in_all_shapes(a, b):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 2, a), rng.random(b)
    names = ["binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"]
    for name in names[: 2 if len(a) == 2 and a[-1] == 3 else 3]:
        ours, theirs = (getattr(lib.metrics, name)(y_true, y_pred) for lib in (torchkeras, keras))
        assert ours.dtype == theirs.dtype
        assert_close(ours, theirs)


def test_ties_and_wide_structures():
    y_pred = torch.full((3, 3), 0.3)
    for k in (1, 2, 3):
        ours, theirs = (
            lib.metrics.sparse_top_k_categorical_accuracy(torch.arange(3), y_pred, k=k)
            for lib in (torchkeras, keras)
        )
        assert_close(ours, theirs)
    ids = torch.tensor([[2, 1, 0], [1, 0, 2], [0, 1, 2]])
    ours, theirs = (
        lib.metrics.sparse_top_k_categorical_accuracy([0, 1, 2], ids, k=2, from_sorted_ids=True)
        for lib in (torchkeras, keras)
    )
    assert_close(ours, theirs)
    metric = torchkeras.metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True)
    assert type(metric).from_config(metric.get_config()).from_sorted_ids


def test_predictions_of_a_model_in_training_leave_no_graph():
    y_pred = torch.softmax(torch.randn(4, 3, requires_grad=True), -1)
    for metric, y_true in (
        (torchkeras.metrics.SparseCategoricalAccuracy(), torch.tensor([0, 1, 2, 0])),
        (torchkeras.metrics.CategoricalAccuracy(), torch.eye(4, 3)),
        (torchkeras.metrics.BinaryAccuracy(), torch.eye(4, 3)),
        (torchkeras.metrics.MeanSquaredError(), torch.eye(4, 3)),
        (torchkeras.metrics.KLDivergence(), torch.eye(4, 3)),
        (torchkeras.metrics.AUC(), torch.eye(4, 3)),
    ):
        metric.update_state(y_true, y_pred)
        assert not metric.result().requires_grad
        assert all(v.grad_fn is None for v in metric.variables)


def test_labels_of_other_types():
    y_pred = torch.tensor([[0.2, 0.8], [0.7, 0.3]])
    for dtype in (torch.int32, torch.uint8, torch.float32, torch.float64, torch.bool):
        y_true = torch.tensor([1, 0]).to(dtype)
        assert float(torchkeras.metrics.SparseCategoricalAccuracy()(y_true, y_pred)) == 1.0
        binary = torchkeras.metrics.BinaryAccuracy()
        assert float(binary(y_true, y_pred[:, 1:])) == 1.0
        hot = torch.eye(2).flip(0).to(dtype)
        assert float(torchkeras.metrics.CategoricalAccuracy()(hot, y_pred)) == 1.0


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float16"])
@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("Accuracy", {}),
        ("BinaryAccuracy", {}),
        ("CategoricalAccuracy", {}),
        ("TopKCategoricalAccuracy", {"k": 2}),
        ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1, 2]}),
        ("OneHotMeanIoU", {"num_classes": 4}),
    ],
)
def test_types_of_labels_equal_real_keras(name, args, dtype):
    rng = np.random.default_rng(0)
    y_true = np.eye(4)[rng.integers(0, 4, 9)].astype(dtype)
    y_pred = rng.random((9, 4)).astype("f4")
    y_pred[::2] = np.round(y_pred[::2])
    ours, theirs = s.make(name, args)
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred)
    assert_close(ours.result(), theirs.result())


def test_bool_targets_train():
    """Scripts make one-hot targets by `np.zeros(shape, dtype=bool)`."""
    x, y = np.ones((6, 3), "f4"), np.eye(6, dtype=bool)
    model = torchkeras.Sequential([torchkeras.layers.Dense(6, activation="softmax")])
    metrics = ["accuracy", "top_k_categorical_accuracy", "mse"]
    model.compile("sgd", "categorical_crossentropy", metrics=metrics)
    logs = model.fit(x, y, verbose=0, class_weight={i: 1.0 for i in range(6)}).history
    assert logs["accuracy"] == [pytest.approx(1 / 6)]


def test_errors():
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(4,\)"):
        torchkeras.metrics.SparseCategoricalAccuracy()(torch.zeros(3), torch.zeros(4, 2))
    with pytest.raises(ValueError, match=r"k must be a positive integer. Received: k=0"):
        torchkeras.metrics.TopKCategoricalAccuracy(k=0)
    with pytest.raises(ValueError, match=r"k must not be above the number of classes, 3"):
        torchkeras.metrics.TopKCategoricalAccuracy()(torch.eye(3), torch.eye(3))
    with pytest.raises(ValueError, match="label 7 at position 1"):
        torchkeras.metrics.SparseTopKCategoricalAccuracy(k=1)([0, 7], torch.eye(2))
