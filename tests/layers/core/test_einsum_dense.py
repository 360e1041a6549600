"""EinsumDense against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, rand

FORMS = [
    ("ab,bc->ac", 4, "c", (2, 3)),
    ("ab,bc->ac", 4, None, (2, 3)),
    ("abc,cd->abd", (None, 4), "d", (2, 5, 3)),
    ("abc,cd->abd", (5, 4), "bd", (2, 5, 3)),
    ("abc,cd->abd", (5, 4), "b", (2, 5, 3)),
    ("abc,cde->abde", (None, 2, 4), "de", (2, 5, 3)),
    ("abc,cde->abde", (None, 2, 4), "e", (2, 5, 3)),
    ("abcd,cde->abe", (None, 6), "e", (2, 3, 4, 5)),
    ("abc,bcd->ad", 3, "d", (2, 4, 5)),
    ("abc,acd->abd", (None, 3), "d", (2, 4, 5)),
    ("abc,cd->adb", (4, 5), "d", (2, 5, 3)),
    ("abc,dc->abd", (None, 4), "d", (2, 5, 3)),
    ("ab,ab->a", (), None, (2, 3)),
    ("ab,b->ab", 3, "b", (2, 3)),
    ("...x,xy->...y", 4, "y", (2, 3)),
    ("...x,xy->...y", 4, "y", (2, 5, 3)),
    ("...xy,xyz->...z", 4, "z", (2, 5, 6, 3)),
    ("ax...,xy->ay...", (4,), "y", (2, 3, 5)),
]


@pytest.mark.parametrize(("equation", "output_shape", "bias_axes", "shape"), FORMS)
def test_numbers(equation, output_shape, bias_axes, shape):
    args = {
        "equation": equation,
        "output_shape": output_shape,
        "bias_axes": bias_axes,
        "bias_initializer": "ones",
    }
    batch_in_kernel = equation.startswith(("ab,ab", "abc,acd"))
    # None in output_shape: we take the input's size where it is known, Keras does not.
    open_ended = isinstance(output_shape, tuple) and None in output_shape
    check_layer(
        "EinsumDense",
        args,
        rand(*shape),
        symbolic=not batch_in_kernel and not open_ended,
        shapes=not batch_in_kernel and not open_ended,
    )


@pytest.mark.parametrize(("equation", "output_shape", "bias_axes", "shape"), FORMS)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_initial_kernel(mode, equation, output_shape, bias_axes, shape):
    def kernel(package):
        scaled = package.initializers.VarianceScaling(2.0, mode, "uniform", seed=3)
        layer = package.layers.EinsumDense(equation, output_shape, kernel_initializer=scaled)
        layer.build(shape)
        assert layer.kernel_initializer is scaled
        return layer.kernel

    assert_close(kernel(torchkeras), kernel(keras))


def test_initial_kernel_with_axes_of_its_own():
    def kernel(package, **axes):
        scaled = package.initializers.HeUniform(seed=3, **axes)
        layer = package.layers.EinsumDense("abc,cde->abde", (5, 2, 4), kernel_initializer=scaled)
        layer.build((2, 5, 3))
        return layer.kernel

    for axes in ({"input_axes": [0, 1], "output_axes": [2]}, {"input_axes": [0, 1]}):
        assert_close(kernel(torchkeras, **axes), kernel(keras, **axes))


def test_open_sizes_are_the_inputs():
    layer = torchkeras.layers.EinsumDense("abc,cd->abd", (None, 4))
    assert layer.compute_output_shape((None, 5, 3)) == (None, 5, 4)
    assert layer.compute_output_shape((None, None, 3)) == (None, None, 4)


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
@pytest.mark.parametrize("activation", [None, "relu", "softmax"])
def test_activation_and_dtype(activation, dtype):
    args = {"equation": "abc,cd->abd", "output_shape": (5, 4), "bias_axes": "d"}
    check_layer("EinsumDense", {**args, "activation": activation}, rand(2, 5, 3), dtype=dtype)


def test_penalties_and_constraints():
    args = {
        "equation": "ab,bc->ac",
        "output_shape": 4,
        "bias_axes": "c",
        "kernel_regularizer": "l1",
        "bias_regularizer": "l2",
        "activity_regularizer": "l2",
        "kernel_constraint": "non_neg",
        "bias_constraint": "unit_norm",
        "bias_initializer": "ones",
    }
    check_layer("EinsumDense", args, rand(2, 3))


WRONG = [
    ("ab,bc", 4, None, (2, 3)),
    ("ab,bc->ac->d", 4, None, (2, 3)),
    ("abc,cd->abd", (9, 4), None, (2, 5, 3)),
    ("ab,bc->ac", 4, "z", (2, 3)),
    ("ab,bc->ad", 4, None, (2, 3)),
]


@pytest.mark.parametrize(("equation", "output_shape", "bias_axes", "shape"), WRONG)
def test_wrong_arguments(equation, output_shape, bias_axes, shape):
    for lib, error in (keras, (ValueError, RuntimeError)), (torchkeras, ValueError):
        with pytest.raises(error):
            lib.layers.EinsumDense(equation, output_shape, bias_axes=bias_axes)(np.ones(shape))


def test_wrong_rank():
    with pytest.raises(ValueError, match="does not fit"):
        torchkeras.layers.EinsumDense("abc,cd->abd", (None, 4))(torch.ones(2, 3))
