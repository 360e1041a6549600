"""Dense against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, rand

ACTIVATIONS = [None, "relu", "softmax", "gelu", "tanh", "log_softmax", "glu"]


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(2, 3), (1, 3), (0, 3), (2, 4, 3), (2, 1, 4, 3)])
@pytest.mark.parametrize("activation", ACTIVATIONS[:3])
def test_numbers(activation, shape, use_bias):
    args = {"units": 4, "activation": activation, "use_bias": use_bias, "bias_initializer": "ones"}
    check_layer("Dense", args, rand(*shape))


@pytest.mark.sweep
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 3), (3, 2, 2, 5), (2, 2, 2, 2, 3)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [None, "float64", "float16", "bfloat16", "mixed_bfloat16"])
def test_many_numbers(dtype, activation, shape, use_bias):
    if dtype in ("float16", "bfloat16") and activation == "log_softmax":
        dtype = None
    if dtype == "float64" and not use_bias:
        dtype = None  # Keras makes float32 of it
    args = {"units": 4, "activation": activation, "use_bias": use_bias}
    check_layer("Dense", args, rand(*shape), dtype=dtype, scale_weights=1.0)


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16", "mixed_float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 3)])
def test_dtypes(dtype, shape):
    check_layer("Dense", {"units": 4, "activation": "relu"}, rand(*shape), dtype=dtype)


def test_integers():
    check_layer("Dense", {"units": 4}, rand(2, 3, low=0, high=9, dtype="int32"))


def test_penalties_and_constraints():
    def args(lib):
        return {
            "units": 4,
            "kernel_regularizer": lib.regularizers.L1L2(0.1, 0.2),
            "bias_regularizer": "l1",
            "activity_regularizer": "l2",
            "kernel_constraint": "non_neg",
            "bias_constraint": lib.constraints.MaxNorm(2.0),
            "kernel_initializer": lib.initializers.HeNormal(seed=3),
            "bias_initializer": "ones",
        }

    check_layer("Dense", args, rand(5, 3))


def test_mask_is_handed_on():
    check_layer("Dense", {"units": 4}, rand(2, 3, 5), mask=np.array([[1, 1, 0], [1, 0, 0]], bool))


def test_input_memory_order():
    x = torch.rand(4, 3).t()
    layer = torchkeras.layers.Dense(2)
    assert torch.allclose(layer(x), x.contiguous() @ layer.kernel + layer.bias)


@pytest.mark.parametrize("units", [0, -1, 1.5, None, "3"])
def test_wrong_units(units):
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match="units"):
            lib.layers.Dense(units)


@pytest.mark.parametrize(("first", "second"), [((2, 3), (2, 4)), ((2, 4), (2, 3)), ((2, 3), (3,))])
def test_wrong_shapes(first, second):
    for lib in (keras, torchkeras):
        layer = lib.layers.Dense(2)
        layer(np.ones(first, "float32"))
        with pytest.raises(ValueError, match="incompatible"):
            layer(np.ones(second, "float32"))


def test_unknown_features():
    with pytest.raises(ValueError, match="known"):
        torchkeras.layers.Dense(2).build((None, None))


@pytest.mark.parametrize("name", ["Dense", "EinsumDense"])
def test_subclass_that_passes_the_mode_on(name):
    args = (4,) if name == "Dense" else ("ab,bc->ac", 4)
    results = []
    for lib in (torchkeras, keras):

        class Doubled(getattr(lib.layers, name)):
            def call(self, inputs, training=None):
                outputs = super().call(inputs, training=training)
                return outputs * 2 if training else outputs

        layer = Doubled(*args, kernel_initializer="ones")
        x = rand(2, 3)
        results.append([layer(x), layer(x, training=True), layer(x, training=False)])
    assert_close(*results)
