"""Constructors take the arguments of Keras 1, Keras 2 and tf.keras."""

import copy
import inspect
import pickle
import warnings

import keras
import numpy as np
import pytest
import torch

import torchkeras
from torchkeras import config
from torchkeras._base import naming
from torchkeras.core.registry import (
    CONSTRAINTS,
    INITIALIZERS,
    LAYERS,
    LOSSES,
    METRICS,
    OPTIMIZERS,
    REGULARIZERS,
)

L = torchkeras.layers
GLOROT = {"scale": 1.0, "mode": "fan_avg", "distribution": "untruncated_normal"}

# Class, arguments of then, arguments of today.
OLD = [
    ("Dense", {"output_dim": 3}, {"units": 3}),
    ("Dense", {"output_dim": 3, "init": "he_uniform", "bias": False, "input_dim": 4},
     {"units": 3, "kernel_initializer": "he_uniform", "use_bias": False, "input_dim": 4}),
    ("Dense", {"output_dim": 3, "init": "glorot_normal"},
     {"units": 3, "kernel_initializer": torchkeras.initializers.VarianceScaling(**GLOROT)}),
    ("Dense", {"output_dim": 3, "W_regularizer": "l2", "b_regularizer": "l1",
               "W_constraint": "non_neg", "b_constraint": "max_norm"},
     {"units": 3, "kernel_regularizer": "l2", "bias_regularizer": "l1",
      "kernel_constraint": "non_neg", "bias_constraint": "max_norm"}),
    ("Dense", {"units": 3, "input_dtype": "float64"}, {"units": 3, "dtype": "float64"}),
    ("Dense", {"units": 3, "dynamic": False, "experimental_autocast": False},
     {"units": 3, "autocast": False}),
    ("Activation", {"activation": "relu", "create_input_layer": True}, {"activation": "relu"}),
    ("Dropout", {"p": 0.3}, {"rate": 0.3}),
    ("GaussianDropout", {"p": 0.3}, {"rate": 0.3}),
    ("AlphaDropout", {"p": 0.3}, {"rate": 0.3}),
    ("SpatialDropout1D", {"p": 0.3}, {"rate": 0.3}),
    ("SpatialDropout2D", {"p": 0.3, "dim_ordering": "th"},
     {"rate": 0.3, "data_format": "channels_first"}),
    ("SpatialDropout3D", {"p": 0.3, "dim_ordering": "tf"},
     {"rate": 0.3, "data_format": "channels_last"}),
    ("GaussianNoise", {"sigma": 0.3}, {"stddev": 0.3}),
    ("Embedding", {"input_dim": 9, "output_dim": 3, "init": "one", "W_regularizer": "l2",
                   "W_constraint": "non_neg"},
     {"input_dim": 9, "output_dim": 3, "embeddings_initializer": "ones",
      "embeddings_regularizer": "l2", "embeddings_constraint": "non_neg"}),
    ("Embedding", {"input_dim": 9, "output_dim": 3, "input_length": 5, "sparse": True},
     {"input_dim": 9, "output_dim": 3, "input_shape": (5,)}),
    ("Conv1D", {"nb_filter": 3, "filter_length": 2, "subsample_length": 2, "border_mode": "same",
                "input_dim": 4, "input_length": 8},
     {"filters": 3, "kernel_size": 2, "strides": 2, "padding": "same", "input_shape": (8, 4)}),
    ("Conv2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 4, "subsample": (2, 1),
                "border_mode": "same", "dim_ordering": "th"},
     {"filters": 3, "kernel_size": (2, 4), "strides": (2, 1), "padding": "same",
      "data_format": "channels_first"}),
    ("Conv2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 2, "atrous_rate": (2, 2)},
     {"filters": 3, "kernel_size": (2, 2), "dilation_rate": (2, 2)}),
    ("Conv3D", {"nb_filter": 3, "kernel_dim1": 1, "kernel_dim2": 2, "kernel_dim3": 3},
     {"filters": 3, "kernel_size": (1, 2, 3)}),
    ("Conv2DTranspose", {"nb_filter": 3, "nb_row": 2, "nb_col": 4},
     {"filters": 3, "kernel_size": (2, 4)}),
    ("SeparableConv2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 2, "init": "zero"},
     {"filters": 3, "kernel_size": (2, 2), "depthwise_initializer": "zeros",
      "pointwise_initializer": "zeros"}),
    ("MaxPooling1D", {"pool_length": 3, "stride": 2, "border_mode": "same"},
     {"pool_size": 3, "strides": 2, "padding": "same"}),
    ("AveragePooling1D", {"pool_length": 3}, {"pool_size": 3}),
    ("AveragePooling1D", {}, {"pool_size": 2}),
    ("AveragePooling2D", {"border_mode": "same"}, {"pool_size": (2, 2), "padding": "same"}),
    ("AveragePooling3D", {}, {"pool_size": (2, 2, 2)}),
    ("MaxPooling2D", {"border_mode": "same", "dim_ordering": "th"},
     {"padding": "same", "data_format": "channels_first"}),
    ("MaxPooling3D", {"dim_ordering": "default"}, {"data_format": None}),
    ("GlobalAveragePooling2D", {"dim_ordering": "th"}, {"data_format": "channels_first"}),
    ("UpSampling1D", {"length": 3}, {"size": 3}),
    ("UpSampling2D", {"dim_ordering": "th"}, {"data_format": "channels_first"}),
    ("ZeroPadding2D", {"dim_ordering": "th"}, {"data_format": "channels_first"}),
    ("Cropping2D", {"dim_ordering": "th"}, {"data_format": "channels_first"}),
    ("BatchNormalization", {"mode": 0, "beta_init": "one", "gamma_init": "zero", "fused": True},
     {"beta_initializer": "ones", "gamma_initializer": "zeros"}),
    ("LeakyReLU", {"alpha": 0.1}, {"negative_slope": 0.1}),
    ("PReLU", {"init": "one"}, {"alpha_initializer": "ones"}),
    ("Reshape", {"dims": (2, 3)}, {"target_shape": (2, 3)}),
    ("SimpleRNN", {"output_dim": 3, "inner_init": "one", "U_regularizer": "l2"},
     {"units": 3, "recurrent_initializer": "ones", "recurrent_regularizer": "l2"}),
    ("LSTM", {"output_dim": 3, "inner_activation": "hard_sigmoid", "forget_bias_init": "zero",
              "dropout_W": 0.1, "dropout_U": 0.2, "consume_less": "gpu", "input_dim": 4,
              "input_length": 5},
     {"units": 3, "recurrent_activation": torchkeras.activations.get("hard_sigmoid_legacy"),
      "unit_forget_bias": False, "dropout": 0.1, "recurrent_dropout": 0.2, "input_shape": (5, 4)}),
    ("GRU", {"units": 3, "time_major": False, "reset_after": False},
     {"units": 3, "reset_after": False}),
    ("ConvLSTM2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 2, "inner_init": "zero"},
     {"filters": 3, "kernel_size": (2, 2), "recurrent_initializer": "zeros"}),
    ("InputLayer", {"batch_input_shape": (2, 3)}, {"batch_shape": (2, 3)}),
    ("InputLayer", {"input_shape": (3,)}, {"shape": (3,)}),
]  # fmt: skip


def made(name, arguments):
    naming.clear_names()
    layer = getattr(L, name)(**arguments)
    return layer, layer.get_config(), layer.__dict__.get("_input_shape_arg")


def ids(case):
    return f"{case[0]}-{'-'.join(case[1])}"


@pytest.mark.parametrize("case", OLD, ids=ids)
def test_layer(case):
    name, old, new = case
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        layer, got, shape = made(name, old)
    assert [w.category for w in said] == [DeprecationWarning]
    assert all(w.filename == __file__ for w in said)
    _, wanted, shape_wanted = made(name, new)
    assert got == wanted and shape == shape_wanted
    assert type(layer).from_config(got).get_config() == got
    args, kwargs = layer._init_arguments
    assert args == () and set(kwargs) == set(new)


@pytest.mark.parametrize("case", OLD, ids=ids)
def test_modes(case):
    name, old, new = case
    config.set_legacy_mode("strict")
    with pytest.raises(ValueError, match=rf"{name}\(.* is the form of an older Keras\. Write "):
        made(name, old)
    made(name, new)
    config.set_legacy_mode("off")
    ours = theirs = None
    try:
        made(name, old)
    except Exception as error:
        ours = type(error)
    try:
        getattr(keras.layers, name)(**old)
    except Exception as error:
        theirs = type(error)
    if theirs is not None:
        assert ours is theirs


OTHERS = [
    ("optimizers.SGD", {"lr": 0.5}, {"learning_rate": 0.5}),
    ("optimizers.Adam", {"lr": 0.5, "epsilon": None, "jit_compile": True}, {"learning_rate": 0.5}),
    ("optimizers.Nadam", {"lr": 0.5, "schedule_decay": 0.004}, {"learning_rate": 0.5}),
    ("optimizers.RMSprop", {"is_legacy_optimizer": False}, {}),
    ("optimizers.Adadelta", {"lr": 1.0, "gradient_aggregator": None}, {"learning_rate": 1.0}),
    ("constraints.MaxNorm", {"m": 3}, {"max_value": 3}),
    ("constraints.MinMaxNorm", {"low": 0.1, "high": 0.9}, {"min_value": 0.1, "max_value": 0.9}),
    ("regularizers.L1", {"l": 0.1}, {"l1": 0.1}),
    ("regularizers.L2", {"l": 0.1}, {"l2": 0.1}),
]


@pytest.mark.parametrize(("name", "old", "new"), OTHERS, ids=str)
def test_others(name, old, new):
    family, name = name.split(".")
    cls = getattr(getattr(torchkeras, family), name)
    with pytest.warns(DeprecationWarning, match=rf"{name}\(.*Write {name}\(") as said:
        got = cls(**old).get_config()
    assert len(said) == 1 and said[0].filename == __file__
    naming.clear_names()
    assert {**got, "name": 0} == {**cls(**new).get_config(), "name": 0}
    config.set_legacy_mode("strict")
    with pytest.raises(ValueError, match="Write "):
        cls(**old)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("GRU", {"units": 1, "time_major": True}, "time_major is no argument any more"),
        ("Conv2D", {"nb_filter": 1, "nb_row": 2}, "nb_row must come with nb_col"),
        ("Conv2D", {"filters": 1, "kernel_size": 2, "border_mode": "full"}, "Theano's alone"),
        ("Dense", {"units": 1, "output_dim": 1}, "are the same argument"),
        ("Dense", {"units": 1, "W_regulariser": "l2"}, "Unrecognized keyword arguments"),
        ("BatchNormalization", {"mode": 2}, "mode is no argument any more"),
        ("MaxPooling2D", {"dim_ordering": "x"}, "must be 'tf', 'th' or 'default'"),
    ],
)
def test_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(L, name)(**arguments)


ALL = {
    cls: f"{registry.kind}-{cls.__name__}"
    for registry in (LAYERS, LOSSES, METRICS, OPTIMIZERS, INITIALIZERS, REGULARIZERS, CONSTRAINTS)
    for cls in registry.names.values()
    if inspect.isclass(cls)
}


def test_signatures_are_those_of_today():
    for cls, name in ALL.items():
        init = cls.__init__
        assert inspect.signature(init) == inspect.signature(inspect.unwrap(init)), name
        old = {"nb_filter", "init", "border_mode", "lr", "p", "l"}
        assert not old & set(inspect.signature(init).parameters), name
    assert len(ALL) > 250


class TestUsersClasses:
    def test_own_arguments_of_an_old_name_are_left_alone(self):
        class Mine(L.Layer):
            def __init__(self, output_dim, init="uniform", p=0.5, **kwargs):
                super().__init__(**kwargs)
                self.output_dim, self.init, self.p = output_dim, init, p

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            layer = Mine(output_dim=3, init="zero", p=0.1)
        assert (layer.output_dim, layer.init, layer.p) == (3, "zero", 0.1)
        assert layer.get_config()["output_dim"] == 3

    def test_subclass_that_hands_old_arguments_on(self):
        class Wide(L.Dense):
            def __init__(self, width, **kwargs):
                super().__init__(output_dim=2 * width, **kwargs)
                self.width = width

        with pytest.warns(DeprecationWarning, match=r"Dense\(output_dim, bias\)"):
            layer = Wide(2, bias=False)
        assert layer.units == 4 and not layer.use_bias
        assert layer._init_arguments == ((2,), {"bias": False})

    def test_model(self):
        x = torchkeras.Input((3,))
        with pytest.warns(DeprecationWarning, match=r"Model\(input, output\)"):
            model = torchkeras.Model(input=x, output=L.Dense(2)(x))
        assert isinstance(model, torchkeras.Functional) and model.output_shape == (None, 2)

        class Mine(torchkeras.Model):
            def __init__(self):
                y = L.Dense(2)(x)
                super().__init__(input=x, output=y)

        with pytest.warns(DeprecationWarning, match="older Keras"):
            assert Mine().output_shape == (None, 2)


class TestWeights:
    W = (np.full((3, 2), 2.0, "float32"), np.ones(2, "float32"))

    def test_initial_weights(self):
        with pytest.warns(DeprecationWarning, match="set_weights"):
            layer = L.Dense(2, weights=self.W)
        layer.build((None, 3))
        for a, b in zip(layer.get_weights(), self.W, strict=True):
            np.testing.assert_array_equal(a, b)
        assert "weights" not in layer.get_config() and "_weights_to_set" not in layer.__dict__

    def test_copies_before_the_build_keep_them(self):
        with pytest.warns(DeprecationWarning, match="older Keras"):
            layer = L.Dense(2, weights=self.W, input_dim=3)
        for other in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
            np.testing.assert_allclose(
                other(torch.ones(1, 3)).detach().numpy(), [[7.0, 7.0]], rtol=1e-6
            )

    def test_wrong_shapes(self):
        with pytest.warns(DeprecationWarning, match="older Keras"):
            layer = L.Dense(2, weights=[np.ones((4, 2)), np.ones(2)])
        with pytest.raises(ValueError, match="has shape"):
            layer.build((None, 3))

    def test_embedding_of_today_has_them_too(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            layer = L.Embedding(3, 2, weights=[self.W[0]])
        layer.build((None,))
        np.testing.assert_array_equal(layer.get_weights()[0], self.W[0])


def test_batch_size_of_the_input():
    with pytest.warns(DeprecationWarning, match="older Keras"):
        model = torchkeras.Sequential([L.Dense(2, batch_size=4, input_shape=(3,))])
    assert model.input_shape == (4, 3)
    assert torchkeras.Sequential([L.Dense(2, batch_input_shape=(4, 3))]).input_shape == (4, 3)


def test_initializer_of_keras_1_is_a_function_of_a_shape():
    with pytest.warns(DeprecationWarning, match="older Keras"):
        layer = L.Dense(2, init=lambda shape, name=None: torchkeras.Variable(np.ones(shape)))
    layer.build((None, 3))
    np.testing.assert_array_equal(layer.get_weights()[0], np.ones((3, 2)))


def test_relu_alpha():
    x = torch.tensor([-2.0, 3.0])
    with pytest.warns(DeprecationWarning, match="negative_slope=0.5"):
        found = torchkeras.activations.relu(x, alpha=0.5)
    assert found.tolist() == [-1.0, 3.0]
    config.set_legacy_mode("off")
    with pytest.raises(TypeError, match="alpha"):
        torchkeras.activations.relu(x, alpha=0.5)


def test_mode_is_checked():
    with pytest.raises(ValueError, match="mode must be one of 'auto', 'strict', 'off'"):
        config.set_legacy_mode("loud")
    assert config.legacy_mode() == "auto"
