"""The old form of configs, against real Keras."""

import keras
import pytest

import torchkeras


def plain(x):
    return x


def subclass(k):
    class Mine(k.layers.Dense):
        pass

    return Mine


MADE = {
    "none": lambda k: None,
    "layer": lambda k: k.layers.Dense(3, activation="relu", name="d"),
    "optimizer": lambda k: k.optimizers.SGD(0.5, momentum=0.25),
    "regularizer": lambda k: k.regularizers.L1L2(0.5, 0.25),
    "function": lambda k: plain,
    "activation": lambda k: k.activations.relu,
    "lambda": lambda k: lambda x: x,
}


@pytest.mark.parametrize("name", MADE)
def test_serialize(name):
    ours, theirs = (k.legacy.saving.serialize_keras_object(MADE[name](k))
                    for k in (torchkeras, keras))  # fmt: skip
    assert ours == theirs


def test_serialize_names_an_own_class():
    for k in (keras, torchkeras):
        found = k.legacy.saving.serialize_keras_object(subclass(k)(2))
        assert found["class_name"] == "Mine" and found["config"]["units"] == 2


@pytest.mark.parametrize("value", [5, "x", [1]])
def test_serialize_refuses(value):
    for k in (keras, torchkeras):
        with pytest.raises(ValueError, match="get_config"):
            k.legacy.saving.serialize_keras_object(value)


@pytest.mark.parametrize(
    ("identifier", "known", "own"),
    [
        ({"class_name": "Dense", "config": {"units": 3, "activation": "relu"}}, True, None),
        ({"class_name": "Mine", "config": {"units": 3}}, False, {"Mine"}),
        ({"class_name": "Dense", "config": {"units": 3, "activation": "plain"}}, True, {"plain"}),
        (None, False, None),
        (plain, False, None),
    ],
    ids=["dense", "own", "own function", "none", "function"],
)
def test_deserialize(identifier, known, own):
    results = []
    for k in (torchkeras, keras):
        table = {"Dense": k.layers.Dense} if known else None
        mine = {"Mine": subclass(k), "plain": plain}
        custom = {name: mine[name] for name in own} if own else None
        given = dict(identifier) if isinstance(identifier, dict) else identifier
        if isinstance(given, dict):
            given["config"] = {**given["config"], "name": "a"}  # Keras changes it
        obj = k.legacy.saving.deserialize_keras_object(given, table, custom)
        mine = own == {"Mine"}
        config = obj.units if mine else getattr(obj, "get_config", lambda found=obj: found)()
        results.append((type(obj).__name__, config))
    assert results[0] == results[1]


def test_names_that_real_keras_cannot_look_up():
    """It fails on every string; documented is that a class comes back as an instance."""
    get = torchkeras.legacy.saving.deserialize_keras_object
    zeros = torchkeras.initializers.Zeros
    assert isinstance(get("zero", module_objects={"zero": zeros}), zeros)
    assert get("plain", custom_objects={"plain": plain}) is plain


@pytest.mark.parametrize(
    "identifier",
    ["Nope", {"class_name": "Nope", "config": {}}, {"config": {}}, {"class_name": "Dense"}, 5,
     ["a"], "number"],
    ids=str,
)  # fmt: skip
def test_deserialize_refuses(identifier):
    table = {"Dense": torchkeras.layers.Dense, "number": 5}
    with pytest.raises(ValueError, match=r"Unknown layer: |deserialize_keras_object: "):
        torchkeras.legacy.saving.deserialize_keras_object(
            identifier, table, printable_module_name="layer"
        )
