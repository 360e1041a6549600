"""Compiled models in files: metrics and losses given as classes, functions, foreign objects."""

import numpy as np
import pytest
import torch

import torchkeras
from torchkeras.training.stored import storable


class Largest(torch.nn.Module):
    """A metric as torchmetrics has them."""

    def __init__(self):
        super().__init__()
        self.register_buffer("value", torch.tensor(0.0))

    def reset(self):
        self.value.zero_()

    def update(self, preds, target):
        self.value.copy_(torch.maximum(self.value, (preds - target).abs().max()))

    def compute(self):
        return self.value.clone()


def error(y_true, y_pred):
    return abs(y_true - y_pred)


def made(**options):
    model = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(1)])
    model.compile("sgd", **options)
    return model


X = np.random.default_rng(0).normal(size=(16, 3)).astype("f4")
Y = X.sum(1, keepdims=True)


@pytest.mark.parametrize(
    "metric",
    [
        torchkeras.metrics.MeanSquaredError, torchkeras.losses.Huber, torchkeras.losses.Huber(0.5),
        torchkeras.losses.mean_absolute_error, error, "mae", torchkeras.metrics.Mean(name="m"),
    ],
)  # fmt: skip
def test_metrics_of_every_kind_come_back(tmp_path, metric):
    model = made(loss=torchkeras.losses.Huber, metrics=[metric])
    if not isinstance(metric, torchkeras.metrics.Mean):
        model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.keras")
    again = torchkeras.models.load_model(tmp_path / "m.keras", custom_objects={"error": error})
    if not isinstance(metric, torchkeras.metrics.Mean):
        results = [m.evaluate(X, Y, verbose=0, return_dict=True) for m in (model, again)]
        assert results[0] == results[1]
        assert len(results[0]) == 2


@pytest.mark.parametrize("metric", [Largest(), Largest])
def test_metric_of_another_library(tmp_path, metric):
    model = made(loss="mse", metrics=["mae", metric])
    model.fit(X, Y, verbose=0)
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert found["largest"] == pytest.approx(np.abs(model.predict(X, verbose=0) - Y).max())
    with pytest.warns(UserWarning, match="metric 'largest' is of another library and is not"):
        model.save(tmp_path / "m.keras")
    again = torchkeras.models.load_model(tmp_path / "m.keras")
    assert set(again.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "mae"}


def test_structure_is_kept():
    given = {"a": ["mse", None], "b": ("mae",)}
    assert storable(given) == {"a": ["mse", None], "b": ["mae"]}
    assert storable(None) is None
