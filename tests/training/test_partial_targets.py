"""Targets of some outputs only, fixed batch sizes, and losses written for older versions."""

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras

LIBS = pytest.mark.parametrize("lib", [torchkeras, reference], ids=["ours", "keras"])
X = np.ones((4, 2), "float32")
ONE, THREE = np.ones((4, 3), "float32"), np.full((4, 3), 3, "float32")


@LIBS
@pytest.mark.parametrize("form", [list, lambda outputs: dict(zip("abc", outputs, strict=True))])
def test_targets_of_the_outputs_with_a_loss(lib, form):
    x = lib.Input((2,))
    # Outputs 2, 4 and 6.
    outputs = [
        lib.layers.Dense(3, kernel_initializer=lib.initializers.Constant(c), name=n)(x)
        for c, n in zip((1, 2, 3), "abc", strict=True)
    ]
    for losses, targets, total in (
        (["mse", None, None], ONE, 1),
        ([None, "mse", None], [ONE], 9),
        (["mse", None, "mse"], [ONE, THREE], 10),
        (["mse", None, "mse"], [ONE, None, THREE], 10),
    ):
        model = lib.Model(x, form(outputs))
        model.compile(loss=form(losses), metrics=form([["mae"], None, None]))
        logs = model.evaluate(X, targets, return_dict=True, verbose=0)
        assert logs["loss"] == pytest.approx(total)
        if losses[0]:
            assert logs["a_mae"] == 1


@LIBS
def test_a_fixed_batch_size(lib):
    model = lib.Sequential([lib.Input((2,), batch_size=4), lib.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((12, 2)), np.ones((12, 1))
    history = model.fit(x, y, batch_size=4, validation_data=(x, y), verbose=0)
    assert {*history.history} == {"loss", "val_loss"}
    assert model.predict(x, batch_size=4, verbose=0).shape == (12, 1)


@LIBS
def test_compute_loss_without_training(lib):
    class Old(lib.Model):
        def __init__(self):
            super().__init__()
            self.dense = lib.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return 2 * super().compute_loss(x, y, y_pred, sample_weight)

    model = Old()
    model.compile("sgd", "mse")
    loss = model.evaluate(X, ONE[:, :1], verbose=0)
    expected = 2 * np.mean((model.predict(X, verbose=0) - 1) ** 2)
    assert loss == pytest.approx(expected, rel=1e-5)
    model.fit(X, ONE[:, :1], verbose=0)


def test_a_model_is_built_before_torch_compiles_it(monkeypatch):
    found = []
    real = torch.nn.Module.compile

    def compiled(module):
        found.append(module.built)
        real(module, backend="eager")

    monkeypatch.setattr(torch.nn.Module, "compile", compiled)
    model = torchkeras.Sequential([torchkeras.layers.Dense(2), torchkeras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(X, ONE[:, :1], batch_size=2, verbose=0)
    assert found == [True]
