"""Global pooling against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

FORMATS = ("channels_last", "channels_first")
FAMILIES = ("GlobalMaxPooling", "GlobalAveragePooling")


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_outputs(family, rank, data_format, keepdims):
    x = rand(2, *range(3, 4 + rank))
    args = {"data_format": data_format, "keepdims": keepdims}
    check_layer(f"{family}{rank}D", args, x)


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_dtypes(family, rank, dtype):
    check_layer(f"{family}{rank}D", {}, rand(2, *range(3, 4 + rank)), dtype=dtype)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_integers(family, rank):
    x = rand(2, *range(3, 4 + rank), low=0, high=9, dtype="int32")
    # Keras's symbols of integers say float32 whatever comes out.
    layer, _ = check_layer(f"{family}{rank}D", {}, x, symbolic=False)
    dtype = "int32" if family == "GlobalMaxPooling" else "float32"
    assert layer(torchkeras.Input(x.shape[1:], dtype="int32")).dtype == dtype


def test_ties_share_their_gradient_as_in_keras():
    x = np.zeros((1, 3, 3, 2), "float32")
    x[0, 0] = 1
    check_layer("GlobalMaxPooling2D", {}, x)


MASK = np.array([[True, True, False, False, True], [False, True, True, True, True]])


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "mixed_bfloat16"])
def test_average_over_the_steps_of_a_mask(data_format, keepdims, dtype):
    x = rand(2, 5, 3)
    x = x if data_format == "channels_last" else np.moveaxis(x, 1, 2).copy()
    args = {"data_format": data_format, "keepdims": keepdims}
    check_layer("GlobalAveragePooling1D", args, x, mask=MASK, dtype=dtype)


def test_a_mask_that_leaves_nothing():
    mask = np.array([[True] * 5, [False] * 5])
    check_layer("GlobalAveragePooling1D", {}, rand(2, 5, 3), mask=mask, grads=False)


def test_a_mask_carried_by_the_input():
    x = torch.rand(2, 5, 3)
    layer = torchkeras.layers.GlobalAveragePooling1D()
    layer(x)
    plain = layer(x)
    x._keras_mask = torch.tensor(MASK)
    masked = layer(x)
    assert not torch.allclose(masked, plain)
    assert getattr(masked, "_keras_mask", None) is None
    torch.testing.assert_close(masked[0], x[0, [0, 1, 4]].mean(0))


def test_other_layers_drop_the_mask():
    with pytest.warns(UserWarning, match="does not support masking"):
        check_layer("GlobalMaxPooling1D", {}, rand(2, 5, 3), mask=MASK)


def test_unknown_sizes():
    for lib in (keras, torchkeras):
        layer = lib.layers.GlobalAveragePooling2D(keepdims=True)
        assert layer.compute_output_shape((None, None, 9, 3)) == (None, 1, 1, 3)
        assert layer(lib.Input((None, None, 3))).shape == (None, 1, 1, 3)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="data_format must be one of"):
        torchkeras.layers.GlobalMaxPooling1D(data_format="x")
    with pytest.raises(ValueError, match="ndim=3"):
        torchkeras.layers.GlobalMaxPooling1D()(torch.zeros(2, 3))


def test_aliases():
    for rank in (1, 2, 3):
        for name in (f"GlobalMaxPool{rank}D", f"GlobalAvgPool{rank}D"):
            ours, theirs = getattr(torchkeras.layers, name), getattr(keras.layers, name)
            assert ours.__name__ == theirs.__name__
