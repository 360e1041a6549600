import json

import keras
import numpy as np
import pytest
import torch
from metrics import sweeping as s

import torchkeras.metrics
from oracle import assert_close, check_config

VALUES = [
    ((), None), ((3,), None), ((2, 3), None), ((2, 3, 4), None), ((3,), (3,)), ((2, 3), (2,)),
    ((2, 3), (2, 1)), ((2, 3), ()), ((2, 3, 4), (2, 3)), ((2, 3, 4), (2, 1)), ((2, 3, 4), (1, 3)),
    ((2, 3, 4), (2, 3, 1)), ((2, 1), (2,)), ((2,), (2, 1)), ((), ()),
]  # fmt: skip


@pytest.mark.parametrize(("values", "weight"), VALUES)
@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_equals_real_keras(name, values, weight, dtype):
    rng = np.random.default_rng(0)
    ours, theirs = s.make(name, {"dtype": dtype})
    check_config(ours, theirs)
    tol = 2e-3 if dtype == "float16" else 1e-5
    for _ in range(3):
        x = rng.normal(size=values).astype("f4")
        w = None if weight is None else rng.uniform(0, 2, weight).astype("f4")
        for metric in (ours, theirs):
            metric.update_state(torch.tensor(x), sample_weight=w)
        assert_close(s.state(ours), s.state(theirs), tol, tol)
    assert [str(v.dtype) for v in ours.variables] == [f"torch.{v.dtype}" for v in theirs.variables]


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0]])
@pytest.mark.parametrize("mask", [[True, False, True], [False] * 3])
def test_masks_equal_real_keras(name, weight, mask):
    ours, theirs = s.make(name, {})
    for metric in (ours, theirs):
        values = torch.tensor([1.0, 2.0, 3.0])
        values._keras_mask = torch.tensor(mask)
        metric.update_state(values, weight)
    assert_close(s.state(ours), s.state(theirs))


def test_numbers_and_lists():
    for args in ((3,), (2.5, 32), ([1, 2, 3],), ([[1, 2], [3, 4]], [1, 2]), ([2, 3], 32), (True,)):
        for name in ("Mean", "Sum"):
            ours, theirs = s.make(name, {})
            ours.update_state(*args)
            theirs.update_state(*args)
            assert_close(s.state(ours), s.state(theirs), what=str(args))


def test_a_loss_weighted_by_batch_sizes_is_the_mean_over_samples():
    mean = torchkeras.metrics.Mean()
    loss = torch.tensor(2.0, requires_grad=True) * 1.0
    mean.update_state(loss, sample_weight=32)
    mean.update_state(torch.tensor(5.0), sample_weight=16)
    assert mean.result().item() == 3.0
    assert [v.item() for v in mean.variables] == [144.0, 48.0]
    assert mean.count.item() == 48.0
    assert mean.total.grad_fn is None


def test_mean_of_nothing_is_zero():
    mean = torchkeras.metrics.Mean()
    assert mean.result().item() == 0.0
    mean.update_state(torch.zeros(0))
    assert mean.result().item() == 0.0
    mean.update_state([1.0, 2.0], [0.0, 0.0])
    assert mean.result().item() == 0.0


def test_results_are_values_of_their_moment():
    total = torchkeras.metrics.Sum()
    total.update_state(1.0)
    before = total.result()
    total.update_state(1.0)
    assert before.item() == 1.0


def test_weights_of_another_shape():
    with pytest.raises(ValueError, match=r"sample_weight.shape=\(3,\), values.shape=\(2,\)"):
        torchkeras.metrics.Mean().update_state(torch.ones(2, 3), torch.ones(3))


def test_wrapper_of_a_function():
    def error(y_true, y_pred, scale=1.0):
        return scale * abs(y_true - y_pred)

    metric = torchkeras.metrics.MeanMetricWrapper(error, name="e", scale=2.0)
    assert metric([1, 2], [3, 5]).item() == 5.0
    assert metric.get_config()["scale"] == 2.0
    structured = torchkeras.metrics.MeanMetricWrapper(lambda t, p: p["a"] - t["a"])
    assert structured({"a": torch.zeros(2)}, {"a": torch.ones(2)}).item() == 1.0
    constant = torchkeras.metrics.MeanMetricWrapper(lambda t, p: 5.0)
    assert constant([1], [2]).item() == 5.0


def test_wrapper_of_a_numpy_function_in_training():
    y_pred = torch.tensor([[0.5], [2.0]], requires_grad=True)
    metric = torchkeras.metrics.MeanMetricWrapper(lambda t, p: np.abs(t.numpy() - p.numpy()))
    metric.update_state(torch.zeros(2, 1), y_pred)
    assert metric.result().item() == 1.25


def test_wrapper_config_equals_real_keras_and_round_trips():
    ours = torchkeras.metrics.MeanMetricWrapper(torchkeras.losses.mean_squared_error, name="m")
    theirs = keras.metrics.MeanMetricWrapper(keras.losses.mean_squared_error, name="m")
    check_config(ours, theirs)
    for config in (ours.get_config(), json.loads(json.dumps(theirs.get_config()))):
        again = torchkeras.metrics.MeanMetricWrapper.from_config(config)
        assert again([[0.0]], [[2.0]]).item() == 4.0


def test_subclass_of_a_wrapper_with_a_config_of_its_own():
    class Power(torchkeras.metrics.MeanMetricWrapper):
        def __init__(self, power, name="power", dtype=None):
            super().__init__(lambda t, p: abs(t - p) ** power, name, dtype)
            self.power = power

    metric = Power(3)
    assert metric.get_config() == {"power": 3, "name": "power", "dtype": "float32"}
    assert Power.from_config(metric.get_config())([0.0], [2.0]).item() == 8.0
