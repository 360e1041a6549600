"""Models compiled with a torch optimizer: in files, training goes on exactly."""

import functools

import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close

MAKERS = {
    "Adam": functools.partial(torch.optim.Adam, lr=0.01, amsgrad=True),
    "SGD": functools.partial(torch.optim.SGD, lr=0.05, momentum=0.9),
    "RMSprop": functools.partial(torch.optim.RMSprop, lr=0.01, centered=True),
    "Adagrad": functools.partial(torch.optim.Adagrad, lr=0.1),
    "NAdam": functools.partial(torch.optim.NAdam, lr=0.01),
    "Adafactor": functools.partial(torch.optim.Adafactor, lr=0.01),
    "Rprop": functools.partial(torch.optim.Rprop, lr=0.01),
}


def made(optimizer):
    model = torchkeras.Sequential(
        [torchkeras.Input((3,)), torchkeras.layers.Dense(4, "tanh"), torchkeras.layers.Dense(1)]
    )
    model.compile(optimizer, "mse")
    return model


def fit(model):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, 3)).astype("f4"), rng.normal(size=(32, 1)).astype("f4")
    return model.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False).history


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("how", ["keras", "weights"])
def test_training_goes_on_exactly(tmp_path, name, how):
    model = made(MAKERS[name])
    fit(model)
    model.optimizer.learning_rate = 0.02
    fit(model)
    if how == "keras":
        model.save(tmp_path / "m.keras")
        again = torchkeras.models.load_model(tmp_path / "m.keras")
    else:
        model.save_weights(tmp_path / "m.weights.h5")
        again = made(MAKERS[name])
        again.optimizer.build(again.trainable_variables)
        again.load_weights(tmp_path / "m.weights.h5")
    assert float(again.optimizer.learning_rate) == pytest.approx(0.02)
    assert int(again.optimizer.iterations) == 16
    assert type(again.optimizer.optimizer) is type(model.optimizer.optimizer)
    histories = fit(again), fit(model)
    assert_close(*histories, 0, 0)
    assert_close(again.get_weights(), model.get_weights(), 0, 0)


def test_object_with_groups_keeps_its_rates(tmp_path):
    model = made("sgd")
    first, second = model.layers
    inner = torch.optim.SGD(
        [{"params": list(first.parameters()), "lr": 0.1}, {"params": list(second.parameters())}],
        lr=0.05,
        momentum=0.9,
    )
    model.compile(inner, "mse")
    fit(model)
    model.save_weights(tmp_path / "m.weights.h5")
    again = made("sgd")
    again.compile(
        torch.optim.SGD(
            [{"params": list(layer.parameters()), "lr": lr}
             for layer, lr in zip(again.layers, (0.1, 0.05), strict=True)],
            lr=0.05, momentum=0.9,
        ),
        "mse",
    )  # fmt: skip
    again.optimizer.build(again.trainable_variables)
    again.load_weights(tmp_path / "m.weights.h5")
    assert_close(fit(again), fit(model), 0, 0)


def test_state_for_other_parameters_is_not_restored(tmp_path):
    model = made(MAKERS["Adam"])
    fit(model)
    model.save_weights(tmp_path / "m.weights.h5")
    again = made(MAKERS["Adam"])
    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer"):
        again.load_weights(tmp_path / "m.weights.h5")  # its optimizer is not built
    assert_close(again.get_weights(), model.get_weights(), 0, 0)
    assert int(again.optimizer.iterations) == 0
