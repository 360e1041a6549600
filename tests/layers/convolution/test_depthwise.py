"""Depthwise convolutions against real Keras."""

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


def geometry(strides, dilations, kernels, sizes, multipliers):
    for padding, s, d, k, n, m in itertools.product(
        ("valid", "same"), strides, dilations, kernels, sizes, multipliers
    ):
        if padding != "valid" or d * (k - 1) < n:
            yield padding, s, d, k, n, m


def check(rank, padding, strides, dilation, kernel, size, multiplier, data_format):
    args = {
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "depth_multiplier": multiplier,
        "dilation_rate": dilation,
        "data_format": data_format,
        "bias_initializer": "ones",
    }
    x = image(rank, size, 3, data_format)
    check_layer(f"DepthwiseConv{rank}D", args, x, config=False, symbolic=False)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    ("padding", "strides", "dilation", "kernel", "size", "multiplier"),
    [*geometry((1, 2, 3), (1, 2), (2, 3), (6,), (1, 2))],
)
@pytest.mark.parametrize("rank", [1, 2])
def test_geometry(rank, padding, strides, dilation, kernel, size, multiplier, data_format):
    check(rank, padding, strides, dilation, kernel, size, multiplier, data_format)


@pytest.mark.sweep
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    ("padding", "strides", "dilation", "kernel", "size", "multiplier"),
    [*geometry((1, 2, 3), (1, 2, 3), (1, 2, 3, 4, 5), (7, 8), (1, 3))],
)
@pytest.mark.parametrize("rank", [1, 2])
def test_geometry_sweep(rank, padding, strides, dilation, kernel, size, multiplier, data_format):
    check(rank, padding, strides, dilation, kernel, size, multiplier, data_format)


@pytest.mark.parametrize("activation", ["relu", "softmax", None])
@pytest.mark.parametrize("rank", [1, 2])
def test_arguments(rank, activation):
    def args(lib):
        return {
            "kernel_size": 3,
            "activation": activation,
            "depthwise_initializer": lib.initializers.HeNormal(seed=3),
            "depthwise_regularizer": "l2",
            "bias_regularizer": "l1",
            "activity_regularizer": lib.regularizers.L1(0.2),
            "depthwise_constraint": "non_neg",
            "bias_constraint": "non_neg",
            "use_bias": rank != 2,
        }

    check_layer(f"DepthwiseConv{rank}D", args, image(rank, 5, 3, "channels_last"))


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
@pytest.mark.parametrize("rank", [1, 2])
def test_dtypes(rank, dtype):
    args = {"kernel_size": 3, "depth_multiplier": 2}
    check_layer(f"DepthwiseConv{rank}D", args, image(rank, 5, 3, "channels_last"), dtype=dtype)


@pytest.mark.parametrize("strides", [(1, 2), (2, 1), (3, 2)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_strides_may_differ(padding, strides):
    args = {"kernel_size": (2, 3), "strides": strides, "padding": padding}
    check_layer("DepthwiseConv2D", args, image(2, 7, 3, "channels_last"))


def test_unknown_sizes():
    for lib in (keras, torchkeras):
        layer = lib.layers.DepthwiseConv2D(3, depth_multiplier=2)
        assert tuple(layer.compute_output_shape((None, None, 9, 3))) == (None, None, 7, 6)
        assert layer(lib.Input((None, None, 3))).shape == (None, None, None, 6)


def test_memory_and_integers():
    layer = torchkeras.layers.DepthwiseConv2D(3)
    assert layer(torch.rand(2, 8, 8, 16)).is_contiguous()
    assert layer(torch.ones(2, 8, 8, 16, dtype=torch.uint8)).dtype == torch.float32


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"depth_multiplier": 0}, "depth_multiplier must be a positive integer"),
        ({"padding": "causal"}, "padding must be one of"),
        ({"kernel_size": (1, 2, 3)}, "kernel_size must be"),
    ],
)
def test_wrong_arguments(args, words):
    args = {"kernel_size": 3, **args}
    with pytest.raises(ValueError, match=words):
        torchkeras.layers.DepthwiseConv2D(**args)
    with pytest.raises(ValueError, match=r"."):
        keras.layers.DepthwiseConv2D(**args)


def test_wrong_inputs():
    layer = torchkeras.layers.DepthwiseConv2D(3)
    with pytest.raises(ValueError, match="channels of the inputs must be known"):
        layer(torchkeras.Input((8, 8, None)))
    with pytest.raises(ValueError, match="output would be empty"):
        layer(torch.zeros(1, 2, 8, 3))
