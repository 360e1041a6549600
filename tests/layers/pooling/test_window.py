"""Max and average pooling against real Keras."""

import itertools

import keras
import numpy as np
import pytest
import torch
import torchkeras
from oracle import check_layer, rand

FORMATS = ("channels_last", "channels_first")
FAMILIES = ("MaxPooling", "AveragePooling")


def image(rank: int, size: int, data_format: str, dtype: str = "float32") -> np.ndarray:
    """A batch in which no value comes twice, so that each window has one largest."""
    spatial = tuple(size + i for i in range(rank))
    shape = (2, *spatial, 3) if data_format == "channels_last" else (2, 3, *spatial)
    values = np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape)
    return values.astype(dtype) if dtype.startswith("int") else (values / 10 - 9).astype(dtype)


def geometry(pools, strides, sizes):
    for padding, k, s, n in itertools.product(("valid", "same"), pools, strides, sizes):
        if padding == "same" or k <= n:
            yield padding, k, s, n


CASES = [
    *((1, *c) for c in geometry((1, 2, 3, 4, 5), (None, 1, 2, 3), (5, 6))),
    *((2, *c) for c in geometry((1, 2, 3, 4), (None, 1, 2, 3), (5,))),
    *((3, *c) for c in geometry((2, 3), (None, 1, 2), (4,))),
]
SWEEP = [
    *((2, *c) for c in geometry((1, 2, 3, 4, 5, 6), (None, 1, 2, 3, 4), (1, 4, 6, 7))),
    *((3, *c) for c in geometry((1, 2, 3, 4), (None, 1, 2, 3), (4, 5, 6))),
]


def check(family, rank, padding, pool_size, strides, size, data_format, **kwargs):
    args = {
        "pool_size": pool_size,
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
    }
    fast = {"config": False, "symbolic": False} | kwargs
    check_layer(f"{family}{rank}D", args, image(rank, size, data_format), **fast)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(("rank", "padding", "pool_size", "strides", "size"), CASES)
@pytest.mark.parametrize("family", FAMILIES)
def test_geometry(family, rank, padding, pool_size, strides, size, data_format):
    check(family, rank, padding, pool_size, strides, size, data_format)


@pytest.mark.sweep
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(("rank", "padding", "pool_size", "strides", "size"), SWEEP)
@pytest.mark.parametrize("family", FAMILIES)
def test_geometry_sweep(family, rank, padding, pool_size, strides, size, data_format):
    check(family, rank, padding, pool_size, strides, size, data_format)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("pool_size", "strides"),
    [((2, 3), None), ((2, 4), (1, 1)), ((3, 2), (2, 1)), ((1, 4), (3, 1)), (2, (1, 2))],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_each_dimension_has_its_own_arguments(family, pool_size, strides, padding, data_format):
    case = (family, 2, padding, pool_size, strides, 6, data_format)
    check(*case, config=True, symbolic=True)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_arguments(family, rank):
    args = {"pool_size": 2, "strides": 1, "padding": "SAME", "name": "mine", "trainable": False}
    args["activity_regularizer"] = "l2"
    check_layer(f"{family}{rank}D", args, image(rank, 4, "channels_last"))


def test_default_pool_size():
    for rank in (1, 2, 3):
        check_layer(f"MaxPooling{rank}D", {}, image(rank, 4, "channels_last"))
        with pytest.raises(TypeError, match="pool_size"):
            getattr(torchkeras.layers, f"AveragePooling{rank}D")()


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "mixed_bfloat16"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_dtypes(family, rank, dtype):
    x = rand(2, *range(4, 4 + rank), 3)
    check_layer(f"{family}{rank}D", {"pool_size": 2}, x, dtype=dtype)


def test_integers():
    x = image(2, 4, "channels_last", "int32")
    check_layer("MaxPooling2D", {"padding": "same"}, x)
    average = torchkeras.layers.AveragePooling2D(2)  # real Keras raises on torch
    y = average(x)
    assert y.dtype == torch.float32
    assert float(y[0, 0, 0, 0]) == x[0, :2, :2, 0].mean()
    assert average(torchkeras.Input((4, 4, 3), dtype="int32")).dtype == "float32"


def test_ties_share_their_gradient_as_in_keras():
    check_layer("MaxPooling2D", {}, np.ones((1, 4, 4, 1), "float32"))


def test_unknown_sizes():
    for lib in (keras, torchkeras):
        layer = lib.layers.MaxPooling2D(2, padding="same")
        assert layer.compute_output_shape((None, None, 9, 3)) == (None, None, 5, 3)
        assert layer(lib.Input((None, None, 3))).shape == (None, None, None, 3)


def test_a_mask_ends_here():
    x = rand(2, 4, 3)
    mask = np.array([[True, True, False, False], [True] * 4])
    with pytest.warns(UserWarning, match="does not support masking"):
        check_layer("MaxPooling1D", {}, x, mask=mask)


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_channels_last_stays_so_in_memory(family, rank, strides):
    x = torch.rand(2, *(6,) * rank, 8, requires_grad=True)
    y = getattr(torchkeras.layers, f"{family}{rank}D")(3, strides, "same")(x)
    assert y.is_contiguous()
    y.sum().backward()
    assert x.grad.is_contiguous()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"pool_size": 0}, "pool_size must be"),
        ({"pool_size": (2, 2, 2)}, "pool_size must be"),
        ({"strides": 0}, "strides must be"),
        ({"padding": "causal"}, "padding must be one of 'valid', 'same'"),
        ({"data_format": "NHWC"}, "data_format must be one of"),
    ],
)
def test_wrong_arguments(args, words):
    with pytest.raises(ValueError, match=words):
        torchkeras.layers.MaxPooling2D(**args)


def test_wrong_inputs():
    layer = torchkeras.layers.MaxPooling2D(9)
    with pytest.raises(ValueError, match="output would be empty"):
        layer(torchkeras.Input((8, 9, 3)))
    with pytest.raises(RuntimeError, match="Output size is too small"):
        layer(torch.zeros(1, 8, 9, 3))
    with pytest.raises(ValueError, match="ndim=4"):
        layer(torch.zeros(1, 8, 9))


def test_aliases():
    for rank in (1, 2, 3):
        for name in (f"MaxPool{rank}D", f"AvgPool{rank}D"):
            ours, theirs = getattr(torchkeras.layers, name), getattr(keras.layers, name)
            assert ours.__name__ == theirs.__name__
