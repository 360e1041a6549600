"""Configs in the forms of Keras 2.0 to 2.3 and of tf.keras before 2.12."""

import json

import numpy as np
import pytest

import torchkeras
from oracle import assert_close
from torchkeras.saving import ModelFileError
from torchkeras.saving.legacy.config import modernize

UNIFORM = {"class_name": "VarianceScaling", "config": {
    "scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None}}  # fmt: skip
CUT = {"class_name": "VarianceScaling", "config": {
    "scale": 1.0, "mode": "fan_avg", "distribution": "normal", "seed": None}}  # fmt: skip
ZEROS = {"class_name": "Zeros", "config": {}}
ORTHOGONAL = {"class_name": "Orthogonal", "config": {"gain": 1.0, "seed": None}}


def dense(name, units, kernel=UNIFORM, **more):
    return {"class_name": "Dense", "config": {
        "name": name, "trainable": True, "units": units, "activation": "linear", "use_bias": True,
        "kernel_initializer": kernel, "bias_initializer": ZEROS, "kernel_regularizer": None,
        "bias_regularizer": None, "activity_regularizer": None, "kernel_constraint": None,
        "bias_constraint": None, **more}}  # fmt: skip


def recurrent(kind, name, units, **more):
    config = {
        "name": name, "trainable": True, "return_sequences": False, "return_state": False,
        "go_backwards": False, "stateful": False, "unroll": False, "implementation": 1,
        "units": units, "activation": "tanh", "recurrent_activation": "hard_sigmoid",
        "use_bias": True, "kernel_initializer": UNIFORM, "recurrent_initializer": ORTHOGONAL,
        "bias_initializer": ZEROS, "dropout": 0.0, "recurrent_dropout": 0.0, **more}  # fmt: skip
    return {"class_name": kind, "config": config}


def source(name, *shape, **more):
    config = {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False,
              "name": name, **more}  # fmt: skip
    return {"name": name, "class_name": "InputLayer", "config": config, "inbound_nodes": []}


def at(entry, *calls):
    return {"name": entry["config"].get("name"), **entry, "inbound_nodes": list(calls)}


def functional(layers, inputs, outputs, kind="Model", **more):
    config = {"name": "model_1", "layers": layers,
              "input_layers": inputs, "output_layers": outputs}  # fmt: skip
    return {"class_name": kind, "config": config, **more}


def loaded(config, **more):
    return torchkeras.models.model_from_json(json.dumps(config), **more)


# ------------------------------------------------------------------------------- sequential


@pytest.mark.parametrize("version", ["2.0.8", "2.1.6", "2.1.6-tf", "2.2.4", "2.3.1", None])
def test_sequential_as_list_and_as_dict(version):
    layers = [dense("a", 3, batch_input_shape=[None, 4], dtype="float32"), dense("b", 2)]
    more = {"keras_version": version, "backend": "theano"} if version else {}
    for inner in (layers, {"name": "s", "layers": layers}):
        model = loaded({"class_name": "Sequential", "config": inner, **more})
        assert model.input_shape == (None, 4) and model.output_shape == (None, 2)
        assert model.inputs[0]._keras_history.operation.name == "a_input"
    assert model.name == "s"


def test_a_model_that_is_built_by_a_shape():
    shape = {"class_name": "TensorShape", "items": [None, 4]}
    config = {"name": "s", "layers": [dense("a", 3)], "build_input_shape": shape}
    model = loaded({"class_name": "Sequential", "config": config, "keras_version": "2.2.4-tf"})
    assert model.input_shape == (None, 4)


def test_tuples_and_shared_ids():
    layer = {"class_name": "Reshape", "config": {
        "name": "r", "target_shape": {"class_name": "__tuple__", "items": [2, 2]},
        "batch_input_shape": {"class_name": "__tuple__", "items": [None, 4]}},
        "shared_object_id": 3}  # fmt: skip
    model = loaded({"class_name": "Sequential", "config": {"layers": [layer]}})
    assert model.output_shape == (None, 2, 2)


def test_a_nested_model_comes_first():
    inner = {"class_name": "Sequential", "config": [dense("a", 3, batch_input_shape=[None, 4])]}
    model = loaded({"class_name": "Sequential", "config": [inner, dense("b", 2)]})
    assert model.input_shape == (None, 4) and model.count_params() == 15 + 8


def test_the_shape_of_a_bidirectional_layer_within():
    inner = recurrent("LSTM", "l", 2, batch_input_shape=[None, 3, 4])
    layer = {"class_name": "Bidirectional", "config": {"name": "b", "merge_mode": "concat",
                                                       "layer": inner}}  # fmt: skip
    assert loaded({"class_name": "Sequential", "config": [layer]}).output_shape == (None, 4)


# ------------------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("version", "scale"), [("2.1.6", 0.7737408), ("2.2.0", 1.0), ("2.0.8", 0.7737408)]
)
def test_normal_was_cut_off_without_correction(version, scale):
    new = modernize(dense("a", 3, CUT), version)["config"]["kernel_initializer"]
    assert new["class_name"] == "VarianceScaling"
    assert new["config"]["distribution"] == "truncated_normal"
    assert new["config"]["scale"] == pytest.approx(scale)
    assert modernize(dense("a", 3, new), version)["config"]["kernel_initializer"] == new
    torchkeras.initializers.get(new)((4, 3))


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ({"class_name": "GlorotUniformV2", "config": {"seed": 1, "dtype": "float32"}},
         "GlorotUniform"),
        ({"class_name": "ZerosV2", "config": {}}, "Zeros"),
        ({"class_name": "TruncatedNormalV1", "config": {"stddev": 0.1}}, "TruncatedNormal"),
        ({"class_name": "HeNormal", "config": {"seed": None}}, "HeNormal"),
        ({"class_name": "identity", "config": {"gain": 2.0}}, "Identity"),
        ("GlorotNormal", "GlorotNormal"),
        ("he_uniform", "HeUniform"),
    ],
)  # fmt: skip
def test_initializers(old, name):
    new = modernize(dense("a", 3, old), "2.2.4-tf")["config"]["kernel_initializer"]
    assert type(torchkeras.initializers.get(new)).__name__ == name


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("float16", "float16"),
        ({"class_name": "Policy", "config": {"name": "mixed_float16"}}, "mixed_float16"),
        ({"class_name": "PolicyV1", "config": {"name": "float32", "loss_scale": None}}, "float32"),
        ({"class_name": "Policy", "config": {"name": "infer"}}, "float32"),
        ("infer", "float32"),
    ],
)
def test_dtypes(old, expected):
    new = modernize(dense("a", 3, dtype=old), "2.1.6-tf")
    assert torchkeras.layers.deserialize(new).dtype_policy.name == expected


def test_regularizers_and_constraints():
    config = dense(
        "a", 3,
        kernel_regularizer={"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}},
        bias_regularizer={"class_name": "l2", "config": {"l": 0.5}},
        kernel_constraint={"class_name": "maxnorm", "config": {"m": 3, "axis": 0}},
        bias_constraint={"class_name": "MinMaxNorm", "config": {"low": 0.1, "high": 2.0}},
    )  # fmt: skip
    layer = torchkeras.layers.deserialize(modernize(config, "2.2.4"))
    assert layer.kernel_regularizer.get_config() == {"l1": 0.0, "l2": 0.5}
    assert layer.bias_regularizer.get_config() == {"l2": 0.5}
    assert layer.kernel_constraint.max_value == 3
    assert (layer.bias_constraint.min_value, layer.bias_constraint.max_value) == (0.1, 2.0)
    radial = dense("a", 3, kernel_constraint={"class_name": "RadialConstraint", "config": {}})
    with pytest.warns(UserWarning, match="RadialConstraint is left out"):
        modernize(radial, "2.3.0")


def test_gru_of_before_2_1_5():
    layer = torchkeras.layers.deserialize(modernize(recurrent("GRU", "g", 2), "2.1.0"))
    assert layer.reset_after is False
    kept = modernize(recurrent("GRU", "g", 2, reset_after=True), "2.3.1")
    assert kept["config"]["reset_after"] is True


@pytest.mark.parametrize("kind", ["CuDNNLSTM", "CuDNNGRU"])
def test_cudnn_layers(kind):
    config = recurrent(kind, "c", 2, batch_input_shape=[None, 3, 4])
    for key in ("activation", "recurrent_activation", "use_bias", "dropout", "recurrent_dropout",
                "unroll", "implementation"):  # fmt: skip
        del config["config"][key]
    layer = loaded({"class_name": "Sequential", "config": [config]}).layers[0]
    assert type(layer).__name__ == kind.removeprefix("CuDNN")
    assert layer.recurrent_activation is torchkeras.activations.sigmoid
    assert getattr(layer, "reset_after", True)


# ------------------------------------------------------------------------------- functional


def test_nodes_with_and_without_keywords():
    for call in (["in", 0, 0], ["in", 0, 0, {}], ["in", 0, 0, {"mask": None}]):
        layers = [source("in", 4), at(dense("a", 3), [call])]
        model = loaded(functional(layers, [["in", 0, 0]], [["a", 0, 0]]))
        assert model.output_shape == (None, 3)
        assert model.input is model.inputs[0]  # of a list of one, that one


def test_shared_layers_and_nested_models():
    inner = functional([source("i", 4), at(dense("d", 4), [["i", 0, 0, {}]])], [["i", 0, 0]],
                       [["d", 0, 0]])  # fmt: skip
    inner["config"]["name"] = "fun"
    row = {"class_name": "Sequential", "config": {
        "name": "row", "layers": [dense("r", 4, batch_input_shape=[None, 4])]}}  # fmt: skip
    layers = [
        source("in", 4),
        {"name": "fun", **inner, "inbound_nodes": [[["in", 0, 0, {}]], [["fun", 1, 0, {}]]]},
        {"name": "row", **row, "inbound_nodes": [[["fun", 2, 0, {}]]]},
        at(dense("a", 4), [["row", 1, 0, {}]], [["a", 0, 0, {}]]),
    ]
    model = loaded(functional(layers, [["in", 0, 0]], [["a", 1, 0], ["fun", 2, 0]]))
    x = np.ones((2, 4), "float32")
    fun, row, a = (model.get_layer(n) for n in ("fun", "row", "a"))
    first, second = model(x)
    assert_close(second, fun(fun(x)))
    assert_close(first, a(a(row(fun(fun(x))))))
    again = loaded(json.loads(model.to_json()))
    again.set_weights(model.get_weights())
    assert_close(again(x)[0], first)


def test_states_and_keywords_that_are_tensors():
    state = recurrent("LSTM", "one", 3, return_state=True)
    layers = [
        source("in", 5, 4),
        at(state, [["in", 0, 0, {}]]),
        at(recurrent("LSTM", "two", 3), [["in", 0, 0, {}], ["one", 0, 1, {}], ["one", 0, 2, {}]]),
        at(recurrent("LSTM", "three", 3),
           [["in", 0, 0, {"initial_state": [["one", 0, 1], ["one", 0, 2]], "training": False}]]),
    ]  # fmt: skip
    model = loaded(functional(layers, [["in", 0, 0]], [["two", 0, 0], ["three", 0, 0]]))
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    one, two, three = model.layers[1:]
    states = one(x)[1:]
    assert_close(model(x)[0], two(x, initial_state=list(states)))
    assert_close(model(x)[1], three(x, initial_state=list(states)))


def test_dicts_of_inputs_and_outputs():
    layers = [source("p", 4), source("q", 4), at({"class_name": "Add", "config": {"name": "add"}},
                                                 [["p", 0, 0, {}], ["q", 0, 0, {}]])]  # fmt: skip
    config = functional(layers, {"x": ["p", 0, 0], "y": ["q", 0, 0]}, {"z": ["add", 0, 0]},
                        kind="Functional", keras_version="2.11.0")  # fmt: skip
    model = loaded(config)
    ones = np.ones((1, 4), "float32")
    assert float(model({"x": ones, "y": ones})["z"].sum()) == 8


@pytest.mark.parametrize("kind", ["Model", "Functional", "Network", "Container"])
def test_names_of_functional_models(kind):
    layers = [source("in", 4), at(dense("a", 3), [["in", 0, 0, {}]])]
    model = loaded(functional(layers, [["in", 0, 0]], [["a", 0, 0]], kind))
    assert type(model).__name__ == "Functional"


def test_a_subclass_of_the_program():
    class Mine(torchkeras.Model):
        pass

    layers = [source("in", 4), at(dense("a", 3), [["in", 0, 0, {}]])]
    config = functional(layers, [["in", 0, 0]], [["a", 0, 0]], "Mine", keras_version="2.4.0")
    model = loaded(config, custom_objects={"Mine": Mine})
    assert type(model) is Mine and model.output_shape == (None, 3)


def test_a_user_s_layer_gets_its_own_arguments():
    @torchkeras.saving.register_keras_serializable("old")
    class Twice(torchkeras.layers.Layer):
        def __init__(self, inner=None, activation=None, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.activation = inner, activation

        def call(self, inputs):
            return 2 * inputs

    config = {"name": "t", "trainable": True, "batch_input_shape": [None, 4], "dtype": "float32",
              "inner": dense("d", 2), "activation": "hard_sigmoid"}  # fmt: skip
    layer = {"class_name": "old>Twice", "config": config}
    model = loaded({"class_name": "Sequential", "config": [layer], "keras_version": "2.6.0"})
    assert model.input_shape == (None, 4)
    assert model.layers[0].inner["module"] == "keras.layers"
    assert model.layers[0].activation == "hard_sigmoid_legacy"


TEXT = [
    ("Hashing", {"num_bins": 5, "salt": None, "mask_value": None, "output_mode": "int",
                 "sparse": False, "dtype": "int64"}),
    ("HashedCrossing", {"num_bins": 5, "output_mode": "int", "sparse": False, "dtype": "int64"}),
    ("StringLookup", {"invert": False, "max_tokens": None, "num_oov_indices": 1,
                      "oov_token": "[UNK]", "mask_token": None, "output_mode": "int",
                      "sparse": False, "pad_to_max_tokens": False, "idf_weights": None,
                      "vocabulary": ["a"], "vocabulary_size": 2, "encoding": "utf-8",
                      "dtype": "int64"}),
    ("TextVectorization", {"max_tokens": None, "standardize": "lower_and_strip_punctuation",
                           "split": "whitespace", "ngrams": None, "output_mode": "int",
                           "output_sequence_length": 4, "pad_to_max_tokens": False,
                           "sparse": False, "ragged": False, "vocabulary": None,
                           "idf_weights": None, "encoding": "utf-8", "vocabulary_size": 2,
                           "dtype": "string"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "config"), TEXT)
def test_layers_of_strings(name, config):
    entry = {"class_name": name, "config": {"name": "t", "trainable": True, **config}}
    layer = torchkeras.layers.deserialize(modernize(entry, "2.15.0"))
    assert type(layer).__name__ == name
    for key in ("num_bins", "output_mode", "output_sequence_length"):
        assert layer.get_config().get(key) == config.get(key)


# ------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([source("in", 4), at(dense("a", 3), [["no", 0, 0, {}]])], "there is no layer 'no'"),
        ([source("in", 4), at(dense("a", 3), [["in", -1, 0, {}]])], "must be \\[layer, call"),
        ([source("in", 4), at(dense("a", 3), [["in", 0]])], "must be \\[layer, call, output\\]"),
        ([source("in", 4, ragged=True), at(dense("a", 3), [["in", 0, 0]])], "ragged inputs"),
        ([source("in", 4), at(recurrent("LSTM", "a", 2, time_major=True), [["in", 0, 0]])],
         "time_major is no argument any more"),
        ([source("in", 4), at({"class_name": "DenseFeatures", "config": {"name": "a"}},
                              [["in", 0, 0]])], "DenseFeatures cannot be read"),
        ([source("in", 4), at({"class_name": "BatchNormalization", "config": {
            "name": "a", "axis": [1, 2]}}, [["in", 0, 0]])], "one axis is accepted"),
        ([source("in", 4), at({"class_name": "BatchNormalization", "config": {
            "name": "a", "virtual_batch_size": 4}}, [["in", 0, 0]])], "virtual_batch_size"),
    ],
)  # fmt: skip
def test_refused(layers, message):
    with pytest.raises(ModelFileError, match=message) as e:
        loaded(functional(layers, [["in", 0, 0]], [["a", 0, 0]]))
    assert e.value.where.startswith("config.layers[")


def test_a_user_s_layer_makes_no_config_old():
    @torchkeras.saving.register_keras_serializable("new")
    class Init(torchkeras.layers.Layer):
        def __init__(self, init="x", batch_input_shape=None, **kwargs):
            super().__init__(**kwargs)
            self.init, self.batch_input_shape = init, batch_input_shape

        def call(self, inputs):
            return inputs

    model = torchkeras.Sequential([torchkeras.Input((4,)), Init()])
    config = json.loads(model.to_json())
    assert {"init", "batch_input_shape"} <= set(config["config"]["layers"][1]["config"])
    assert modernize(config) is config


def test_keras_3_is_left_alone():
    model = torchkeras.Sequential([torchkeras.Input((4,)), torchkeras.layers.Dense(2)])
    config = json.loads(model.to_json())
    assert modernize(config) is config
    assert modernize(config, "3.0.0") is config
    preview = {"module": "keras_core", "class_name": "Sequential", "config": {"layers": []}}
    assert modernize(preview, "0.1.7") is preview
