import pytest
import torch

import torchkeras
from torchkeras.training.foreign import ForeignMetric, is_foreign_metric


class Largest:
    def __init__(self):
        self.reset()

    def reset(self):
        self.value = torch.tensor(0.0)

    def update(self, preds, target):
        self.value = torch.maximum(self.value, (preds - target).max())

    def compute(self):
        return self.value


def test_what_is_foreign():
    assert is_foreign_metric(Largest())
    assert not is_foreign_metric(Largest)
    assert not is_foreign_metric(torchkeras.metrics.Mean())
    assert not is_foreign_metric(torchkeras.losses.huber)
    assert not is_foreign_metric({})


def test_it_is_called_as_its_library_calls_it():
    metric = ForeignMetric(Largest(), "largest")
    outputs = torch.tensor([2.0, 3.0], requires_grad=True)
    metric.update_state(torch.tensor([0.0, 2.0]), outputs)
    assert metric.name == "largest"
    assert metric.result().item() == 2.0
    assert not metric.result().requires_grad
    metric.reset_state()
    assert metric.result().item() == 0.0


def test_weights_are_refused():
    metric, one = ForeignMetric(Largest(), "largest"), torch.ones(1)
    with pytest.raises(ValueError, match=r"largest: .* takes no sample weights"):
        metric.update_state(one, one, one)
