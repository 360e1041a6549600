"""Cropping, zero padding and upsampling against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, rand

FORMATS = ("channels_last", "channels_first")


def image(rank: int, data_format: str = "channels_last", dtype: str = "float32") -> np.ndarray:
    spatial = tuple(range(5, 5 + rank))
    shape = (2, *spatial, 3) if data_format == "channels_last" else (2, 3, *spatial)
    if dtype.startswith("int"):
        return rand(*shape, low=-99, high=99, dtype=dtype)
    return rand(*shape, dtype=dtype)


# ------------------------------------------------------------------------- cropping and padding

AMOUNTS = {
    1: [0, 1, 2, (1, 2), (0, 1), (2, 0), [1, 1]],
    2: [0, 1, (1, 2), (0, 2), ((1, 2), (0, 1)), (1, (2, 0)), [[0, 1], [2, 0]]],
    3: [0, 1, (1, 0, 2), ((1, 2), (0, 1), (2, 0))],
}
AMOUNT_CASES = [(rank, amount) for rank, amounts in AMOUNTS.items() for amount in amounts]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(("rank", "amount"), AMOUNT_CASES)
@pytest.mark.parametrize("family", ["Cropping", "ZeroPadding"])
def test_amounts(family, rank, amount, data_format):
    args = {"cropping" if family == "Cropping" else "padding": amount}
    if (family, rank) != ("Cropping", 1):
        args["data_format"] = data_format
    elif data_format == "channels_first":
        return  # steps come first in Cropping1D
    check_layer(f"{family}{rank}D", args, image(rank, data_format))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", ["Cropping", "ZeroPadding", "UpSampling"])
def test_defaults_and_dtypes(family, rank):
    check_layer(f"{family}{rank}D", {}, image(rank))
    check_layer(f"{family}{rank}D", {}, image(rank), dtype="mixed_bfloat16")
    check_layer(f"{family}{rank}D", {}, image(rank), dtype="float64")
    # Keras's symbols of integers say float32 whatever comes out.
    layer, _ = check_layer(f"{family}{rank}D", {}, image(rank, dtype="int32"), symbolic=False)
    assert layer(torchkeras.Input(image(rank).shape[1:], dtype="int32")).dtype == "int32"
    check_layer(f"{family}{rank}D", {"name": "mine", "activity_regularizer": "l2"}, image(rank))


@pytest.mark.parametrize("family", ["Cropping", "ZeroPadding", "UpSampling"])
def test_unknown_sizes(family):
    for rank in (1, 2, 3):
        shape = (None, None, *(9,) * (rank - 1), 3)
        ours, theirs = (
            getattr(lib.layers, f"{family}{rank}D")().compute_output_shape(shape)
            for lib in (torchkeras, keras)
        )
        assert tuple(ours) == tuple(theirs)


@pytest.mark.parametrize("name", ["Cropping2D", "ZeroPadding2D"])
@pytest.mark.parametrize("amount", [-1, (1, 2, 3), ((1, 2),), "a", ((1, 2), (1, -1)), 1.5])
def test_wrong_amounts(name, amount):
    with pytest.raises(ValueError, match=r"must be an integer(, a tuple| or)"):
        getattr(torchkeras.layers, name)(amount)


@pytest.mark.parametrize("name", ["Cropping1D", "ZeroPadding1D"])
@pytest.mark.parametrize("amount", [-1, (1, 2, 3), ((1, 2), (0, 1)), "a"])
def test_wrong_amounts_of_steps(name, amount):
    with pytest.raises(ValueError, match="must be an integer or"):
        getattr(torchkeras.layers, name)(amount)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_nothing_left(rank, data_format):
    if rank == 1:
        data_format = "channels_last"
        layer = torchkeras.layers.Cropping1D(3)
    else:
        layer = getattr(torchkeras.layers, f"Cropping{rank}D")(3, data_format=data_format)
    x = torch.tensor(image(rank, data_format))
    with pytest.raises(ValueError, match="must leave at least one element"):
        layer(x)
    with pytest.raises(ValueError, match="must leave at least one element"):
        layer(torchkeras.Input(x.shape[1:]))


def test_cropping_is_a_view():
    x = torch.rand(2, 8, 8, 3)
    assert torchkeras.layers.Cropping2D(1)(x).data_ptr() == x[:, 1:, 1:].data_ptr()


# ------------------------------------------------------------------------------- upsampling


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("size", [1, 2, (2, 3), (3, 1)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_images(interpolation, size, data_format):
    args = {"size": size, "interpolation": interpolation, "data_format": data_format}
    check_layer("UpSampling2D", args, image(2, data_format))
    check_layer("UpSampling2D", args, image(2, data_format), dtype="mixed_bfloat16")


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_interpolated_integers_are_rounded(interpolation, dtype):
    x = rand(2, 5, 6, 3, low=0, high=255, dtype=dtype)
    check_layer("UpSampling2D", {"size": (3, 2), "interpolation": interpolation}, x, symbolic=False)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_steps(size):
    check_layer("UpSampling1D", {"size": size}, image(1))
    check_layer("UpSampling1D", {"size": size}, image(1, dtype="int64"), symbolic=False)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("size", [2, (1, 2, 3)])
def test_volumes(size, data_format):
    check_layer("UpSampling3D", {"size": size, "data_format": data_format}, image(3, data_format))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_channels_last_stays_so_in_memory(rank):
    x = torch.rand(2, *(4,) * rank, 8, requires_grad=True)
    y = getattr(torchkeras.layers, f"UpSampling{rank}D")()(x)
    assert y.is_contiguous()
    y.sum().backward()
    assert x.grad.is_contiguous()


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("radius", [3, 5])
def test_lanczos(radius, data_format):
    """Keras has it on other backends than torch; there it is this sum."""
    x = image(2, data_format, "float64")
    layer = torchkeras.layers.UpSampling2D((2, 3), data_format, f"lanczos{radius}", dtype="float64")
    want = x
    for axis, factor in zip(
        (1, 2) if data_format == "channels_last" else (2, 3), (2, 3), strict=True
    ):
        n = x.shape[axis]
        at = (np.arange(n * factor) + 0.5) / factor - 0.5
        distance = at[:, None] - np.arange(n)
        kernel = np.sinc(distance) * np.sinc(distance / radius) * (abs(distance) <= radius)
        kernel /= kernel.sum(1, keepdims=True)
        want = np.moveaxis(np.tensordot(kernel, want, (1, axis)), 0, axis)
    assert_close(layer(x), want)
    assert_close(layer(np.ones_like(x)), np.ones_like(want))
    config = keras.layers.UpSampling2D(2, interpolation="lanczos3").get_config()
    assert torchkeras.layers.UpSampling2D.from_config(config).interpolation == "lanczos3"


def test_wrong_arguments():
    with pytest.raises(ValueError, match="interpolation must be one of"):
        torchkeras.layers.UpSampling2D(interpolation="area")
    for size in (0, (2, 2, 2), 1.5):
        with pytest.raises(ValueError, match="size must be"):
            torchkeras.layers.UpSampling2D(size)
    for size, kind in ((0, ValueError), (-2, ValueError), ((2,), TypeError), (2.5, TypeError)):
        with pytest.raises(kind, match="size must be a"):
            torchkeras.layers.UpSampling1D(size)
