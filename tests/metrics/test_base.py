import copy
import gc
import pickle

import keras
import numpy as np
import pytest
import torch

import torchkeras.metrics
from oracle import assert_close, clear_names


def custom(lib):
    class Custom(lib.metrics.Metric):
        def __init__(self, scale=2.0, **kwargs):
            super().__init__(**kwargs)
            self.scale = scale
            self.a = self.add_variable((2,), initializer="ones", name="a")
            self.b = self.add_weight(name="b", initializer="zeros")
            self.c = self.add_weight(shape=(3,), initializer="zeros")
            self.inner = lib.metrics.Mean()

        def update_state(self, x, sample_weight=None):
            self.a.assign(self.a + x)
            self.b.assign_add(1.0)
            self.inner.update_state(x)

        def result(self):
            return {"a": self.scale * self.a[0], "inner": self.inner.result()}

    return Custom


def both():
    clear_names()
    return [custom(lib)() for lib in (torchkeras, keras)]


def rows(metric):
    return [(v.name, v.path, tuple(v.shape), v.trainable) for v in metric.variables]


def test_variables_equal_real_keras():
    ours, theirs = both()
    assert ours.name == theirs.name == "custom"
    assert [r[0] for r in rows(ours)][:2] == ["a", "b"]
    assert [r[2:] for r in rows(ours)] == [r[2:] for r in rows(theirs)]
    assert [r[1] for r in rows(ours)] == [r[1] for r in rows(theirs)]
    for metric in (ours, theirs):
        metric.update_state(2.0)
    assert_close(ours.result(), theirs.result())
    for metric in (ours, theirs):
        metric.reset_state()
    assert_close([v.numpy() for v in ours.variables], [v.numpy() for v in theirs.variables])
    assert not any(isinstance(v, torch.Tensor) and v.requires_grad for v in ours.variables)


def test_config_has_the_arguments_of_a_subclass():
    metric = custom(torchkeras)(scale=3.0, name="n")
    assert metric.get_config() == {"scale": 3.0, "dtype": "float32", "name": "n"}
    assert type(metric).from_config(metric.get_config()).scale == 3.0


@pytest.mark.parametrize("name", ["Mean", "MeanSquaredError", "Precision", "AUC", "Custom"])
def test_stateless_calls_equal_real_keras(name):
    def make(lib):
        return custom(lib)() if name == "Custom" else getattr(lib.metrics, name)()

    args = {"Mean": ([1.0, 2.0],), "Custom": (3.0,)}.get(name, ([[0.0, 1.0]], [[0.3, 0.9]]))
    results = []
    for lib in (torchkeras, keras):
        metric = make(lib)
        start = [np.full(tuple(v.shape), 2.0, "f4") for v in metric.variables]
        after = metric.stateless_update_state(start, *args)
        results.append(
            (after, metric.stateless_result(after), metric.stateless_reset_state(),
             [v.numpy() for v in metric.variables])
        )  # fmt: skip
    assert_close(*results)


def test_stateless_calls_with_too_few_values():
    with pytest.raises(ValueError, match=r"one value for each of its 2 variables. Received: 1"):
        torchkeras.metrics.Mean().stateless_update_state([0.0], [1.0])


def test_state_survives_an_error_in_a_stateless_call():
    mean = torchkeras.metrics.Mean()
    mean.update_state(4.0)
    with pytest.raises(ValueError, match="None"):
        mean.stateless_update_state([0.0, 0.0], None)
    assert mean.result().item() == 4.0


def test_merge_state_adds_up():
    parts = [torchkeras.metrics.Mean() for _ in range(3)]
    for i, part in enumerate(parts):
        part.update_state([float(i), float(i + 1)])
    parts[0].merge_state(parts[1:])
    assert parts[0].result().item() == 1.5
    assert parts[0].count.item() == 6.0


def test_default_names():
    clear_names()
    for name in (
        "Mean",
        "AUC",
        "AUC",
        "Precision",
        "Precision",
        "TruePositives",
        "MeanSquaredError",
    ):
        ours, theirs = (getattr(lib.metrics, name)() for lib in (torchkeras, keras))
        assert ours.name == theirs.name
    assert torchkeras.metrics.Mean(name="n").name == "n"
    assert torchkeras.metrics.Mean().dtype == "float32"
    assert torchkeras.metrics.Mean(dtype="mixed_bfloat16").dtype == "bfloat16"
    assert repr(torchkeras.metrics.Mean()) == "<Mean name=mean>"


def test_state_made_in_inference_mode_can_be_changed_outside():
    with torch.inference_mode():
        mean = torchkeras.metrics.Mean()
        auc = torchkeras.metrics.AUC(multi_label=True)
        mean.update_state(torch.ones(2))
        auc.update_state(torch.eye(2), torch.eye(2))
    mean.update_state(torch.zeros(2))
    auc.update_state(torch.eye(2), torch.eye(2))
    mean.reset_state()
    assert mean.result().item() == 0.0


def test_copies_are_independent():
    mean = torchkeras.metrics.Mean()
    mean.update_state([1.0, 3.0])
    for again in (copy.deepcopy(mean), pickle.loads(pickle.dumps(mean))):
        again.update_state([8.0])
        assert again.result().item() == 4.0
    assert mean.result().item() == 2.0
    assert mean.count.item() == 2.0


def test_base_says_what_is_missing():
    metric = torchkeras.metrics.Metric()
    with pytest.raises(NotImplementedError, match="Metric: a metric must define update_state"):
        metric.update_state([1], [1])
    with pytest.raises(NotImplementedError, match="Metric: a metric must define result"):
        metric.result()


def test_memory_is_flat_without_the_garbage_collector():
    y_true, y_pred = torch.zeros(8).long(), torch.rand(8, 4, requires_grad=True).softmax(-1)
    metrics = [torchkeras.metrics.get(n) for n in ("sparse_categorical_accuracy", "scce")]
    metrics.append(torchkeras.metrics.SparseTopKCategoricalAccuracy(k=2))

    def tensors():
        return sum(issubclass(type(o), torch.Tensor) for o in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        for step in range(50):
            for metric in metrics:
                metric.update_state(y_true, y_pred)
                metric.result()
            if step == 5:
                before = tensors()
        assert tensors() <= before
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("name", "args"), [("F1Score", {}), ("R2Score", {}), ("AUC", {"multi_label": True})]
)
def test_merge_of_metrics_that_have_seen_nothing(name, args):
    empty, full, other = (getattr(torchkeras.metrics, name)(**args) for _ in range(3))
    full.update_state([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.1, 0.7], [0.8, 0.3], [0.4, 0.9]])
    want = full.result()
    full.merge_state([empty])
    other.merge_state([empty, full])
    assert_close([full.result(), other.result()], [want, want])
    assert other.variables[0] is not full.variables[0]
