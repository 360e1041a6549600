"""Separable convolutions against real Keras."""

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


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    ("padding", "strides", "dilation", "kernel", "multiplier"),
    [*itertools.product(("valid", "same"), (1, 2, 3), (1, 2), (2, 3), (1, 2))],
)
@pytest.mark.parametrize("rank", [1, 2])
def test_geometry(rank, padding, strides, dilation, kernel, multiplier, data_format):
    args = {
        "filters": 4,
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "depth_multiplier": multiplier,
        "dilation_rate": dilation,
        "data_format": data_format,
        "bias_initializer": "ones",
    }
    x = image(rank, 6, 3, data_format)
    check_layer(f"SeparableConv{rank}D", args, x, config=False, symbolic=False)


@pytest.mark.parametrize("activation", ["relu", "softmax", None])
@pytest.mark.parametrize("rank", [1, 2])
def test_arguments(rank, activation):
    def args(lib):
        return {
            "filters": 4,
            "kernel_size": 3,
            "activation": activation,
            "depthwise_initializer": lib.initializers.HeNormal(seed=3),
            "pointwise_initializer": lib.initializers.HeNormal(seed=4),
            "depthwise_regularizer": "l2",
            "pointwise_regularizer": "l1",
            "bias_regularizer": "l1",
            "activity_regularizer": lib.regularizers.L1(0.2),
            "depthwise_constraint": "non_neg",
            "pointwise_constraint": "unit_norm",
            "bias_constraint": "non_neg",
            "use_bias": rank != 2,
        }

    check_layer(f"SeparableConv{rank}D", args, image(rank, 5, 3, "channels_last"))


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
@pytest.mark.parametrize("rank", [1, 2])
def test_dtypes(rank, dtype):
    args = {"filters": 4, "kernel_size": 3, "depth_multiplier": 2}
    check_layer(f"SeparableConv{rank}D", args, image(rank, 5, 3, "channels_last"), dtype=dtype)


@pytest.mark.parametrize("strides", [(1, 2), (3, 2)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_strides_may_differ(padding, strides):
    args = {"filters": 2, "kernel_size": (2, 3), "strides": strides, "padding": padding}
    check_layer("SeparableConv2D", args, image(2, 7, 3, "channels_last"))


def test_unknown_sizes():
    for lib in (keras, torchkeras):
        layer = lib.layers.SeparableConv2D(4, 3, padding="same", strides=2)
        assert tuple(layer.compute_output_shape((None, None, 9, 3))) == (None, None, 5, 4)
        assert layer(lib.Input((None, None, 3))).shape == (None, None, None, 4)


def test_memory_and_integers():
    layer = torchkeras.layers.SeparableConv2D(8, 3)
    assert layer(torch.rand(2, 8, 8, 16)).is_contiguous()
    assert layer(torch.ones(2, 8, 8, 16, dtype=torch.uint8)).dtype == torch.float32


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"filters": 0}, "filters must be a positive integer"),
        ({"depth_multiplier": 0}, "depth_multiplier must be a positive integer"),
        ({"padding": "causal"}, "padding must be one of"),
    ],
)
def test_wrong_arguments(args, words):
    args = {"filters": 2, "kernel_size": 3, **args}
    with pytest.raises(ValueError, match=words):
        torchkeras.layers.SeparableConv2D(**args)
    with pytest.raises(ValueError, match=r"."):
        keras.layers.SeparableConv2D(**args)
