"""Regularizers, constraints, rates and wrapped optimizers in `fit` and in files, as real Keras."""

import keras
import numpy as np
import pytest

import torchkeras
from oracle import assert_close, clear_names


@keras.saving.register_keras_serializable("tests")
@torchkeras.saving.register_keras_serializable("tests")
def cubes(w):
    return 0.01 * (abs(w) ** 3).sum()


def dense(lib, **options):
    return [lib.layers.Dense(5, "tanh", **options), lib.layers.Dense(2)]


def conv(lib, **options):
    return [lib.layers.Reshape((2, 2, 1)), lib.layers.Conv2D(3, 2, **options), lib.layers.Flatten(),
            lib.layers.Dense(2)]  # fmt: skip


LAYERS = {
    "string regularizers": lambda lib: dense(
        lib, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l1l2"
    ),
    "regularizer objects": lambda lib: dense(
        lib,
        kernel_regularizer=lib.regularizers.OrthogonalRegularizer(0.1, "columns"),
        bias_regularizer=lib.regularizers.L1L2(0.01, 0.02),
    ),
    "regularizer function": lambda lib: dense(
        lib, kernel_regularizer=cubes, activity_regularizer=cubes
    ),
    "constraints": lambda lib: dense(
        lib, kernel_constraint=lib.constraints.MaxNorm(0.7, axis=1), bias_constraint="non_neg"
    ),
    "constraints of kernels": lambda lib: conv(
        lib, kernel_constraint=lib.constraints.MaxNorm(0.5, axis=[0, 1, 2]),
        bias_constraint=lib.constraints.MinMaxNorm(0.1, 0.3, 0.5),
    ),
}  # fmt: skip


def sgd(lib):
    return lib.optimizers.SGD(0.1, momentum=0.9)


def excluding(lib):
    optimizer = lib.optimizers.AdamW(0.02, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


OPTIMIZERS = {
    "schedule": lambda lib: lib.optimizers.Adam(
        lib.optimizers.schedules.CosineDecay(0.0, 6, 0.1, warmup_target=0.05, warmup_steps=3)
    ),
    "callable rate": lambda lib: lib.optimizers.SGD(lambda: 0.05),
    "excluded from decay": excluding,
    "loss scale": lambda lib: lib.optimizers.LossScaleOptimizer(sgd(lib), 8.0, 2),
    "loss scale of averages": lambda lib: lib.optimizers.LossScaleOptimizer(
        lib.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.5)
    ),
    "clipped and accumulated": lambda lib: lib.optimizers.Lion(
        0.01, clipnorm=0.1, gradient_accumulation_steps=2, weight_decay=0.1
    ),
    "Muon": lambda lib: lib.optimizers.Muon(0.02, exclude_layers=["dense_1"]),
    "Adafactor": lambda lib: lib.optimizers.Adafactor(0.05),
}


def made(lib, layers, optimizer):
    clear_names()
    model = lib.Sequential([lib.Input((4,)), *layers(lib)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape).astype("f4") for w in model.get_weights()])
    model.compile(optimizer(lib), "mse", metrics=["mae"])
    return model


def fit(model):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(24, 4)).astype("f4"), rng.normal(size=(24, 2)).astype("f4")
    return model.fit(x, y, batch_size=8, epochs=3, verbose=0, shuffle=False).history


@pytest.mark.parametrize("layers", LAYERS)
def test_layers(layers, tmp_path):
    check(LAYERS[layers], sgd, tmp_path)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer, tmp_path):
    check(dense, OPTIMIZERS[optimizer], None if optimizer == "callable rate" else tmp_path)


def check(layers, optimizer, path):
    ours, theirs = (made(lib, layers, optimizer) for lib in (torchkeras, keras))
    assert_close(fit(ours), fit(theirs), 1e-5, 1e-5)
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5, 1e-5)
    assert [v.path for v in ours.optimizer.variables] == [
        v.path for v in theirs.optimizer.variables
    ]
    if path is None:
        return
    ours.save(path / "ours.keras")
    theirs.save(path / "theirs.keras")
    again = torchkeras.models.load_model(path / "ours.keras")
    if optimizer is not excluding:  # which no config holds
        assert_close(fit(again), fit(ours), 0, 0)
        assert_close(again.get_weights(), ours.get_weights(), 0, 0)
    crossed = [torchkeras.models.load_model(path / "theirs.keras"),
               keras.models.load_model(path / "ours.keras")]  # fmt: skip
    assert_close(crossed[0].optimizer.variables, theirs.optimizer.variables, 0, 0)
    assert_close(fit(crossed[0]), fit(crossed[1]), 1e-4, 1e-4)
