"""`from_config` and `layers.deserialize` read what Keras 1, Keras 2 and tf.keras wrote."""

import json

import keras
import numpy as np
import pytest

import torchkeras

L = torchkeras.layers
X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


def dense_1(name, units, **more):
    """An entry of Keras 1."""
    config = {"name": name, "output_dim": units, "init": "glorot_uniform", "activation": "linear"}
    return {"class_name": "Dense", "config": {**config, "bias": True, **more}}


def dense_2(name, units, **more):
    """An entry of Keras 2, and of tf.keras before 2.12."""
    config = {"name": name, "trainable": True, "units": units, "activation": "linear"}
    return {"class_name": "Dense", "config": {**config, "use_bias": True, **more}}


def graph_2(*names):
    source = {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False,
                   "name": "source"},
        "name": "source",
        "inbound_nodes": [],
    }  # fmt: skip
    layers, before = [source], "source"
    for name in names:
        layers.append({**dense_2(name, 3), "name": name, "inbound_nodes": [[[before, 0, 0, {}]]]})
        before = name
    return {
        "name": "model_1",
        "layers": layers,
        "input_layers": [["source", 0, 0]],
        "output_layers": [[before, 0, 0]],
    }


LISTS = {
    "keras 1": [dense_1("a", 3, batch_input_shape=[None, 4]), dense_1("b", 2)],
    "keras 2": [dense_2("a", 3, batch_input_shape=[None, 4]), dense_2("b", 2)],
}


@pytest.mark.parametrize("era", LISTS)
@pytest.mark.parametrize("wrap", [list, lambda layers: {"name": "s", "layers": layers}])
def test_sequential(era, wrap):
    before = json.dumps(LISTS[era])
    model = torchkeras.Sequential.from_config(wrap(LISTS[era]))
    assert json.dumps(LISTS[era]) == before
    assert type(model) is torchkeras.Sequential
    assert [layer.units for layer in model.layers] == [3, 2]
    assert model.output_shape == (None, 2) and model.count_params() == 23


def test_functional_with_a_model_within():
    outer = graph_2("a")
    outer["layers"].append(
        {
            "class_name": "Model",
            "config": graph_2("p", "q") | {"name": "inner"},
            "name": "inner",
            "inbound_nodes": [[["source", 0, 0, {}]]],
        }
    )
    outer["output_layers"] = [["a", 0, 0], ["inner", 1, 0]]
    model = torchkeras.Model.from_config(json.loads(json.dumps(outer)))
    assert [tuple(y.shape) for y in model(X)] == [(5, 3), (5, 3)]
    assert model.get_layer("inner").count_params() == 27
    again = torchkeras.Model.from_config(model.get_config())
    assert again.get_config() == model.get_config()


def test_a_subclass_of_the_program():
    class Mine(torchkeras.Model):
        pass

    model = Mine.from_config(graph_2("a"))
    assert type(model) is Mine and tuple(model(X).shape) == (5, 3)


def test_branches_at_the_begin():
    branch = {"class_name": "Sequential", "config": LISTS["keras 1"]}
    other = json.loads(json.dumps(branch).replace('"a"', '"c"').replace('"b"', '"d"'))
    merge = {"class_name": "Merge", "config": {"mode": "concat", "layers": [branch, other],
                                               "name": "m", "concat_axis": -1}}  # fmt: skip
    model = torchkeras.Sequential.from_config([merge, dense_1("e", 2)])
    assert tuple(model([X, X]).shape) == (5, 2)


def test_what_old_defaults_mean():
    gru = {"name": "g", "trainable": True, "units": 2, "recurrent_activation": "hard_sigmoid"}
    layer = L.deserialize({"class_name": "GRU", "config": gru})
    assert layer.reset_after is False
    assert layer.get_config()["recurrent_activation"] == "hard_sigmoid_legacy"


def test_an_entry_made_by_hand_is_of_today():
    layer = L.deserialize({"class_name": "GRU", "config": {"units": 2}})
    assert layer.reset_after is True
    config = L.GRU(2, recurrent_activation="hard_sigmoid").get_config()
    layer = L.deserialize({"class_name": "GRU", "config": config})
    assert layer.get_config()["recurrent_activation"] == "hard_sigmoid"
    gates = L.Dense(2, activation="hard_sigmoid")
    model = torchkeras.Sequential.from_config([L.serialize(gates)])  # a list, of today
    assert model.layers[0].get_config()["activation"] == "hard_sigmoid"


def test_custom_objects():
    class Twice(torchkeras.layers.Layer):
        def call(self, x):
            return 2 * x

    old = [dense_2("a", 3, batch_input_shape=[None, 4]), {"class_name": "Twice", "config": {}}]
    model = torchkeras.Sequential.from_config(old, custom_objects={"Twice": Twice})
    assert type(model.layers[-1]) is Twice
    entry = {"class_name": "Twice", "config": {"name": "t", "trainable": True}}
    assert type(L.deserialize(entry, {"Twice": Twice})) is Twice


@pytest.mark.parametrize("make", ["Sequential", "Functional"])
def test_configs_of_real_keras_3_are_left_alone(make):
    source = keras.Input((4,))
    out = keras.layers.Dense(3, activation="hard_sigmoid")(source)
    model = keras.Model(source, out)
    if make == "Sequential":
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "hard_sigmoid")])
    config = json.loads(json.dumps(model.get_config()))
    ours = getattr(torchkeras, "Model" if make == "Functional" else make).from_config(config)
    ours.set_weights(model.get_weights())
    assert ours.layers[-1].get_config()["activation"] == "hard_sigmoid"
    theirs = keras.ops.convert_to_numpy(model(X))
    np.testing.assert_allclose(ours(X).detach().numpy(), theirs, rtol=1e-5, atol=1e-6)
