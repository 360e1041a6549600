"""Optimizers by name, class and config."""

import copy
import json

import keras
import pytest
from optimizers.names import METHODS

from torchkeras import optimizers
from torchkeras.core.serialize import custom_object_scope

READ = [name for name in METHODS if name != "Lamb"]  # which real Keras's own table leaves out


@pytest.mark.parametrize("name", METHODS)
def test_by_name(name):
    cls = getattr(optimizers, name)
    for spelled in (name, name.lower(), name.upper()):
        assert type(optimizers.get(spelled)) is cls
        if name in READ:
            assert type(keras.optimizers.get(spelled)).__name__ == name
    assert type(optimizers.get(cls)) is cls
    made = cls()
    assert optimizers.get(made) is made
    assert optimizers.get(None) is None


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("schedule", [False, True])
def test_configs_go_both_ways(name, schedule):
    """Real Keras writes the module of its backend's class; each reads the other's."""
    made = []
    for module in (optimizers, keras.optimizers):
        rate = module.schedules.CosineDecay(0.1, 10) if schedule else 0.25
        made.append(getattr(module, name)(rate, clipnorm=2.0, name="mine"))
    ours, theirs = made
    config = json.loads(json.dumps(optimizers.serialize(ours)))
    assert (config["module"], config["class_name"]) == ("keras.optimizers", name)
    # a copy: real Keras changes the config that it reads
    assert keras.optimizers.deserialize(copy.deepcopy(config)).get_config() == theirs.get_config()
    again = optimizers.deserialize(json.loads(json.dumps(keras.optimizers.serialize(theirs))))
    assert type(again) is type(ours)
    assert again.get_config() == ours.get_config() == theirs.get_config()
    assert optimizers.get(config).get_config() == ours.get_config()


def test_short_configs():
    for class_name in ("SGD", "sgd"):
        made = optimizers.get({"class_name": class_name, "config": {"momentum": 0.5}})
        assert made.momentum == 0.5
    assert type(optimizers.deserialize({"class_name": "Adam"})) is optimizers.Adam


def test_own_class():
    class Mine(optimizers.SGD):
        pass

    config = optimizers.serialize(Mine(0.5))
    with custom_object_scope({"Mine": Mine}):
        assert type(optimizers.deserialize(config)) is Mine
        assert type(optimizers.get("Mine")) is Mine
    assert type(optimizers.deserialize(config, {"Mine": Mine})) is Mine


@pytest.mark.parametrize("identifier", ["adem", "nope", 3, 2.5, ["adam"]])
def test_unknown(identifier):
    with pytest.raises(ValueError, match="optimizer"):
        optimizers.get(identifier)


def test_near_names():
    with pytest.raises(ValueError, match="Did you mean 'adam'"):
        optimizers.get("adem")


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="is a schedule, where"):
        optimizers.deserialize(
            {
                "module": "keras.optimizers.schedules",
                "class_name": "ExponentialDecay",
                "config": {"initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 1.0},
            }
        )
