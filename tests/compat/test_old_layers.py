"""Old names of layers, as `keras.layers` has them under the alias."""

import warnings

import numpy as np
import pytest
import torch

import torchkeras
from oracle import rand
from torchkeras import config
from torchkeras._base import naming
from torchkeras.compat.names import initializations
from torchkeras.compat.names import layers as old

L = torchkeras.layers
GLOROT = ("glorot_normal", torchkeras.initializers.VarianceScaling(
    1.0, "fan_avg", "untruncated_normal"))  # fmt: skip

# Name, arguments of then, class and arguments of today.
CALLS = [
    ("Convolution2D", (64, 3, 2), {}, "Conv2D", {"filters": 64, "kernel_size": (3, 2)}),
    ("Convolution2D", (64, 3, 3, GLOROT[0], "relu"), {"border_mode": "same"}, "Conv2D",
     {"filters": 64, "kernel_size": (3, 3), "kernel_initializer": GLOROT[1], "activation": "relu",
      "padding": "same"}),
    ("Convolution2D", (), {"nb_filter": 4, "nb_row": 3, "nb_col": 2, "bias": False}, "Conv2D",
     {"filters": 4, "kernel_size": (3, 2), "use_bias": False}),
    ("Convolution1D", (4, 3, "zero", "relu"), {}, "Conv1D",
     {"filters": 4, "kernel_size": 3, "kernel_initializer": "zeros", "activation": "relu"}),
    ("Convolution3D", (4, 3, 2, 1), {"subsample": (2, 2, 2)}, "Conv3D",
     {"filters": 4, "kernel_size": (3, 2, 1), "strides": (2, 2, 2)}),
    ("AtrousConvolution2D", (4, 3, 3), {"atrous_rate": (2, 2)}, "Conv2D",
     {"filters": 4, "kernel_size": (3, 3), "dilation_rate": (2, 2)}),
    ("AtrousConvolution1D", (4, 3), {"atrous_rate": 2}, "Conv1D",
     {"filters": 4, "kernel_size": 3, "dilation_rate": 2}),
    ("Deconvolution2D", (4, 3, 3, (None, 6, 6, 4)), {"subsample": (2, 2), "border_mode": "same"},
     "Conv2DTranspose",
     {"filters": 4, "kernel_size": (3, 3), "strides": (2, 2), "padding": "same"}),
    ("Deconvolution2D", (4, 3, 3), {"output_shape": (None, 5, 5, 4), "subsample": (2, 2),
                                    "border_mode": "same"}, "Conv2DTranspose",
     {"filters": 4, "kernel_size": (3, 3), "strides": (2, 2), "padding": "same",
      "output_padding": (0, 0)}),
    ("SeparableConvolution2D", (4, 3, 3), {}, "SeparableConv2D",
     {"filters": 4, "kernel_size": (3, 3)}),
    ("TimeDistributedDense", (4,), {"activation": "tanh"}, "Dense",
     {"units": 4, "activation": "tanh"}),
    ("CuDNNLSTM", (4,), {"return_sequences": True}, "LSTM", {"units": 4, "return_sequences": True}),
    ("CuDNNGRU", (4,), {}, "GRU", {"units": 4, "reset_after": True}),
    ("SyncBatchNormalization", (), {"momentum": 0.9}, "BatchNormalization",
     {"momentum": 0.9, "synchronized": True}),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=lambda c: f"{c[0]}{c[1]}")
def test_calls_of_keras_1(call):
    name, args, kwargs, today, arguments = call
    naming.clear_names()
    with pytest.warns(DeprecationWarning, match=rf"{name}.* Write {today}\(") as said:
        layer = getattr(old, name)(*args, **kwargs)
    assert len(said) == 1 and said[0].filename == __file__
    naming.clear_names()
    assert type(layer) is getattr(L, today)
    assert layer.get_config() == getattr(L, today)(**arguments).get_config()
    config.set_legacy_mode("strict")
    with pytest.raises(ValueError, match="is the form of an older Keras"):
        getattr(old, name)(*args, **kwargs)


def test_calls_of_today_under_old_names():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert old.Convolution2D(64, (3, 3), padding="same").padding == "same"
        assert old.Convolution2D(64, 3, strides=2).strides == (2, 2)
        assert old.Convolution1D(4, 3, 2).strides == (2,)
        assert old.Deconvolution2D(4, 3, strides=2).strides == (2, 2)
        assert old.SeparableConvolution2D(4, (3, 3)).kernel_size == (3, 3)


@pytest.mark.parametrize("kwargs", [{"padding": "same"}, {"strides": 2}, {"data_format": None}])
def test_what_may_be_both_is_refused(kwargs):
    with pytest.raises(ValueError, match=r"form of Keras 1, .* of Keras 2\. Write Conv2D"):
        old.Convolution2D(64, 3, 3, **kwargs)


def test_weights():
    w = [rand(2, 2, 1, 3), rand(3)]
    with pytest.warns(DeprecationWarning, match="older Keras"):
        layer = old.Convolution2D(3, 2, 2, weights=w)
    layer.build((None, 4, 4, 1))
    np.testing.assert_array_equal(layer.get_weights()[0], w[0])


class TestTheClasses:
    def test_instances_and_subclasses(self):
        assert isinstance(L.Conv2D(1, 1), old.Convolution2D)
        assert not isinstance(L.Dense(1), old.Convolution2D)
        assert issubclass(L.Conv2D, old.Convolution2D) and issubclass(old.Convolution2D, L.Layer)

    def test_subclass_of_ones_own(self):
        class Mine(old.Convolution2D):
            pass

        with pytest.warns(DeprecationWarning, match="older Keras"):
            layer = Mine(4, 3, 3, border_mode="same")
        assert type(layer) is Mine and layer.kernel_size == (3, 3)
        assert isinstance(layer, old.Convolution2D) and not isinstance(L.Conv2D(1, 1), Mine)

    @pytest.mark.parametrize("name", ["DenseFeatures", "Recurrent", "ConvRecurrent2D"])
    def test_refused(self, name):
        with pytest.raises(NotImplementedError, match=f"{name} is not part of torchkeras"):
            getattr(old, name)(1)


# ------------------------------------------------------------------------------- merging

MODES = {
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
    "max": np.maximum,
    "concat": lambda a, b: np.concatenate([a, b], -1),
    "dot": lambda a, b: (a * b).sum(-1, keepdims=True),
    "cos": lambda a, b: (
        (a * b).sum(-1, keepdims=True)
        / np.linalg.norm(a, axis=-1, keepdims=True)
        / np.linalg.norm(b, axis=-1, keepdims=True)
    ),
}


@pytest.mark.parametrize("mode", [*MODES, "function"])
def test_merge_of_tensors(mode):
    a, b = torchkeras.Input((3,)), torchkeras.Input((3,))
    given = mode if mode != "function" else lambda x: x[0] - 2.0 * x[1]
    with pytest.warns(DeprecationWarning, match="merge"):
        y = old.merge([a, b], mode=given)
    x = rand(4, 3), rand(4, 3, seed=1)
    found = torchkeras.Model([a, b], y).predict(list(x), verbose=0)
    wanted = MODES.get(mode, lambda a, b: a - 2 * b)(*x)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("axes", [[2, 2], [[2], [2]], 2])
def test_dot_axes(axes):
    a, b = torchkeras.Input((4, 3)), torchkeras.Input((5, 3))
    with pytest.warns(DeprecationWarning, match="older Keras"):
        assert old.merge([a, b], mode="dot", dot_axes=axes).shape == (None, 4, 5)


def test_unknown_mode():
    with pytest.raises(ValueError, match="Merge: mode must be one of 'sum'"):
        old.Merge(mode="minus")


def test_sequential_that_begins_with_a_merge(tmp_path):
    branches = [torchkeras.Sequential([L.Dense(4, input_dim=n)]) for n in (3, 2)]
    with pytest.warns(DeprecationWarning, match="older Keras"):
        first = old.Merge(branches, mode="concat", concat_axis=1)
    model = torchkeras.Sequential()
    model.add(first)
    model.add(L.Dense(1))
    assert model.input_shape == [(None, 3), (None, 2)] and model.output_shape == (None, 1)
    x = [rand(8, 3), rand(8, 2)]
    model.compile("adam", "mse")
    model.fit(x, rand(8, 1), epochs=2, verbose=0)
    found = model.predict(x, verbose=0)
    hidden = [b.predict(v, verbose=0) for b, v in zip(branches, x, strict=True)]
    wanted = model.layers[-1](torch.tensor(np.concatenate(hidden, 1)))
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-5)
    model.save(tmp_path / "m.keras")
    again = torchkeras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), found, rtol=1e-6)
    unbuilt = torchkeras.Sequential([L.Dense(2)])
    warns = pytest.warns(DeprecationWarning, match="Merge")
    with pytest.raises(ValueError, match="has no input shape"), warns:
        old.Merge([unbuilt, unbuilt])


# ------------------------------------------------------------------------------- initializations


@pytest.mark.parametrize(
    ("name", "std"),
    [("uniform", 0.05 / 3**0.5), ("normal", 0.05), ("lecun_uniform", 300**-0.5),
     ("glorot_normal", (2 / 500) ** 0.5), ("glorot_uniform", (2 / 500) ** 0.5),
     ("he_normal", (2 / 300) ** 0.5), ("he_uniform", (2 / 300) ** 0.5), ("zero", 0), ("one", 0)],
)  # fmt: skip
def test_initializations(name, std):
    made = initializations.get(name)((300, 200), name="w")
    assert isinstance(made, torchkeras.Variable) and made.name == "w"
    assert float(made.detach().std()) == pytest.approx(std, rel=0.03)


def test_orthogonal_of_keras_1_has_gain_1_1():
    w = initializations.orthogonal((4, 4)).detach()
    np.testing.assert_allclose((w.T @ w).numpy(), 1.21 * np.eye(4), atol=1e-5)


def test_cell_of_keras_2():
    class Cell(old.AbstractRNNCell):
        def __init__(self, units, **kwargs):
            self.units = units
            super().__init__(**kwargs)

        @property
        def state_size(self):
            return self.units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.built = True

        def call(self, inputs, states):
            out = inputs @ self.kernel + states[0]
            return out, [out]

    layer = L.RNN(Cell(4))
    x = rand(2, 3, 5)
    found = layer(x)
    wanted = x.sum(1) @ layer.get_weights()[0]
    np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-5)
