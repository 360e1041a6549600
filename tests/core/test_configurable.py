"""Configs derived from the signature of `__init__`."""

import keras
import pytest

import torchkeras
from oracle import clear_names, normalise_config
from torchkeras.core.configurable import Configurable, init_parameters


class Base(Configurable):
    _config_root = True

    def __init__(self, name="base", seed=None, **kwargs):
        self.name, self.seed = name, seed


class Child(Base):
    def __init__(self, units, *, scale=2.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.scale = units, scale


def test_parameters_through_the_bases():
    assert init_parameters(Child) == {"units": None, "scale": 2.0, "name": "base", "seed": None}

    class Closed(Child):
        def __init__(self, units=3):
            super().__init__(units)

    assert init_parameters(Closed) == {"units": 3}

    class Mixin:
        _config_mixin = True

        def __init__(self):
            pass

    class Mixed(Mixin, Child):
        pass

    assert init_parameters(Mixed) == init_parameters(Child)


def test_attributes_and_arguments():
    obj = Child(3, seed=4)
    assert obj.get_config() == {"units": 3, "scale": 2.0, "name": "base", "seed": 4}
    obj.scale = 5.0
    assert obj.get_config()["scale"] == 2.0  # a user's class: what it was made with
    assert obj.bound_arguments()["units"] == 3
    again = Child.from_config(obj.get_config())
    assert again.get_config() == obj.get_config()

    class Nameless(Child):
        def __init__(self, hidden, **kwargs):
            super().__init__(**kwargs)

    assert Nameless(7, units=1).get_config()["hidden"] == 7


def test_builtins_tell_their_present_attributes():
    layer = torchkeras.layers.Dropout(0.5)
    layer.rate = 0.25
    assert layer.get_config()["rate"] == 0.25


def test_skipped_quiet_and_overridden():
    class Own(Child):
        config_skip = frozenset({"seed"})
        config_quiet = frozenset({"scale"})

        def _config_overrides(self):
            return {"units": self.units * 2}

    assert Own(3).get_config() == {"units": 6, "name": "base"}
    assert Own(3, scale=1.0).get_config() == {"units": 6, "scale": 1.0, "name": "base"}

    class More(Own):
        config_skip = frozenset({"name"})

        def __init__(self, extra=(1, 2), **kwargs):
            super().__init__(**kwargs)
            self.extra = extra

    assert More(units=1).get_config() == {"extra": (1, 2), "units": 2}  # of all bases together


def test_a_users_get_config_answers_for_its_own_class():
    class Mine(Child):
        def __init__(self, a, b=2, **kwargs):
            super().__init__(**kwargs)
            self.a = a

        def get_config(self):
            return {**super().get_config(), "a": self.a}

    config = Mine(1, units=3, name="m").get_config()
    assert config == {"units": 3, "scale": 2.0, "name": "m", "seed": None, "a": 1}


def test_values_are_ready_for_json():
    obj = Child(torchkeras.regularizers.L2(0.5), scale=torchkeras.activations.relu)
    config = normalise_config(obj.get_config())
    assert config["units"]["class_name"] == "L2" and config["scale"] == "relu"


def own_layer(k):
    class Own(k.layers.Layer):
        def __init__(self, units, activation="relu", factor=1.5, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.activation = k.activations.get(activation)

    return Own


LAYERS = {
    "plain": lambda k: type("Plain", (k.layers.Layer,), {})(name="x"),
    "arguments": lambda k: own_layer(k)(3, name="x"),
    "keywords": lambda k: own_layer(k)(units=3, factor=2, trainable=False, name="x"),
    "objects": lambda k: own_layer(k)(3, k.activations.tanh, k.regularizers.L2(0.5), name="x"),
    "dtype": lambda k: own_layer(k)(3, dtype="mixed_bfloat16", name="x"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_configs_of_users_layers_like_keras(name):
    configs = []
    for k in (torchkeras, keras):
        clear_names()
        layer = LAYERS[name](k)
        try:
            configs.append(normalise_config(layer.get_config()))
        except NotImplementedError:
            configs.append(None)  # Keras asks for a get_config() where an argument is an object
    if configs[1] is not None:
        assert configs[0] == configs[1]
    assert type(layer).from_config is not None
