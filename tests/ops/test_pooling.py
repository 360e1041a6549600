import itertools

import numpy as np
import pytest
import torch
from op_check import check

import torchkeras as keras
from oracle import rand

SPATIAL = {1: (7,), 2: (7, 6), 3: (5, 6, 4)}
GRID = list(
    itertools.product(
        (1, 2, 3), (None, 1, 2), ("valid", "same"), ("channels_last", "channels_first")
    )
)


def images(rank, data_format):
    x = rand(2, *SPATIAL[rank], 3)
    return x if data_format == "channels_last" else np.moveaxis(x, -1, 1).copy()


@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
@pytest.mark.parametrize(("rank", "strides", "padding", "data_format"), GRID)
def test_pool(name, rank, strides, padding, data_format):
    x = images(rank, data_format)
    for size in (2, 3, tuple(range(1, rank + 1))):
        if (name, padding) != ("average_pool", "same"):
            check(name, x, size, strides, padding, data_format)
            continue
        # Keras averages copies of the edge in; the layer is held to NumPy.
        layer = getattr(keras.layers, f"AveragePooling{rank}D")
        got = keras.ops.average_pool(x, size, strides, padding, data_format)
        torch.testing.assert_close(got, layer(size, strides, padding, data_format)(x))


@pytest.mark.parametrize("name", ["adaptive_max_pool", "adaptive_average_pool"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_adaptive(name, rank, data_format):
    x = images(rank, data_format)
    for size in (1, 2, 3, (2,) * rank, tuple(range(1, rank + 1))):
        # Symbols have wrong shapes in Keras.
        check(name, x, size, data_format, symbols=False)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_unknown_sizes(padding):
    for name in ("max_pool", "average_pool"):
        got = getattr(keras.ops, name)(keras.KerasTensor((None, None, 9, 3)), 2, 3, padding)
        assert got.shape == (None, None, 3, 3)
    got = keras.ops.adaptive_max_pool(keras.KerasTensor((None, None, None, 3)), 2)
    assert got.shape == (None, 2, 2, 3)


def test_integers():
    x = torch.arange(8).reshape(1, 4, 2)
    assert keras.ops.max_pool(x, 2).tolist() == [[[2, 3], [6, 7]]]
    assert keras.ops.average_pool(x, 2).tolist() == [[[1.0, 2.0], [5.0, 6.0]]]
    assert keras.ops.adaptive_average_pool(x, 1).tolist() == [[[3.0, 4.0]]]


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("max_pool", (2, 3), {"pool_size": 2}, "3, 4 or 5 dimensions"),
        ("max_pool", (2, 3, 4), {"pool_size": 5}, "output would be empty"),
        ("max_pool", (2, 3, 4), {"pool_size": 0}, "pool_size must be an integer"),
        ("average_pool", (2, 3, 4), {"pool_size": (1, 2)}, "pool_size must be an integer"),
        ("average_pool", (2, 3, 4), {"pool_size": 1, "padding": "x"}, "padding must be one of"),
        ("adaptive_max_pool", (2, 3, 4), {"output_size": 0}, "output_size must be an integer"),
    ],
)
def test_bad_arguments(name, shape, options, message):
    for make in (torch.ones, keras.KerasTensor):
        with pytest.raises(ValueError, match=message):
            getattr(keras.ops, name)(make(shape), **options)
