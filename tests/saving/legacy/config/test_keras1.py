"""Configs in the form of Keras 1.2.2, of every layer it had: signatures of its constructors."""

import copy
import json
import warnings

import numpy as np
import pytest

import torchkeras
from oracle import assert_close
from torchkeras import layers as L
from torchkeras.core.legacy_positions import POSITIONS
from torchkeras.saving import ModelFileError, UnsafeModelError
from torchkeras.saving.legacy.config import modernize

legacy = L.legacy

# Defaults of Keras 1.2.2 by argument, and what a layer has otherwise.
DEFAULTS = {
    "init": "glorot_uniform", "inner_init": "orthogonal", "forget_bias_init": "one",
    "activation": "linear", "inner_activation": "hard_sigmoid", "border_mode": "valid",
    "subsample": [1, 1], "subsample_length": 1, "dim_ordering": "tf", "bias": True,
    "W_regularizer": None, "b_regularizer": None, "U_regularizer": None,
    "activity_regularizer": None, "W_constraint": None, "b_constraint": None, "dropout_W": 0.0,
    "dropout_U": 0.0, "depthwise_regularizer": None, "pointwise_regularizer": None,
    "depthwise_constraint": None, "pointwise_constraint": None, "mask_zero": False,
    "input_dim": None, "input_length": None, "depth_multiplier": 1, "atrous_rate": [1, 1],
}  # fmt: skip
L2 = {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.25}
NORM = {"name": "MaxNorm", "m": 3, "axis": 0}
PENALTY = torchkeras.regularizers.L1L2(0.0, 0.25)
WITHIN = torchkeras.constraints.MaxNorm(3)
NORMAL = torchkeras.initializers.VarianceScaling(1.0, "fan_avg", "untruncated_normal")
HE = torchkeras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")
GAIN = torchkeras.initializers.Orthogonal(1.1)
OLD = "hard_sigmoid_legacy"
RECURRENT = {"input_dim": 2, "consume_less": "gpu", "unroll": False, "stateful": False,
             "return_sequences": False, "go_backwards": False, "activation": "tanh"}  # fmt: skip

# (class, what differs from the defaults, the layer of today)
CASES = [
    ("Masking", {"mask_value": 0.5}, lambda: L.Masking(0.5)),
    ("Dropout", {"p": 0.3}, lambda: L.Dropout(0.3)),
    ("SpatialDropout1D", {"p": 0.3}, lambda: L.SpatialDropout1D(0.3)),
    ("SpatialDropout2D", {"p": 0.3, "dim_ordering": "th"},
     lambda: L.SpatialDropout2D(0.3, data_format="channels_first")),
    ("SpatialDropout3D", {"p": 0.3}, lambda: L.SpatialDropout3D(0.3, data_format="channels_last")),
    ("Activation", {"activation": "relu"}, lambda: L.Activation("relu")),
    ("Activation", {"activation": "hard_sigmoid"}, lambda: L.Activation(OLD)),
    ("Reshape", {"target_shape": [2, 3]}, lambda: L.Reshape((2, 3))),
    ("Permute", {"dims": [2, 1]}, lambda: L.Permute((2, 1))),
    ("Flatten", {}, lambda: L.Flatten()),
    ("RepeatVector", {"n": 3}, lambda: L.RepeatVector(3)),
    ("Dense", {"output_dim": 3}, lambda: L.Dense(3)),
    ("Dense", {"output_dim": 3, "init": "glorot_normal", "activation": "tanh",
               "W_regularizer": L2, "b_regularizer": L2, "activity_regularizer": {
                   "name": "ActivityRegularizer", "l1": 0.0, "l2": 0.25},
               "W_constraint": NORM, "b_constraint": {"name": "NonNeg"}, "bias": True,
               "input_dim": 4},
     lambda: L.Dense(3, "tanh", kernel_initializer=NORMAL, kernel_regularizer=PENALTY,
                     bias_regularizer=PENALTY, activity_regularizer=PENALTY,
                     kernel_constraint=WITHIN, bias_constraint="non_neg")),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, lambda: L.ActivityRegularization(0.1, 0.2)),
    ("MaxoutDense", {"output_dim": 3, "nb_feature": 2, "init": "uniform", "bias": False},
     lambda: legacy.MaxoutDense(3, 2, use_bias=False, kernel_initializer="random_uniform")),
    ("Highway", {"activation": "relu", "W_constraint": NORM},
     lambda: legacy.Highway("relu", kernel_constraint=WITHIN)),
    ("TimeDistributedDense", {"output_dim": 3, "input_length": 4, "init": "normal"},
     lambda: L.Dense(3, kernel_initializer="random_normal")),
    ("Convolution1D", {"nb_filter": 3, "filter_length": 2, "subsample_length": 2,
                       "border_mode": "same", "init": "he_normal", "input_dim": 5},
     lambda: L.Conv1D(3, 2, strides=2, padding="same", kernel_initializer=HE)),
    ("AtrousConvolution1D", {"nb_filter": 3, "filter_length": 2, "atrous_rate": 2},
     lambda: L.Conv1D(3, 2, dilation_rate=2)),
    ("Convolution2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 4, "subsample": [2, 1],
                       "b_regularizer": L2, "bias": True},
     lambda: L.Conv2D(3, (2, 4), strides=(2, 1), bias_regularizer=PENALTY)),
    ("Convolution2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 4, "dim_ordering": "th",
                       "bias": False, "init": "zero"},
     lambda: L.Conv2D(3, (2, 4), data_format="channels_first", use_bias=False,
                      kernel_initializer="zeros")),
    ("Deconvolution2D", {"nb_filter": 3, "nb_row": 3, "nb_col": 3, "subsample": [2, 2],
                         "output_shape": [None, 7, 9, 3]},
     lambda: L.Conv2DTranspose(3, 3, strides=2)),
    ("Deconvolution2D", {"nb_filter": 3, "nb_row": 3, "nb_col": 3, "subsample": [2, 2],
                         "output_shape": [None, 8, 9, 3]},
     lambda: L.Conv2DTranspose(3, 3, strides=2, output_padding=(1, 0))),
    ("Deconvolution2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 2, "border_mode": "same",
                         "output_shape": [None, 3, 8, 8], "subsample": [2, 2],
                         "dim_ordering": "th"},
     lambda: L.Conv2DTranspose(3, 2, strides=2, padding="same", data_format="channels_first")),
    ("AtrousConvolution2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 2, "atrous_rate": [2, 3]},
     lambda: L.Conv2D(3, 2, dilation_rate=(2, 3))),
    ("SeparableConvolution2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 2, "init": "he_uniform",
                                "depth_multiplier": 2, "pointwise_constraint": NORM},
     lambda: L.SeparableConv2D(3, 2, depth_multiplier=2, depthwise_initializer="he_uniform",
                               pointwise_initializer="he_uniform", pointwise_constraint=WITHIN)),
    ("Convolution3D", {"nb_filter": 3, "kernel_dim1": 1, "kernel_dim2": 2, "kernel_dim3": 3,
                       "subsample": [1, 2, 1]},
     lambda: L.Conv3D(3, (1, 2, 3), strides=(1, 2, 1))),
    ("UpSampling1D", {"length": 3}, lambda: L.UpSampling1D(3)),
    ("UpSampling2D", {"size": [2, 3]}, lambda: L.UpSampling2D((2, 3))),
    ("UpSampling3D", {"size": [2, 3, 1], "dim_ordering": "th"},
     lambda: L.UpSampling3D((2, 3, 1), data_format="channels_first")),
    ("ZeroPadding1D", {"padding": 2}, lambda: L.ZeroPadding1D(2)),
    ("ZeroPadding1D", {"padding": {"left_pad": 1, "right_pad": 2}},
     lambda: L.ZeroPadding1D((1, 2))),
    ("ZeroPadding2D", {"padding": [1, 2]}, lambda: L.ZeroPadding2D((1, 2))),
    ("ZeroPadding2D", {"padding": {"top_pad": 1, "right_pad": 3}},
     lambda: L.ZeroPadding2D(((1, 0), (0, 3)))),
    ("ZeroPadding3D", {"padding": [1, 2, 1]}, lambda: L.ZeroPadding3D((1, 2, 1))),
    ("Cropping1D", {"cropping": [1, 2]}, lambda: L.Cropping1D((1, 2))),
    ("Cropping2D", {"cropping": [[1, 0], [0, 2]]}, lambda: L.Cropping2D(((1, 0), (0, 2)))),
    ("Cropping3D", {"cropping": [[1, 1], [0, 1], [1, 0]]},
     lambda: L.Cropping3D(((1, 1), (0, 1), (1, 0)))),
    ("MaxPooling1D", {"pool_length": 3, "stride": None}, lambda: L.MaxPooling1D(3)),
    ("AveragePooling1D", {"pool_length": 2, "stride": 1, "border_mode": "same"},
     lambda: L.AveragePooling1D(2, 1, "same")),
    ("MaxPooling2D", {"pool_size": [2, 3], "strides": [1, 1]}, lambda: L.MaxPooling2D((2, 3), 1)),
    ("AveragePooling2D", {"pool_size": [2, 2], "strides": [2, 2], "dim_ordering": "th"},
     lambda: L.AveragePooling2D(2, 2, data_format="channels_first")),
    ("MaxPooling3D", {"pool_size": [2, 1, 2], "strides": [1, 1, 1], "border_mode": "same"},
     lambda: L.MaxPooling3D((2, 1, 2), 1, "same")),
    ("AveragePooling3D", {"pool_size": [2, 2, 2], "strides": [2, 2, 2]},
     lambda: L.AveragePooling3D(2, 2)),
    ("LocallyConnected1D", {"nb_filter": 3, "filter_length": 2, "subsample_length": 2},
     lambda: legacy.LocallyConnected1D(3, 2, strides=2)),
    ("LocallyConnected2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 3, "subsample": [1, 2],
                            "dim_ordering": "th", "activation": "relu"},
     lambda: legacy.LocallyConnected2D(3, (2, 3), (1, 2), data_format="channels_first",
                                       activation="relu")),
    ("SimpleRNN", {**RECURRENT, "output_dim": 3, "U_regularizer": L2, "dropout_W": 0.1},
     lambda: L.SimpleRNN(3, recurrent_initializer=GAIN, recurrent_regularizer=PENALTY,
                         dropout=0.1)),
    ("GRU", {**RECURRENT, "output_dim": 3, "dropout_U": 0.2, "return_sequences": True},
     lambda: L.GRU(3, recurrent_activation=OLD, recurrent_initializer=GAIN, reset_after=False,
                   recurrent_dropout=0.2, return_sequences=True)),
    ("LSTM", {**RECURRENT, "output_dim": 3, "go_backwards": True, "inner_init": "glorot_normal"},
     lambda: L.LSTM(3, recurrent_activation=OLD, recurrent_initializer=NORMAL,
                    go_backwards=True)),
    ("LSTM", {**RECURRENT, "output_dim": 3, "forget_bias_init": "zero",
              "inner_activation": "sigmoid"},
     lambda: L.LSTM(3, recurrent_initializer=GAIN, unit_forget_bias=False)),
    ("ConvLSTM2D", {"nb_filter": 2, "nb_row": 3, "nb_col": 2, "border_mode": "same",
                    "activation": "tanh", "return_sequences": True},
     lambda: L.ConvLSTM2D(2, (3, 2), padding="same", recurrent_activation=OLD,
                          recurrent_initializer=GAIN, return_sequences=True)),
    ("Embedding", {"input_dim": 9, "output_dim": 3, "init": "uniform", "input_length": 4,
                   "mask_zero": True, "W_constraint": {"name": "UnitNorm", "axis": 0},
                   "dropout": 0.0, "input_dtype": "int32"},
     lambda: L.Embedding(9, 3, "random_uniform", mask_zero=True,
                         embeddings_constraint=torchkeras.constraints.UnitNorm(0))),
    ("BatchNormalization", {"epsilon": 1e-5, "mode": 0, "axis": 1, "momentum": 0.9,
                            "beta_init": "zero", "gamma_init": "one", "gamma_regularizer": L2,
                            "beta_regularizer": None},
     lambda: L.BatchNormalization(1, 0.9, 1e-5, gamma_regularizer=PENALTY)),
    ("BatchNormalization", {"epsilon": 1e-5, "mode": 2, "axis": -1, "momentum": 0.9,
                            "gamma_regularizer": None, "beta_regularizer": None},
     lambda: legacy.ModalBatchNormalization(2, -1, 0.9, 1e-5)),
    ("GaussianNoise", {"sigma": 0.2}, lambda: L.GaussianNoise(0.2)),
    ("GaussianDropout", {"p": 0.2}, lambda: L.GaussianDropout(0.2)),
    ("LeakyReLU", {"alpha": 0.2}, lambda: L.LeakyReLU(0.2)),
    ("PReLU", {"init": "one", "shared_axes": [1]}, lambda: L.PReLU("ones", shared_axes=[1])),
    ("ELU", {"alpha": 0.5}, lambda: L.ELU(0.5)),
    ("ParametricSoftplus", {"alpha_init": 0.3, "beta_init": 4.0, "shared_axes": None},
     lambda: legacy.ParametricSoftplus(0.3, 4.0)),
    ("ThresholdedReLU", {"theta": 0.5}, lambda: legacy.ThresholdedReLU(0.5)),
    ("SReLU", {"t_left_init": "zero", "a_left_init": "glorot_uniform", "t_right_init": "uniform",
               "a_right_init": "one", "shared_axes": [1]},
     lambda: legacy.SReLU(t_right_initializer="random_uniform", shared_axes=[1])),
    ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {
        "output_dim": 3, "init": "he_normal", "activation": "relu", "bias": True, "name": "in"}}},
     lambda: L.TimeDistributed(L.Dense(3, "relu", kernel_initializer=HE, name="in"))),
    ("Bidirectional", {"merge_mode": "sum", "layer": {"class_name": "GRU", "config": {
        **RECURRENT, "output_dim": 2, "name": "g", "inner_activation": "hard_sigmoid",
        "inner_init": "orthogonal"}}},
     lambda: L.Bidirectional(L.GRU(2, name="g", recurrent_activation=OLD, reset_after=False,
                                   recurrent_initializer=GAIN), merge_mode="sum")),
]  # fmt: skip
IDS = [f"{i}-{name}" for i, (name, _, _) in enumerate(CASES)]


def entry(name, changes):
    """A layer's entry with all arguments of the signature that its config held."""
    config = {"name": "old", "trainable": True}
    for argument in POSITIONS[name]:
        if argument in DEFAULTS and argument != "weights":
            config[argument] = DEFAULTS[argument]
    if name == "Convolution3D":
        config["subsample"] = [1, 1, 1]
    return {"class_name": name, "config": {**config, **changes}}


def layer_of(config):
    return L.deserialize(config)


@pytest.mark.parametrize(("name", "changes", "wanted"), CASES, ids=IDS)
def test_every_layer_of_keras_1(name, changes, wanted):
    old = entry(name, changes)
    before = copy.deepcopy(old)
    new = modernize(old, "1.2.2", "tensorflow")
    assert old == before
    assert modernize(new) == modernize(new, "1.2.2") == new
    got, want = layer_of(new).get_config(), wanted().get_config()
    want["name"] = "old"
    assert json.loads(json.dumps(got)) == json.loads(json.dumps(want))
    assert type(layer_of(new)) is type(wanted())


def test_the_table_covers_appendix_c():
    elsewhere = {"Lambda", "Merge"}  # below, and in test_merge.py
    assert set(POSITIONS) - elsewhere == {name for name, _, _ in CASES}


# ------------------------------------------------------------------------------- models

DENSE = {"class_name": "Dense", "config": {
    "name": "dense_1", "trainable": True, "output_dim": 3, "init": "glorot_uniform",
    "activation": "relu", "W_regularizer": None, "b_regularizer": None,
    "activity_regularizer": None, "W_constraint": None, "b_constraint": None, "bias": True,
    "input_dim": 4, "batch_input_shape": [None, 4], "input_dtype": "float32"}}  # fmt: skip
LSTM = entry("LSTM", {**RECURRENT, "output_dim": 2, "name": "lstm_1"})
EMBEDDING = entry("Embedding", {
    "input_dim": 9, "output_dim": 3, "init": "uniform", "dropout": 0.0, "input_dtype": "int32",
    "batch_input_shape": [None, None], "name": "embedding_1"})  # fmt: skip


def loaded(config, **more):
    return torchkeras.models.model_from_json(json.dumps(config), **more)


def test_sequential_is_a_list():
    config = {"class_name": "Sequential", "config": [DENSE, entry("Dropout", {"p": 0.5})],
              "keras_version": "1.2.2"}  # fmt: skip
    model = loaded(config)
    assert model.input_shape == (None, 4) and model.output_shape == (None, 3)
    assert [x.name for x in model.layers] == ["dense_1", "old"]
    assert model.inputs[0]._keras_history.operation.name == "dense_1_input"


def test_a_bare_list_is_a_sequential_model():
    model = loaded([DENSE])
    assert isinstance(model, torchkeras.Sequential) and model.output_shape == (None, 3)


def test_embedding_takes_whole_numbers():
    model = loaded({"class_name": "Sequential", "config": [EMBEDDING, LSTM]})
    assert model.inputs[0].dtype == "int32"
    assert model.layers[0].dtype == "float32"
    assert model(np.array([[1, 2, 3]])).shape == (1, 2)


def test_functional_model():
    nodes = [[["input_1", 0, 0]]]
    layers = [
        {"class_name": "InputLayer", "name": "input_1", "inbound_nodes": [], "config": {
            "name": "input_1", "batch_input_shape": [None, 4], "input_dtype": "float32",
            "sparse": False}},
        {**DENSE, "name": "dense_1", "inbound_nodes": nodes},
        {**entry("Dense", {"output_dim": 3, "name": "dense_2"}), "name": "dense_2",
         "inbound_nodes": nodes},
        {"class_name": "Merge", "name": "merge_1", "config": {
            "name": "merge_1", "mode": "mul", "mode_type": "raw", "concat_axis": -1,
            "dot_axes": -1, "output_shape": None, "output_shape_type": "raw", "arguments": {},
            "output_mask": None, "output_mask_type": "raw"},
         "inbound_nodes": [[["dense_1", 0, 0], ["dense_2", 0, 0]]]},
    ]  # fmt: skip
    model = loaded({"class_name": "Model", "config": {
        "name": "model_1", "layers": layers, "input_layers": [["input_1", 0, 0]],
        "output_layers": [["merge_1", 0, 0]]}})  # fmt: skip
    x = np.ones((2, 4), "float32")
    one, two = model.get_layer("dense_1"), model.get_layer("dense_2")
    assert_close(model(x), one(x) * two(x))
    assert model.input.shape == (None, 4)


def test_time_distributed_and_nested_models():
    inner = {"class_name": "Sequential", "config": [DENSE]}
    outer = entry("TimeDistributed", {"layer": inner, "batch_input_shape": [None, 5, 4]})
    model = loaded({"class_name": "Sequential", "config": [outer], "keras_version": "1.2.2"})
    assert model.output_shape == (None, 5, 3)


# ------------------------------------------------------------------------------- hard sigmoid


def test_the_old_slope_survives_saving(tmp_path):
    lstm = {**LSTM, "config": {**LSTM["config"], "batch_input_shape": [None, 3, 2]}}
    model = loaded({"class_name": "Sequential", "config": [lstm], "keras_version": "1.2.2"})
    model.save(tmp_path / "m.keras")
    again = torchkeras.models.load_model(tmp_path / "m.keras")
    assert again.layers[0].recurrent_activation is torchkeras.activations.hard_sigmoid_legacy
    x = np.random.default_rng(0).normal(size=(2, 3, 2)).astype("float32") * 3
    assert_close(again(x), model(x))
    kernel, recurrent, bias = (w.numpy() for w in model.layers[0].weights)
    h = c = np.zeros((2, 2))
    slope = lambda v: np.clip(0.2 * v + 0.5, 0, 1)  # noqa: E731
    for t in range(3):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, -1)
        c = slope(f) * c + slope(i) * np.tanh(g)
        h = slope(o) * np.tanh(c)
    assert_close(model(x).detach().numpy().astype("float64"), h)


def test_keras_3_keeps_its_slope():
    new = torchkeras.Sequential([torchkeras.Input((2,)), L.Dense(2, "hard_sigmoid")])
    assert loaded(json.loads(new.to_json())).layers[0].activation is (
        torchkeras.activations.hard_sigmoid
    )


# ------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("function_type", ["lambda", None])
def test_bytecode_is_refused(function_type):
    config = {"name": "l", "function": ["4wEAAAA=", None, None], "function_type": function_type,
              "output_shape": None, "output_shape_type": "raw", "arguments": {}}  # fmt: skip
    model = {"class_name": "Sequential", "config": [DENSE, {"class_name": "Lambda",
                                                            "config": config}]}  # fmt: skip
    with pytest.raises(UnsafeModelError, match=r"config\[1\].config.function: function is Python"):
        loaded(model)
    with pytest.raises(UnsafeModelError, match="bytecode"):
        loaded(model, safe_mode=False)


def test_a_named_function_is_the_program_s():
    config = {"name": "l", "function": "twice", "function_type": "function",
              "output_shape": None, "output_shape_type": "raw", "arguments": {"by": 3}}  # fmt: skip
    model = {"class_name": "Sequential", "config": [DENSE, {"class_name": "Lambda",
                                                            "config": config}]}  # fmt: skip
    with pytest.raises(UnsafeModelError, match="could not locate function 'twice'"):
        loaded(model)
    made = loaded(model, custom_objects={"twice": lambda x, by: x * by})
    x = np.ones((1, 4), "float32")
    assert_close(made(x), made.layers[0](x) * 3)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("Convolution2D", {"nb_filter": 1, "nb_row": 2, "nb_col": 2, "border_mode": "full"},
         r"border_mode='full' was Theano's alone"),
        ("Convolution2D", {"nb_filter": 1, "nb_row": 2, "nb_col": 2, "dim_ordering": "x"},
         r"dim_ordering must be 'tf', 'th' or 'default'"),
        ("BatchNormalization", {"mode": 3}, r"mode is no argument any more"),
        ("ZeroPadding2D", {"padding": {"up": 1}}, r"padding has unknown keys \['up'\]"),
        ("Dense", {"output_dim": 2, "units": 3}, r"output_dim and units are the same argument"),
        ("Graph", {}, r"Graph cannot be read: models of Keras 0.x"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(name, changes, message):
    config = {"name": "old", **changes}
    with pytest.raises(ModelFileError, match=message) as e:
        modernize({"class_name": name, "config": config}, "1.2.2")
    assert e.value.where.startswith("config")


def test_what_is_left_out_warns():
    eigen = {"name": "EigenvalueRegularizer", "k": 0.1}
    with pytest.warns(UserWarning, match="EigenvalueRegularizer is left out"):
        modernize(entry("Dense", {"output_dim": 2, "W_regularizer": eigen}), "1.2.2")
    with pytest.warns(UserWarning, match="dropout of Embedding is left out"):
        modernize(entry("Embedding", {"input_dim": 2, "output_dim": 2, "dropout": 0.5}), "1.2.2")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        modernize(EMBEDDING, "1.2.2")


def test_a_class_of_the_program_wins():
    class Highway(L.Layer):
        def __init__(self, init="mine", **kwargs):
            super().__init__(**kwargs)
            self.init = init

        def call(self, inputs):
            return inputs

    config = {"class_name": "Sequential", "config": [DENSE, entry("Highway", {"init": "x"})]}
    config["config"][1]["config"] = {"name": "h", "init": "x"}
    model = loaded(config, custom_objects={"Highway": Highway})
    assert model.layers[1].init == "x"
