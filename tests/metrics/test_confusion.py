import keras
import numpy as np
import pytest
import torch
from metrics import sweeping as s

import torchkeras.metrics
from oracle import assert_close, check_config

NAMES = [
    "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives", "Precision", "Recall",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("thresholds", [None, 0.3, [0.2], [0.2, 0.5, 0.9], 0, 1])
def test_equals_real_keras(name, thresholds):
    args = {"thresholds": thresholds}
    check_config(*s.make(name, args))
    s.sweep(name, args, s.binary, [(0,), (0, 1), (0, 4)], masks=False, cases=20)


@pytest.mark.parametrize("name", ["Precision", "Recall"])
@pytest.mark.parametrize(
    "args",
    [
        {"top_k": 1},
        {"top_k": 2},
        {"class_id": 1},
        {"class_id": -1},
        {"class_id": 2, "top_k": 2},
        {"thresholds": [0.2, 0.5], "class_id": 0},
        {"thresholds": [0.2, 0.5], "top_k": 2},
    ],
)
def test_top_k_and_class_id_equal_real_keras(name, args):
    check_config(*s.make(name, args))
    s.sweep(name, args, s.binary, [(0, 4), (0, 3)], masks=False)


def test_labels_and_shapes_equal_real_keras():
    for y_true, y_pred in (
        ([0, 2], [0.7, 0.7]),
        ([0.3, -1.0], [0.7, 0.7]),
        ([0, 1], [2.0, -1.0]),
        ([0, 1], [float("nan"), 0.7]),
        ([[0], [1]], [0.7, 0.9]),
        ([0, 1], [[0.7], [0.9]]),
    ):
        for name in NAMES:
            ours, theirs = s.make(name, {})
            for metric in (ours, theirs):
                metric.update_state(np.array(y_true), np.array(y_pred, "f4"))
            assert_close(s.state(ours), s.state(theirs), what=f"{name} {y_true} {y_pred}")


def test_weights_of_samples_spread_over_columns():
    ours, theirs = s.make("Precision", {})
    for metric in (ours, theirs):
        metric.update_state(np.eye(2), np.full((2, 2), 0.7), [1.0, 3.0])
    assert_close(s.state(ours), s.state(theirs))


def test_named_counts():
    precision, recall = torchkeras.metrics.Precision(), torchkeras.metrics.Recall()
    for metric in (precision, recall):
        metric.update_state([0, 1, 1], [0.9, 0.9, 0.1])
    assert precision.false_positives.tolist() == [1.0]
    assert recall.false_negatives.tolist() == [1.0]
    assert recall.true_positives.tolist() == [1.0]


def test_errors():
    for wrong in (1.5, -1, [], [0.5, None], [0.5, "a"]):
        with pytest.raises(ValueError, match=r"Precision: thresholds must be one or more numbers"):
            torchkeras.metrics.Precision(thresholds=wrong)
    with pytest.raises(ValueError, match="top_k must be a positive integer"):
        torchkeras.metrics.Recall(top_k=-1)
    with pytest.raises(ValueError, match="top_k must not be above the number of classes, 2"):
        torchkeras.metrics.Recall(top_k=3)(torch.eye(2), torch.eye(2))
    with pytest.raises(ValueError, match=r"class_id must be in \[0, 2\). Received: class_id=2"):
        torchkeras.metrics.Recall(class_id=2)(torch.eye(2), torch.eye(2))
    with pytest.raises(ValueError, match=r"y_true.shape=\(3,\), y_pred.shape=\(2,\)"):
        torchkeras.metrics.TruePositives()([0, 1, 1], [0.7, 0.7])
    with pytest.raises(ValueError, match=r"sample_weight.shape=\(3,\), y_pred.shape=\(2, 2\)"):
        torchkeras.metrics.TruePositives()(torch.eye(2), torch.eye(2), [1, 2, 3])


def test_thresholds_of_numpy_and_tuples():
    # Real Keras takes lists only.
    for thresholds in ((0.2, 0.5), np.array([0.2, 0.5])):
        metric = torchkeras.metrics.Precision(thresholds=thresholds)
        assert metric([0, 1], [0.3, 0.9]).tolist() == [0.5, 1.0]
    assert keras.metrics.Precision(thresholds=[0.2, 0.5]) is not None


@pytest.mark.parametrize("name", ["Precision", "Recall", "TruePositives"])
@pytest.mark.parametrize("thresholds", [None, 0.25, [0.2, 0.5]])
def test_thresholds_are_a_list(name, thresholds):
    ours, theirs = s.make(name, {"thresholds": thresholds})
    assert ours.thresholds == theirs.thresholds
    assert ours.init_thresholds == theirs.init_thresholds
    assert ours.get_config()["thresholds"] == thresholds


@pytest.mark.parametrize("name", ["Precision", "Recall"])
def test_class_id_needs_columns(name):
    for metric in s.make(name, {"class_id": 2}):
        with pytest.raises(ValueError, match="class_id"):
            metric.update_state(np.array([0, 1, 1, 0, 0]), np.array([0.2, 0.1, 0.6, 0.0, 0.2]))
