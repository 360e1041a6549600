"""Adaptive pooling against real Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

FORMATS = ("channels_last", "channels_first")
FAMILIES = ("AdaptiveMaxPooling", "AdaptiveAveragePooling")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 9])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_output_sizes(family, rank, size, data_format):
    spatial = tuple(range(7, 7 + rank))
    x = rand(2, *spatial, 3) if data_format == "channels_last" else rand(2, 3, *spatial)
    args = {"output_size": size, "data_format": data_format}
    check_layer(f"{family}{rank}D", args, x, config=size == 2, symbolic=size == 2)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_dimension_has_its_own_size(family):
    check_layer(f"{family}2D", {"output_size": (2, 5)}, rand(2, 7, 8, 3))
    check_layer(f"{family}3D", {"output_size": (2, 3, 1)}, rand(1, 4, 5, 6, 3))
    check_layer(f"{family}1D", {"output_size": (3,)}, rand(1, 4, 3))


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_dtypes(family, rank, dtype):
    check_layer(f"{family}{rank}D", {"output_size": 2}, rand(2, *range(4, 5 + rank)), dtype=dtype)


def test_unknown_sizes():
    for lib in (keras, torchkeras):
        layer = lib.layers.AdaptiveAveragePooling2D(3)
        assert layer.compute_output_shape((None, None, 5, 4)) == (None, 3, 3, 4)
        assert layer(lib.Input((None, None, 4))).shape == (None, 3, 3, 4)


def test_integers_and_memory():
    layer = torchkeras.layers.AdaptiveAveragePooling2D(2)
    assert layer(torch.ones(1, 4, 4, 3, dtype=torch.int32)).dtype == torch.float32
    assert layer(torch.rand(1, 4, 4, 3)).is_contiguous()


@pytest.mark.parametrize("size", [0, "a", (1, 2, 3), (2, None)])
def test_wrong_arguments(size):
    with pytest.raises(ValueError, match="output_size must be"):
        torchkeras.layers.AdaptiveMaxPooling2D(size)
