"""The direction of a metric, and what is an improvement."""

import types

import numpy as np
import pytest
from callbacks.scripted import Model

from torchkeras.callbacks.monitor import MonitorCallback, metric_direction


def metric(name, direction=None, metrics=()):
    return types.SimpleNamespace(name=name, _direction=direction, metrics=list(metrics))


def model(*metrics, outputs=None):
    made = Model(metrics)
    made.output_names = outputs
    return made


COMPILED = metric("compile_metrics", None, [metric("acc", "up"), metric("mae", "down")])


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("loss", "down"),
        ("val_loss", "down"),
        ("acc", "up"),
        ("val_acc", "up"),
        ("mae", "down"),
        ("count", None),
        ("unknown", None),
        ("head_loss", "down"),
        ("val_head_loss", "down"),
        ("head_acc", "up"),
        ("val_tail_mae", "down"),
        ("foot_acc", None),
        ("foot_loss", None),
    ],
)
def test_direction(name, direction):
    owner = model(metric("count"), COMPILED, outputs=["head", "tail"])
    assert metric_direction(owner, name) == direction


def test_without_a_model():
    assert metric_direction(None, "loss") == "down"
    assert metric_direction(None, "acc") is None


@pytest.mark.parametrize(
    ("mode", "delta", "value", "reference", "better"),
    [
        ("min", 0, 1.0, None, True),
        ("min", 0, 1.0, 2.0, True),
        ("min", 0, 2.0, 2.0, False),
        ("max", 0, 1.0, 2.0, False),
        ("max", 0, 3.0, 2.0, True),
        ("min", 0.1, 0.7, 0.8, False),
        ("min", -0.1, 0.69, 0.8, True),
        ("max", 0.1, 0.8, 0.7, False),
        ("max", 0.1, 0.81, 0.7, True),
        ("min", 0, float("nan"), None, False),
        ("min", 0, float("nan"), 1.0, False),
        ("max", 0, float("nan"), 1.0, False),
        ("max", 0, 1.0, float("nan"), True),
        ("min", 0, 1.0, float("inf"), True),
        ("min", 0, 1e39, 1e40, False),
    ],
)
def test_improvement(mode, delta, value, reference, better):
    monitor = MonitorCallback("loss", mode, min_delta=delta)
    assert monitor._is_improvement(value, reference) is better


def test_operators_are_those_of_numpy():
    assert MonitorCallback(mode="min").monitor_op is np.less
    assert MonitorCallback(mode="max").monitor_op is np.greater
    assert MonitorCallback().monitor_op is None
