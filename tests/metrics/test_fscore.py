"""F scores against real Keras and scikit-learn."""

import numpy as np
import pytest
import torch
from metrics.sweeping import make, state
from sklearn.metrics import fbeta_score

import torchkeras
from oracle import assert_close, check_config

ARGUMENTS = [
    {"average": a, "threshold": t}
    for a in (None, "micro", "macro", "weighted")
    for t in (None, 0.5)
] + [{"threshold": 1.0}, {"dtype": "float32", "name": "mine"}]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "soft"])
@pytest.mark.parametrize("args", ARGUMENTS, ids=str)
@pytest.mark.parametrize("name", ["FBetaScore", "F1Score"])
def test_against_keras(name, args, kind, weighted):
    for beta in (1.0, 0.5, 2.0) if name == "FBetaScore" else (None,):
        every = args if beta is None else {**args, "beta": beta}
        rng = np.random.default_rng(0)
        ours, theirs = make(name, every)
        check_config(ours, theirs)
        for _ in range(3):
            n = int(rng.integers(2, 9))
            y_pred = rng.random((n, 4)).astype("float32").round(1)  # with ties
            y_true = np.eye(4)[rng.integers(0, 4, n)]
            if kind == "multilabel":
                y_true = rng.integers(0, 2, (n, 4))
            elif kind == "soft":
                y_true = rng.random((n, 4)).astype("float32")
            weight = torch.tensor(rng.random(n).astype("float32")) if weighted else None
            for metric in (ours, theirs):
                metric.update_state(torch.tensor(y_true), torch.tensor(y_pred), weight)
            assert_close(state(ours), state(theirs), 1e-5, 1e-6, str(every))
            assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]
        for metric in (ours, theirs):
            metric.reset_state()
        assert_close(state(ours), state(theirs), what="after reset_state")


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", None])
def test_against_sklearn(average):
    rng = np.random.default_rng(1)
    y_true, y_pred = rng.integers(0, 2, (30, 3)), rng.random((30, 3)).astype("float32")
    metric = torchkeras.metrics.FBetaScore(average=average, beta=2.0, threshold=0.5)
    expected = fbeta_score(y_true, y_pred > 0.5, beta=2.0, average=average)
    np.testing.assert_allclose(metric(y_true, y_pred).numpy(), expected, rtol=1e-5)


def test_merge_and_nothing_seen():
    metrics = [torchkeras.metrics.F1Score(average="macro") for _ in range(3)]
    assert float(metrics[0].result()) == 0
    y, p = np.eye(3)[[0, 1, 2, 1]], np.eye(3, dtype="float32")[[0, 2, 2, 1]]
    metrics[0].update_state(y[:2], p[:2])
    metrics[1].update_state(y[2:], p[2:])
    metrics[2].update_state(y, p)
    metrics[0].merge_state([metrics[1]])
    assert float(metrics[0].result()) == pytest.approx(float(metrics[2].result()))


def test_bad_input():
    with pytest.raises(ValueError, match="average must be one of"):
        torchkeras.metrics.FBetaScore(average="mean")
    for beta in (0, -1.0, "2", True):
        with pytest.raises(ValueError, match="beta must be a number above 0"):
            torchkeras.metrics.FBetaScore(beta=beta)
    for threshold in (0.0, 1.5, "0.5"):
        with pytest.raises(ValueError, match=r"threshold must be None or a number in \(0, 1\]"):
            torchkeras.metrics.F1Score(threshold=threshold)
    metric = torchkeras.metrics.F1Score()
    with pytest.raises(ValueError, match="F1Score expects 2D inputs"):
        metric.update_state([0, 1], [0.1, 0.2])
    metric.update_state([[0, 1]], [[0.1, 0.2]])
    with pytest.raises(ValueError, match="must have the same shape, 2 classes wide"):
        metric.update_state([[0, 1, 0]], [[0.1, 0.2, 0.3]])
