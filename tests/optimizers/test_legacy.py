"""Keras 2's names for the optimizers, with `lr` and `decay`."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close
from torchkeras import optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import legacy

NAMES = ["Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD"]


def run(optimizer, rates=None, steps=12):
    rng = np.random.default_rng(0)
    v = Variable(rng.normal(size=(3, 2)).astype("f4"))
    for step in range(steps):
        if rates is not None:
            optimizer.learning_rate = rates(step)
        optimizer.apply([torch.tensor(rng.normal(size=(3, 2)).astype("f4"))], [v])
    return v.detach()


@pytest.mark.parametrize("name", NAMES)
def test_rate_falls_as_with_decay_in_keras_2(name):
    old = getattr(legacy, name)(lr=0.1, decay=0.25)
    new = getattr(optimizers, name)(0.1)
    assert_close(run(old), run(new, lambda step: 0.1 / (1 + 0.25 * step)))
    assert float(old.lr) == pytest.approx(0.1)
    assert_close(run(getattr(legacy, name)(0.1)), run(getattr(optimizers, name)(0.1)), 0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_is_of_both_kinds_and_stored_under_the_old_name(name):
    optimizer = getattr(legacy, name)(0.1, decay=0.5, clipnorm=1.0)
    assert isinstance(optimizer, legacy.Optimizer)
    assert isinstance(optimizer, getattr(optimizers, name))
    config = optimizers.serialize(optimizer)
    assert (config["module"], config["class_name"]) == ("keras.optimizers.legacy", name)
    assert set(config["config"]) == {"decay", *getattr(optimizers, name)().get_config()}
    again = optimizers.deserialize(config)
    assert type(again) is type(optimizer)
    assert (again.decay, again.clipnorm, float(again.lr)) == (0.5, 1.0, pytest.approx(0.1))
    assert type(optimizers.get(name)) is getattr(optimizers, name)


def test_keras_has_the_names_but_not_the_optimizers():
    for name in (n for n in dir(keras.optimizers.legacy) if not n.startswith("_")):
        assert getattr(legacy, name).__name__ in (*NAMES, "Optimizer")
        with pytest.raises(ImportError):
            getattr(keras.optimizers.legacy, name)()


def test_config_of_keras_2():
    config = {
        "module": "keras.optimizers.legacy",
        "class_name": "RMSprop",
        "config": {
            "name": "RMSprop", "learning_rate": 0.01, "decay": 0.1, "rho": 0.8, "momentum": 0.0,
            "epsilon": 1e-07, "centered": False, "is_legacy_optimizer": True,
        },
        "registered_name": None,
    }  # fmt: skip
    optimizer = optimizers.deserialize(config)
    assert type(optimizer) is legacy.RMSprop
    assert (optimizer.rho, optimizer.decay) == (0.8, 0.1)


def test_old_attributes_and_methods():
    w = Variable(np.array([2.0], "f4"))
    optimizer = legacy.SGD(lr=0.25, decay=1.0, momentum=0.0)
    optimizer.minimize(lambda: (w * w).sum(), [w])
    optimizer.minimize((w * w).sum(), [w])
    assert w.item() == pytest.approx(1.0 * (1 - 0.25 / 2 * 2))
    assert int(optimizer.iterations) == 2
    optimizer.lr = 0.5
    assert float(optimizer.learning_rate) == 0.5
    values = optimizer.get_weights()
    assert [np.shape(v) for v in values] == [(), ()]
    optimizer.set_weights(values)
    assert optimizer.weights == optimizer.variables


def test_own_class_of_the_base():
    class Plain(legacy.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            variable.assign_sub(gradient * learning_rate)

    w = Variable(np.array([1.0], "f4"))
    optimizer = Plain(1.0, decay=1.0)
    for _ in range(2):
        optimizer.apply([torch.ones(1)], [w])
    assert w.item() == pytest.approx(1 - 1 - 0.5)


def test_decay_in_fit_and_in_files(tmp_path):
    def fit(model):
        x = np.random.default_rng(0).normal(size=(16, 3)).astype("f4")
        return model.fit(x, x.sum(1), epochs=2, batch_size=4, verbose=0, shuffle=False).history

    model = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(1)])
    model.compile(legacy.Adam(lr=0.1, decay=0.05), "mse")
    fit(model)
    model.save(tmp_path / "m.keras")
    again = torchkeras.models.load_model(tmp_path / "m.keras")
    assert (again.optimizer.decay, int(again.optimizer.iterations)) == (0.05, 8)
    assert_close(fit(again), fit(model), 0, 0)


def test_errors():
    with pytest.raises(ValueError, match="SGD: decay must be a number that is at least 0"):
        legacy.SGD(decay=-1.0)
    with pytest.raises(ValueError, match="unknown argument 'rho'"):
        legacy.SGD(rho=0.9)


def test_a_property_tells_its_own_error():
    class Mine(torchkeras.optimizers.SGD):
        @property
        def best(self):
            raise AttributeError("there is no best yet")

    optimizer = Mine()
    assert not hasattr(optimizer, "best")
    with pytest.raises(AttributeError, match=r"^there is no best yet$"):
        _ = optimizer.best
    with pytest.raises(AttributeError, match="'Mine' object has no attribute 'worst'"):
        _ = optimizer.worst
