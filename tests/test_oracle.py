"""The oracle itself: it passes what is equal (real Keras against itself) and sees what is not."""

import keras
import numpy as np
import pytest

from oracle import assert_close, check_function, check_layer, clear_names, copy_weights, rand


def same(name):
    cls = getattr(keras.layers, name)
    return cls, cls


EQUAL = {
    "dense": ("Dense", {"units": 3, "activity_regularizer": "l2"}, rand(2, 4), {}),
    "dense_dtype": ("Dense", {"units": 3}, rand(2, 4), {"dtype": "mixed_bfloat16"}),
    "embedding": (
        "Embedding",
        {"input_dim": 5, "output_dim": 2, "mask_zero": True},
        rand(2, 3, dtype="int32", low=0, high=5),
        {},
    ),
    "batch_norm": ("BatchNormalization", {}, rand(4, 3), {"training": True}),
    "dropout": ("Dropout", {"rate": 0.5}, rand(4, 3), {"training": True, "values": False}),
    "lstm_mask": (
        "LSTM",
        {"units": 2, "return_sequences": True, "return_state": True},
        rand(2, 3, 4),
        {"mask": np.array([[True, True, False], [True, False, False]])},
    ),
    "carried_mask": (
        "Dense",
        {"units": 2},
        rand(2, 3, 4),
        {"mask": np.array([[True, True, False], [True, False, False]])},
    ),
    "add": ("Add", {}, [rand(2, 3), rand(2, 3, seed=1)], {}),
    "attention": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3},
        rand(2, 3, 4),
        {"call_kwargs": {"value": rand(2, 5, 4, seed=1)}},
    ),
    "wrapper": (
        "Bidirectional",
        lambda k: {"layer": k.layers.GRU(2)},
        rand(2, 3, 4),
        {"scale_weights": 0.5},
    ),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal_layers_pass(case):
    name, args, inputs, options = EQUAL[case]
    check_layer(same(name), args, inputs, **options)


class Doubled(keras.layers.Dense):
    def call(self, x):
        return super().call(x) * 2


class Stopped(keras.layers.Dense):
    def call(self, x):
        return super().call(x.detach())


class Narrow(keras.layers.Dense):
    def call(self, x):
        return keras.ops.cast(super().call(x), "float16")


class Forgetful(keras.layers.Dense):
    def get_config(self):
        return {**super().get_config(), "use_bias": False}


@pytest.mark.parametrize(
    ("cls", "message"),
    [(Doubled, "outputs"), (Stopped, "gradients"), (Narrow, "dtype"), (Forgetful, "use_bias")],
)
def test_different_layers_fail(cls, message):
    cls.__name__ = "Dense"  # automatic names come from the class
    with pytest.raises(AssertionError, match=message):
        check_layer((cls, keras.layers.Dense), {"units": 3}, rand(2, 4))


def test_assert_close_sees_values_shapes_and_structure():
    x = rand(3)
    assert_close([x, {"a": x}], (x, {"a": x * (1 + 1e-7)}))
    for other in (x * 1.001, x[:2], [x], None, x[None]):
        with pytest.raises(AssertionError):
            assert_close(x, other)
    assert_close(None, None)
    assert_close(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]))


def test_check_function():
    check_function(keras.ops.softmax, keras.activations.softmax, rand(2, 3))
    with pytest.raises(AssertionError, match="gradients"):
        check_function(lambda x: keras.ops.stop_gradient(x) * 1, lambda x: x * 1, rand(2, 3))
    with pytest.raises(AssertionError, match="dtypes"):
        check_function(lambda x: x, lambda x: keras.ops.cast(x, "float64"), rand(2, 3))


def test_names_start_anew_and_weights_are_copied():
    clear_names()
    a = keras.layers.Dense(2)
    clear_names()
    b = keras.layers.Dense(2)
    assert a.name == b.name == "dense"
    x = rand(2, 3)
    a(x), b(x)
    copy_weights(a, b)
    assert_close(a(x), b(x))
