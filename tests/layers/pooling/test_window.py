"""Max and average pooling against real Keras."""

import itertools

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, rand

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


def uneven(rank, padding, pool_size, strides, size) -> bool:
    """Whether "same" needs more padding after than before in some dimension.

    There real Keras on torch averages over copies of the last element (or of the first two); on
    its other backends, and where the padding is even, zeros are left out, as they are here.
    """
    if padding == "valid":
        return False
    pools, strides = (
        (v,) * rank if isinstance(v, int) else v for v in (pool_size, strides or pool_size)
    )
    return any(
        max(k - (n % s or s), 0) % 2
        for n, k, s in zip(range(size, size + rank), pools, strides, strict=True)
    )


def averages(x, pool_size, strides):
    """Average of what each window of "same" padding has of the array, channels last."""
    for axis, (k, s) in enumerate(zip(pool_size, strides, strict=True), 1):
        n = x.shape[axis]
        before = max(k - (n % s or s), 0) // 2
        starts = range(-before, n - before, s)
        x = np.stack(
            [x.take(range(max(i, 0), min(i + k, n)), axis).mean(axis) for i in starts], axis
        )
    return x


def check(family, rank, padding, pool_size, strides, size, data_format, **kwargs):
    if family == "AveragePooling" and uneven(rank, padding, pool_size, strides, size):
        check_uneven(rank, pool_size, strides or pool_size, size, data_format)
        return
    args = {
        "pool_size": pool_size,
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
    }
    fast = {"config": False, "symbolic": False} | kwargs
    check_layer(f"{family}{rank}D", args, image(rank, size, data_format), **fast)


def check_uneven(rank, pool_size, strides, size, data_format):
    pool_size, strides = ((v,) * rank if isinstance(v, int) else v for v in (pool_size, strides))
    x = image(rank, size, "channels_last").astype("float64")
    want = averages(x, pool_size, strides)
    cls = getattr(torchkeras.layers, f"AveragePooling{rank}D")
    layer = cls(pool_size, strides, "same", data_format, dtype="float64")
    if data_format == "channels_first":
        x, want = np.moveaxis(x, -1, 1), np.moveaxis(want, -1, 1)
    given = torch.tensor(x, requires_grad=True)
    y = layer(given)
    assert_close(y, want)
    assert layer.compute_output_shape(x.shape) == want.shape
    # Each output is a mean: what it hands back to its window is as much as it gets.
    cotangent = torch.tensor(np.random.default_rng(1).random(want.shape))
    y.backward(cotangent)
    assert_close(given.grad.sum(), cotangent.sum())
    assert_close((given.grad * given).sum(), (cotangent * y).sum())


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
    args = {"pool_size": 2, "strides": 1, "padding": "same", "name": "mine", "trainable": False}
    args["activity_regularizer"] = "l2"
    check_layer(f"{family}{rank}D", args, image(rank, 4, "channels_last"))


def test_default_pool_size():
    torchkeras.config.set_legacy_mode("off")  # else as in Keras 2, with a warning
    for rank in (1, 2, 3):
        check_layer(f"MaxPooling{rank}D", {}, image(rank, 4, "channels_last"))
        with pytest.raises(TypeError, match="pool_size"):
            getattr(torchkeras.layers, f"AveragePooling{rank}D")()


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "mixed_bfloat16"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_dtypes(family, rank, dtype):
    x = rand(2, *range(4, 4 + rank), 3)
    if (family, rank) == ("AveragePooling", 3) and "bfloat16" in dtype:
        y = torchkeras.layers.AveragePooling3D(2, dtype=dtype)(x)  # real Keras raises on torch
        want = keras.layers.AveragePooling3D(2)(x)
        assert y.dtype == torch.bfloat16
        assert_close(y, want, 3e-2, 3e-2)
        return
    check_layer(f"{family}{rank}D", {"pool_size": 2}, x, dtype=dtype)


def test_integers():
    x = image(2, 4, "channels_last", "int32")
    layer, _ = check_layer("MaxPooling2D", {"padding": "same"}, x, symbolic=False)
    assert layer(torchkeras.Input((4, 4, 3), dtype="int32")).dtype == "int32"  # Keras: float32
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
