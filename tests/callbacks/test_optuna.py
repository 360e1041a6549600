"""OptunaPruning in studies of real Optuna."""

import numpy as np
import optuna
import pytest

import torchkeras
from torchkeras.callbacks import OptunaPruning

X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
Y = X.sum(1)


@pytest.fixture(autouse=True)
def _quiet():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def fit(trial, rate, epochs=4, **kwargs):
    torchkeras.utils.set_random_seed(0)
    model = torchkeras.Sequential([torchkeras.Input((4,)), torchkeras.layers.Dense(1)])
    model.compile(torchkeras.optimizers.SGD(rate), "mse", metrics=["mae", "accuracy"])
    history = model.fit(
        X, Y, validation_data=(X, Y), epochs=epochs, verbose=0,
        callbacks=[OptunaPruning(trial, **kwargs)],
    )  # fmt: skip
    return history.history["val_loss"][-1]


def test_prunes_what_is_worse_than_the_median():
    """Good trials first, then hopeless ones."""
    rates = [0.1, 0.08, 0.05, 1e-6, 1e-7]
    study = optuna.create_study(pruner=optuna.pruners.MedianPruner(n_startup_trials=3))
    study.optimize(lambda trial: fit(trial, rates[trial.number]), n_trials=5)
    states = [t.state.name for t in study.trials]
    assert states == ["COMPLETE"] * 3 + ["PRUNED"] * 2
    assert [len(t.intermediate_values) for t in study.trials] == [4, 4, 4, 1, 1]
    assert study.best_trial.number == 0
    assert study.best_value == study.trials[0].intermediate_values[3]


@pytest.mark.parametrize(("interval", "epochs"), [(1, 1), (3, 3), (4, 4)])
def test_asks_each_interval_and_reports_each_epoch(interval, epochs):
    trial = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=1e-9)).ask()
    with pytest.raises(optuna.TrialPruned, match=f"pruned at epoch {epochs}: val_loss is"):
        fit(trial, 0.1, interval=interval)
    stored = trial.study.get_trials()[0].intermediate_values
    assert sorted(stored) == list(range(epochs))


@pytest.mark.parametrize("monitor", ["loss", "val_mae", "val_acc"])
def test_other_metrics_and_old_names(monitor):
    trial = optuna.create_study(pruner=optuna.pruners.NopPruner()).ask()
    fit(trial, 0.1, monitor=monitor)
    assert len(trial.study.get_trials()[0].intermediate_values) == 4


def test_a_metric_that_is_not_there():
    trial = optuna.create_study().ask()
    with pytest.warns(UserWarning, match="no 'val_auc' in this epoch's logs, which have: "):
        fit(trial, 0.1, epochs=1, monitor="val_auc")


def test_bad_interval():
    with pytest.raises(
        ValueError, match=r"interval must be a positive integer\. Received: interval=0"
    ):
        OptunaPruning(optuna.create_study().ask(), interval=0)
