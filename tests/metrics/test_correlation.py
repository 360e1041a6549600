"""R2, Pearson's and the concordance correlation against real Keras and scikit-learn."""

import warnings

import numpy as np
import pytest
import torch
from metrics.sweeping import make, numbers, state, sweep
from sklearn.metrics import r2_score

import torchkeras
from oracle import assert_close, check_config, check_function, rand

CORRELATIONS = ["PearsonCorrelation", "ConcordanceCorrelation"]


@pytest.mark.parametrize("axis", [-1, 0, 1, (1, 2), (0, 1)])
@pytest.mark.parametrize("name", ["pearson_correlation", "concordance_correlation"])
def test_functions(name, axis):
    import keras

    for seed in range(5):
        a, b = rand(3, 5, 4, seed=seed), rand(3, 5, 4, seed=seed + 9) * 0.3
        ours, theirs = (getattr(lib.metrics, name) for lib in (torchkeras, keras))
        check_function(ours, theirs, a, b, axis=axis)


@pytest.mark.parametrize("args", [{}, {"axis": -1, "name": "mine"}], ids=str)
@pytest.mark.parametrize("name", CORRELATIONS)
def test_metrics(name, args):
    check_config(*make(name, args))
    sweep(name, args, numbers, [(4, 6), (4, 3, 5)])


def test_axes_of_images():
    for name in CORRELATIONS:
        rng = np.random.default_rng(0)
        ours, theirs = make(name, {"axis": (1, 2)})
        for _ in range(3):
            x, y = (torch.tensor(rng.normal(size=(4, 3, 5)).astype("f4")) for _ in "xy")
            for metric in (ours, theirs):
                metric.update_state(x, y)
            assert_close(state(ours), state(theirs))


R2 = [
    {},
    {"class_aggregation": None},
    {"class_aggregation": "uniform_average"},
    {"class_aggregation": "variance_weighted_average"},
    {"num_regressors": 2},
    {"num_regressors": 1, "class_aggregation": None},
    {"name": "mine", "dtype": "float32"},
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("args", R2, ids=str)
def test_r2(args, outputs, weighted):
    rng = np.random.default_rng(outputs)
    ours, theirs = make("R2Score", args)
    check_config(ours, theirs)
    for _ in range(4):
        n = int(rng.integers(6, 12))
        x, y = (torch.tensor(rng.normal(size=(n, outputs)).astype("f4")) for _ in "xy")
        w = torch.tensor(rng.random(n).astype("f4")) if weighted else None
        for metric in (ours, theirs):
            metric.update_state(x, y, w)
        assert_close(state(ours), state(theirs), 1e-5, 1e-5, str(args))
        assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]


def test_r2_against_sklearn():
    x, y = rand(20, 3), rand(20, 3, seed=1)
    w = rand(20, low=0, high=2, seed=2)
    metric = torchkeras.metrics.R2Score()
    assert float(metric(x, y, w)) == pytest.approx(r2_score(x, y, sample_weight=w), rel=1e-4)


@pytest.mark.parametrize(("p", "why"), [(3, "Division by zero"), (4, "More independent")])
def test_too_many_regressors(p, why):
    ours, theirs = make("R2Score", {"num_regressors": p})
    x, y = rand(4, 1), rand(4, 1, seed=1)
    with pytest.warns(UserWarning, match=why):
        found = ours(x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_close(found, theirs(x, y))


def test_r2_of_constants_and_of_nothing():
    ours, theirs = make("R2Score", {})
    assert float(ours.result()) == 0
    for pred in ([[1.0], [2.0]], [[1.0], [1.0]]):
        for metric in (ours, theirs):
            metric.update_state([[1.0], [1.0]], pred)
        assert_close(ours.result(), theirs.result())


def test_bad_input():
    with pytest.raises(ValueError, match="class_aggregation must be one of"):
        torchkeras.metrics.R2Score(class_aggregation="mean")
    with pytest.raises(ValueError, match="num_regressors must not be below 0"):
        torchkeras.metrics.R2Score(num_regressors=-1)
    metric = torchkeras.metrics.R2Score()
    with pytest.raises(ValueError, match="R2Score expects 2D inputs"):
        metric.update_state([0.0, 1.0], [0.1, 0.2])
    metric.update_state([[0.0, 1.0]], [[0.1, 0.2]])
    with pytest.raises(ValueError, match="must have the same shape, 2 outputs wide"):
        metric.update_state([[0.0]], [[0.1]])
