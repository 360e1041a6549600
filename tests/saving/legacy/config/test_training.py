"""`training_config` of Keras 1 and 2 (real ones of tf.keras are in test_tfkeras.py)."""

import numpy as np
import pytest
import torch

import torchkeras
from torchkeras.saving import ModelFileError
from torchkeras.saving.legacy.config import modernize_training

OPTIMIZERS_1 = {
    "SGD": {"lr": 0.5, "momentum": 0.9, "decay": 0.0, "nesterov": True},
    "RMSprop": {"lr": 0.5, "rho": 0.8, "epsilon": 1e-8, "decay": 0.0},
    "Adagrad": {"lr": 0.5, "epsilon": 1e-8, "decay": 0.0},
    "Adadelta": {"lr": 0.5, "rho": 0.8, "epsilon": 1e-8, "decay": 0.0},
    "Adam": {"lr": 0.5, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-8, "decay": 0.0},
    "Adamax": {"lr": 0.5, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-8, "decay": 0.0},
    "Nadam": {"lr": 0.5, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-8, "schedule_decay": 0.004},
}


def made(config, version="1.2.2", backend=None):
    model = torchkeras.Sequential([torchkeras.Input((4,)), torchkeras.layers.Dense(3)])
    model.compile_from_config(modernize_training(config, version, backend))
    return model


def config(name, arguments, loss="mse", **more):
    optimizer = {"class_name": name, "config": arguments}
    return {"optimizer_config": optimizer, "loss": loss, "metrics": [], "loss_weights": None,
            "sample_weight_mode": None, **more}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS_1)
@pytest.mark.parametrize("version", ["1.2.2", "2.2.4"])
def test_optimizers(name, version):
    model = made(config(name, OPTIMIZERS_1[name]), version)
    optimizer = model.optimizer
    assert type(optimizer) is getattr(torchkeras.optimizers, name)
    assert float(optimizer.learning_rate) == 0.5
    for key in ("momentum", "rho", "beta_1", "beta_2", "epsilon", "nesterov"):
        if key in OPTIMIZERS_1[name]:
            assert getattr(optimizer, key) == OPTIMIZERS_1[name][key]
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 3)))


def test_accumulators_of_adagrad_began_at_zero():
    optimizer = made(config("Adagrad", OPTIMIZERS_1["Adagrad"])).optimizer
    assert optimizer.initial_accumulator_value == 0.0
    kept = {"learning_rate": 0.5, "initial_accumulator_value": 0.3, "decay": 0.0, "epsilon": 1e-7}
    optimizer = made(config("Adagrad", kept), "2.2.4-tf").optimizer
    assert optimizer.initial_accumulator_value == 0.3


def test_decay_goes_on():
    arguments = {"lr": 1.0, "momentum": 0.0, "decay": 1.0, "nesterov": False}
    found = modernize_training(config("SGD", arguments), "1.2.2")
    optimizer = torchkeras.optimizers.deserialize(found["optimizer"])
    w = torch.nn.Parameter(torch.zeros(()))
    for rate in (1.0, 1 / 2, 1 / 3):
        before = w.detach().clone()
        optimizer.apply([torch.ones(())], [w])
        assert float(before - w) == pytest.approx(rate)
    again = torchkeras.optimizers.deserialize(torchkeras.optimizers.serialize(optimizer))
    assert again.get_config()["decay"] == 1.0


@pytest.mark.parametrize(
    ("version", "one", "all_"), [("1.2.2", None, 2.0), ("2.3.1", None, 2.0), ("2.4.0", 2.0, None)]
)
def test_clipnorm_was_that_of_all_gradients(version, one, all_):
    arguments = {**OPTIMIZERS_1["Adam"], "clipnorm": 2.0}
    optimizer = made(config("Adam", arguments), version).optimizer
    assert (optimizer.clipnorm, optimizer.global_clipnorm) == (one, all_)


def test_defaults_of_then():
    assert float(made(config("Adadelta", {})).optimizer.learning_rate) == 1.0
    assert made(config("Adam", {"epsilon": None}), "2.2.4").optimizer.epsilon == 1e-7


def test_losses_and_metrics_of_outputs():
    config_ = config("SGD", {"lr": 0.1}, loss={"a": "cosine_proximity", "b": "kld"},
                     metrics={"a": ["acc", "mae"]}, loss_weights={"a": 1.0, "b": 0.5})  # fmt: skip
    x = torchkeras.Input((4,))
    outputs = [torchkeras.layers.Dense(3, "softmax", name=n)(x) for n in "ab"]
    model = torchkeras.Model(x, outputs)
    model.compile_from_config(modernize_training(config_, "2.0.8"))
    y = np.full((2, 3), 1 / 3)
    logs = model.train_on_batch(np.ones((2, 4)), [y, y], return_dict=True)
    assert {"loss", "a_acc", "a_mae"} <= set(logs)


def test_metrics_of_keras_1_that_are_gone():
    with pytest.warns(UserWarning, match="the metric 'fmeasure' of Keras 1 is left out"):
        found = modernize_training(config("SGD", {}, metrics=["acc", "fmeasure"]), "1.2.2")
    assert found["metrics"] == ["acc"]


def test_loss_scales():
    inner = {"class_name": "Adam", "config": {"learning_rate": 0.1, "epsilon": 1e-7}}
    scaled = {"inner_optimizer": inner, "dynamic": True, "initial_scale": 1024.0,
              "dynamic_growth_steps": 10}  # fmt: skip
    optimizer = made(config("LossScaleOptimizer", scaled), "2.11.0").optimizer
    assert optimizer.initial_scale == 1024.0 and optimizer.dynamic_growth_steps == 10
    assert type(optimizer.inner_optimizer) is torchkeras.optimizers.Adam


def test_an_optimizer_of_tensorflow_is_left_out():
    with pytest.warns(UserWarning, match="an optimizer of TensorFlow 1 is left out"):
        assert modernize_training(config("TFOptimizer", {}), "2.2.4") is None


def test_what_keras_3_wrote_is_kept():
    given = {"optimizer_config": {"class_name": "Adam", "config": {"clipnorm": 1.0}}, "loss": "mse"}
    found = modernize_training(given, "3.1.0")
    assert found["optimizer"]["config"] == {"clipnorm": 1.0}


def test_twice_is_once():
    for name, arguments in OPTIMIZERS_1.items():
        once = modernize_training(config(name, {**arguments, "clipnorm": 1.0}), "2.2.4")
        assert modernize_training(once, "2.2.4") == once


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (5, "the config of training must be a dict"),
        ({"optimizer_config": {"class_name": 5}}, "class_name must be a string"),
        ({"optimizer_config": {"class_name": "SGD", "config": 5}}, "config must be a dict"),
        (config("SGD", {}, metrics=[{"class_name": "MeanMetricWrapper", "config": {"fn": 1}}]),
         "fn of a metric must be the name"),
    ],
)  # fmt: skip
def test_malformed(bad, message):
    with pytest.raises(ModelFileError, match=message) as e:
        modernize_training(bad, "2.2.4")
    assert e.value.where.startswith("training_config")
