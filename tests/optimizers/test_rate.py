"""One learning rate, seen as Keras's variable and in torch's param groups."""

import keras
import numpy as np
import pytest
import torch

from torchkeras.core.variable import Variable
from torchkeras.optimizers import SGD, Adam, schedules


def moved(optimizer, w):
    before = w.item()
    w.grad = torch.ones_like(w)
    optimizer.step()
    return before - w.item()


@pytest.fixture
def w():
    return torch.nn.Parameter(torch.zeros(()))


def test_each_way_to_change_it_reaches_all_others(w):
    optimizer = SGD(0.5)
    optimizer.build([w])
    kept = optimizer.learning_rate
    assert isinstance(kept, Variable)
    for change, wanted in [
        (lambda: None, 0.5),
        (lambda: setattr(optimizer, "learning_rate", 0.25), 0.25),
        (lambda: optimizer.learning_rate.assign(0.125), 0.125),
        (lambda: optimizer.param_groups[0].update(lr=2.0), 2.0),
        (lambda: optimizer.learning_rate.assign(optimizer.learning_rate * 0.5), 1.0),
        (lambda: setattr(optimizer, "learning_rate", torch.tensor(3.0)), 3.0),
        (lambda: setattr(optimizer, "learning_rate", np.float32(0.75)), 0.75),
        (lambda: optimizer.param_groups[0].update(lr=torch.tensor(0.5)), 0.5),
        (lambda: setattr(optimizer, "learning_rate", Variable(1.5)), 1.5),
    ]:
        change()
        assert moved(optimizer, w) == pytest.approx(wanted)
        assert float(optimizer.learning_rate) == wanted
        assert float(optimizer.param_groups[0]["lr"]) == wanted
        assert float(kept) == wanted
        assert optimizer.variables[1] is kept
        assert optimizer.get_config()["learning_rate"] == wanted


def test_the_number_is_kept_exactly_and_stored_as_keras_does():
    optimizer = Adam(0.1)
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert optimizer.get_config()["learning_rate"] == 0.10000000149011612
    assert optimizer.get_config() == keras.optimizers.Adam(0.1).get_config()


@pytest.mark.parametrize("rate", [1, np.float64(0.5), np.array(0.5), torch.tensor(0.5), 0.0])
def test_numbers_of_all_kinds(rate):
    assert float(SGD(rate).learning_rate) == float(rate)


@pytest.mark.parametrize("rate", ["fast", None, True, [0.1], np.zeros(2)])
def test_no_numbers(rate):
    with pytest.raises(ValueError, match="SGD: learning_rate must be a number"):
        SGD(rate)
    optimizer = SGD(0.5)
    with pytest.raises(ValueError, match="SGD: learning_rate must be a number"):
        optimizer.learning_rate = rate
    assert float(optimizer.learning_rate) == 0.5


def test_schedule(w):
    optimizer = SGD(schedules.ExponentialDecay(1.0, 1, 0.5))
    optimizer.build([w])
    assert [moved(optimizer, w) for _ in range(3)] == [1.0, 0.5, 0.25]
    assert optimizer.learning_rate == torch.tensor(0.125)
    assert [v.name for v in optimizer.variables] == ["iteration"]
    with pytest.raises(TypeError, match="comes from a schedule"):
        optimizer.learning_rate = 0.5
    optimizer.learning_rate = schedules.ExponentialDecay(8.0, 1, 0.5)
    assert moved(optimizer, w) == 1.0


def test_schedule_in_place_of_a_number(w):
    optimizer = SGD(0.5)
    optimizer.build([w])
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([0], [2.0, 1.0])
    assert [v.name for v in optimizer.variables] == ["iteration"]
    assert [moved(optimizer, w) for _ in range(2)] == [2.0, 1.0]


def test_callables(w):
    rates = [4.0, 2.0]
    optimizer = SGD(lambda: rates[0])
    optimizer.build([w])
    assert moved(optimizer, w) == 4.0
    rates[0] = 2.0
    assert moved(optimizer, w) == 2.0
    assert optimizer.learning_rate == 2.0
    optimizer.learning_rate = lambda step: 1.0 + step
    assert moved(optimizer, w) == 3.0


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_groups_keep_their_ratio(w):
    v = torch.nn.Parameter(torch.zeros(()))
    optimizer = SGD(1.0)
    optimizer.build([{"params": [w]}, {"params": [v], "lr": 0.25}])
    assert moved(optimizer, w) == 1.0
    optimizer.learning_rate = 2.0
    assert [g["lr"] for g in optimizer.param_groups] == [2.0, 0.5]
    optimizer.learning_rate = 0.0
    optimizer.learning_rate = 4.0
    assert [g["lr"] for g in optimizer.param_groups] == [4.0, 1.0]
    w.grad = None
    assert moved(optimizer, v) == 1.0


def test_groups_under_a_schedule(w):
    v = torch.nn.Parameter(torch.zeros(()))
    optimizer = SGD(schedules.ExponentialDecay(1.0, 1, 0.5))
    optimizer.build([{"params": [w]}, {"params": [v], "lr": 0.25}])
    v.grad = torch.ones(())
    assert [moved(optimizer, w) for _ in range(3)] == [1.0, 0.5, 0.25]
    assert v.item() == -0.4375
