import numpy as np
import pytest
import torch
from metrics import sweeping as s
from sklearn.metrics import roc_auc_score

import torchkeras.metrics
from oracle import assert_close, check_config


def grid(rng, shape):
    """Predictions that lie on thresholds as often as between them."""
    y_pred = np.where(rng.random(shape) < 0.5, rng.integers(0, 11, shape) / 10, rng.random(shape))
    return rng.integers(0, 2, shape).astype("f4"), y_pred.astype("f4")


@pytest.mark.parametrize("curve", ["ROC", "PR", "PRGAIN"])
@pytest.mark.parametrize("summation", ["interpolation", "minoring", "majoring"])
@pytest.mark.parametrize(
    "args",
    [
        {"num_thresholds": 11},
        {"num_thresholds": 2},
        {},
        {"thresholds": [0.7, 0.1, 0.4]},
        {"thresholds": [0.25, 0.5, 0.75]},
        {"num_thresholds": 7, "from_logits": True},
    ],
)
def test_equals_real_keras(curve, summation, args):
    args = {**args, "curve": curve, "summation_method": summation}
    check_config(*s.make("AUC", args))
    s.sweep("AUC", args, grid, [(0,), (0, 1), (0, 4)], masks=False, cases=6)


@pytest.mark.parametrize("curve", ["ROC", "PR", "PRGAIN"])
@pytest.mark.parametrize("summation", ["interpolation", "minoring", "majoring"])
@pytest.mark.parametrize(
    "args",
    [
        {"multi_label": True, "num_labels": 3},
        {"multi_label": True, "num_labels": 3, "label_weights": [0.2, 0.8, 0.1]},
        {"label_weights": [0.2, 0.8, 0.1]},
        {"multi_label": True, "num_labels": 3, "thresholds": [0.3, 0.5]},
    ],
)
def test_labels_equal_real_keras(curve, summation, args):
    args = {**args, "curve": curve, "summation_method": summation}
    args.setdefault("num_thresholds", 9)
    s.sweep("AUC", args, grid, [(0, 3)], masks=False, cases=5)


def test_labels_counted_from_the_first_batch():
    ours, theirs = s.make("AUC", {"multi_label": True, "num_thresholds": 5})
    assert ours.variables == []
    assert ours.result().item() == 0.0
    ours.reset_state()
    rng = np.random.default_rng(0)
    for _ in range(3):
        y_true, y_pred = grid(rng, (6, 2))
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred, rng.random(6) * 0 + 2)
        assert_close(s.state(ours), s.state(theirs))


def test_many_thresholds_come_near_the_exact_area():
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, 2000)
    y_pred = np.clip(y_true * 0.3 + rng.random(2000) * 0.7, 0, 1).astype("f4")
    found = torchkeras.metrics.AUC(num_thresholds=2000)(y_true, y_pred).item()
    assert found == pytest.approx(roc_auc_score(y_true, y_pred), abs=1e-4)


def test_config_round_trips_label_weights_and_thresholds():
    metric = torchkeras.metrics.AUC(
        thresholds=[0.5, 0.3], multi_label=True, num_labels=2, label_weights=[0.25, 0.75]
    )
    config = metric.get_config()
    assert config["thresholds"] == [0.3, 0.5]
    assert config["num_thresholds"] == 4
    again = torchkeras.metrics.AUC.from_config(config)
    assert again.get_config() == config
    assert "thresholds" not in torchkeras.metrics.AUC().get_config()


@pytest.mark.parametrize("args", [{"num_thresholds": 4}, {"thresholds": [0.5, 0.0, 0.3]}])
def test_thresholds(args):
    ours, theirs = s.make("AUC", args)
    assert ours.thresholds == pytest.approx(theirs.thresholds)
    assert ours.num_thresholds == theirs.num_thresholds == len(ours.thresholds)


def test_counts_stay_exact_in_half_precision():
    metric = torchkeras.metrics.AUC(dtype="float16", num_thresholds=3)
    for _ in range(3):
        metric.update_state(torch.ones(2000), torch.ones(2000))
    assert metric.true_positives.tolist() == [6000.0, 6000.0, 0.0]


def test_counts_are_summed_up_when_they_are_read():
    metric = torchkeras.metrics.AUC(num_thresholds=3)
    metric.update_state([0, 1], [0.2, 0.8])
    metric.update_state([0, 1], [0.2, 0.8], sample_weight=[2.0, 3.0])
    metric.update_state([0, 1], [0.2, 0.8])
    assert metric.true_positives.tolist() == [5.0, 5.0, 0.0]
    metric.update_state([0, 1], [0.2, 0.8])
    assert metric.variables[2].tolist() == [0.0, 5.0, 5.0]
    metric.update_state([0, 1], [0.2, 0.8])
    metric.reset_state()
    assert metric.false_positives.tolist() == [0.0, 0.0, 0.0]


def test_errors():
    auc = torchkeras.metrics.AUC
    for args, message in (
        ({"curve": "x"}, "curve must be one of 'ROC', 'PR', 'PRGAIN'"),
        ({"summation_method": "x"}, "summation_method must be one of"),
        ({"num_thresholds": 1}, "num_thresholds must be an integer above 1"),
        ({"num_thresholds": 2.5}, "num_thresholds must be a positive integer"),
        ({"thresholds": [-0.5, 0.3]}, "thresholds must be one or more numbers in"),
        ({"num_labels": 2}, "num_labels is needed only with multi_label=True"),
    ):
        with pytest.raises(ValueError, match=message):
            auc(**args)
    with pytest.raises(ValueError, match=r"shape \(batch, labels\). Received: y_pred.shape=\(2,\)"):
        auc(multi_label=True)([0, 1], [0.1, 0.9])
    with pytest.raises(ValueError, match=r"must have 3 labels. Received: y_pred.shape=\(2, 2\)"):
        auc(multi_label=True, num_labels=3)(torch.eye(2), torch.eye(2))
    for multi in (True, False):
        with pytest.raises(ValueError, match="label_weights must hold 2 numbers"):
            auc(multi_label=multi, label_weights=[1, 2, 3])(torch.eye(2), torch.eye(2))
