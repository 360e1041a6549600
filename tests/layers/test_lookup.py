"""serialize and deserialize of layers, against real Keras."""

import keras
import pytest

import torchkeras
from oracle import clear_names, normalise_config


@pytest.mark.parametrize("make", [
    lambda lib: lib.layers.Dense(3, activation="relu", name="d"),
    lambda lib: lib.layers.Bidirectional(lib.layers.LSTM(2)),
    lambda lib: lib.layers.Normalization(mean=1.0, variance=2.0),
    lambda lib: lib.layers.Discretization([1.0, 2.0]),
    lambda lib: lib.Sequential([lib.Input((2,)), lib.layers.Dense(3)]),
], ids=["Dense", "Bidirectional", "Normalization", "Discretization", "Sequential"])  # fmt: skip
def test_round_trip(make):
    clear_names()
    configs = [normalise_config(lib.layers.serialize(make(lib))) for lib in (torchkeras, keras)]
    for config in configs:
        config.pop("build_config", None), config.pop("compile_config", None)
    assert configs[0] == configs[1]
    for lib in (torchkeras, keras):
        for config in configs:
            clear_names()
            again = normalise_config(lib.layers.serialize(lib.layers.deserialize(config)))
            assert again["config"] == config["config"]


def test_custom_layers():
    class Mine(torchkeras.layers.Dense):
        pass

    config = torchkeras.layers.serialize(Mine(2))
    again = torchkeras.layers.deserialize(config, custom_objects={"Mine": Mine})
    assert type(again) is Mine
    with pytest.raises(ValueError, match="could not locate class 'Mine'"):
        torchkeras.layers.deserialize(config)


@pytest.mark.parametrize("config", [None, 3, "Dense", {"a": 1}], ids=str)
def test_no_config(config):
    with pytest.raises(ValueError, match="passed a `config` object"):
        keras.layers.deserialize(config)
    with pytest.raises(ValueError, match="config of a layer is needed"):
        torchkeras.layers.deserialize(config)


def test_config_of_a_loss():
    config = torchkeras.losses.serialize(torchkeras.losses.MeanSquaredError())
    with pytest.raises(ValueError, match="where a layer is accepted"):
        torchkeras.layers.deserialize(config)
