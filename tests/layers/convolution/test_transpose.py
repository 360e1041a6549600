"""Transposed convolutions against real Keras, and against the gradient that they are."""

import inspect
import itertools

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

FORMATS = ("channels_last", "channels_first")


def image(rank: int, size: int, channels: int, data_format: str) -> np.ndarray:
    spatial = tuple(size + i for i in range(rank))
    if data_format == "channels_last":
        return rand(2, *spatial, channels)
    return rand(2, channels, *spatial)


def geometry(rank, strides, dilations, kernels, sizes):
    for padding, s, d, k, n in itertools.product(
        ("valid", "same"), strides, dilations, kernels, sizes
    ):
        if s == 1 or d == 1:
            for output_padding in (None, *range(s)):
                yield rank, padding, s, d, k, n, output_padding


CASES = [
    *geometry(1, (1, 2, 3), (1, 2), (1, 2, 3, 4, 5), (4,)),
    *geometry(2, (1, 2, 3), (1, 2), (1, 2, 3), (4,)),
    *geometry(3, (1, 2), (1,), (2, 3), (3,)),
]
SWEEP = [*geometry(2, (1, 2, 3, 4), (1, 2, 3), (1, 2, 3, 4, 5, 6), (4, 5))]


def check(rank, padding, strides, dilation, kernel, size, output_padding, data_format, **kwargs):
    args = {
        "filters": 2,
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "output_padding": output_padding,
        "dilation_rate": dilation,
        "data_format": data_format,
        "kernel_initializer": "he_normal",
        "bias_initializer": "ones",
        **kwargs,
    }
    x = image(rank, size, 3, data_format)
    check_layer(f"Conv{rank}DTranspose", args, x, config=False, symbolic=False)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    ("rank", "padding", "strides", "dilation", "kernel", "size", "output_padding"), CASES
)
def test_geometry(rank, padding, strides, dilation, kernel, size, output_padding, data_format):
    check(rank, padding, strides, dilation, kernel, size, output_padding, data_format)


@pytest.mark.sweep
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    ("rank", "padding", "strides", "dilation", "kernel", "size", "output_padding"), SWEEP
)
def test_geometry_sweep(
    rank, padding, strides, dilation, kernel, size, output_padding, data_format
):
    case = (rank, padding, strides, dilation, kernel, size, output_padding, data_format)
    check(*case, activation="relu")


@pytest.mark.parametrize("activation", ["relu", "softmax", None])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_arguments(rank, activation):
    def args(lib):
        return {
            "filters": 4,
            "kernel_size": 4,
            "strides": 3,
            "padding": "same",
            "output_padding": 1 if rank == 1 else None,
            "activation": activation,
            "kernel_initializer": lib.initializers.HeNormal(seed=3),
            "kernel_regularizer": "l2",
            "bias_regularizer": "l1",
            "activity_regularizer": lib.regularizers.L1(0.2),
            "kernel_constraint": "non_neg",
            "bias_constraint": "non_neg",
            "use_bias": rank != 2,
        }

    check_layer(f"Conv{rank}DTranspose", args, image(rank, 3, 3, "channels_last"))


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_dtypes(rank, dtype):
    args = {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}
    check_layer(f"Conv{rank}DTranspose", args, image(rank, 3, 3, "channels_last"), dtype=dtype)


@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_it_is_the_gradient_of_the_convolution(padding, strides, kernel):
    up = torchkeras.layers.Conv2DTranspose(3, kernel, strides, padding, use_bias=False)
    small = torch.randn(2, 4, 4, 5)
    large = torch.zeros_like(up(small)).requires_grad_()
    down = torchkeras.layers.Conv2D(5, kernel, strides, padding, use_bias=False)
    down.build(large.shape)
    down.kernel.assign(up.kernel)
    down(large)[:, :4, :4].backward(small)
    torch.testing.assert_close(up(small).detach(), large.grad)


def test_unknown_sizes():
    for lib in (keras, torchkeras):
        layer = lib.layers.Conv2DTranspose(4, 3, strides=2)
        assert tuple(layer.compute_output_shape((None, None, 9, 3))) == (None, None, 19, 4)
        assert layer(lib.Input((None, None, 3))).shape == (None, None, None, 4)


def test_integers_are_cast():
    layer = torchkeras.layers.Conv1DTranspose(2, 3)
    assert layer(torch.ones(1, 4, 2, dtype=torch.int32)).dtype == torch.float32


def test_signatures_are_those_of_keras():
    """Output padding and data format are in another order in 3D."""
    for name in ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"):
        ours, theirs = (
            list(inspect.signature(getattr(lib.layers, name)).parameters)[:6]
            for lib in (torchkeras, keras)
        )
        assert ours == theirs
    layer = torchkeras.layers.Conv3DTranspose(2, 3, 2, "same", "channels_first", 1, 1, "relu")
    assert (layer.data_format, layer.output_padding) == ("channels_first", (1, 1, 1))
    assert layer.activation is torchkeras.activations.relu


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"filters": 0}, "filters must be a positive integer"),
        ({"strides": 2, "output_padding": 2}, "output_padding must be smaller than strides"),
        ({"strides": 2, "output_padding": (1, 1, 1)}, "output_padding must be"),
        ({"strides": 2, "dilation_rate": 2}, "exclude each other"),
        ({"padding": "causal"}, "padding must be one of"),
        ({"groups": 2}, "groups is no argument any more"),
    ],
)
def test_wrong_arguments(args, words):
    args = {"filters": 4, "kernel_size": 3, **args}
    with pytest.raises(ValueError, match=words):
        torchkeras.layers.Conv2DTranspose(**args)
    with pytest.raises(ValueError, match=r"."):
        keras.layers.Conv2DTranspose(**args)


def test_wrong_inputs():
    layer = torchkeras.layers.Conv2DTranspose(4, 3)
    with pytest.raises(ValueError, match="channels of the inputs must be known"):
        layer(torchkeras.Input((8, 8, None)))
    same = torchkeras.layers.Conv1DTranspose(4, 3, padding="same", output_padding=0)
    assert same.compute_output_shape((None, 1, 2)) == (None, 1, 4)
    with pytest.raises(ValueError, match="output would be empty"):
        torchkeras.layers.Conv1DTranspose(4, 2, padding="same", output_padding=0)(
            torch.zeros(1, 1, 2)
        )
