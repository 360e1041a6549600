import itertools

import numpy as np
import pytest
import torch
from op_check import check

import torchkeras as keras
from oracle import rand

SPATIAL = {1: (7,), 2: (7, 6), 3: (5, 6, 4)}
SIZE = {1: (3,), 2: (3, 2), 3: (2, 3, 2)}
GRID = [
    (strides, padding, data_format, dilation)
    for strides, padding, data_format, dilation in itertools.product(
        (1, 2), ("valid", "same"), ("channels_last", "channels_first"), (1, 2)
    )
]


def images(rank, channels, data_format, batch=2):
    x = rand(batch, *SPATIAL[rank], channels)
    return x if data_format == "channels_last" else np.moveaxis(x, -1, 1).copy()


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("strides", "padding", "data_format", "dilation"), GRID)
def test_conv(rank, strides, padding, data_format, dilation):
    x = images(rank, 4, data_format)
    for kernel in (rand(*SIZE[rank], 4, 3, seed=1), rand(*SIZE[rank], 2, 6, seed=1)):
        check("conv", x, kernel, strides, padding, data_format, dilation, symbols=False)
        got = keras.ops.conv(
            keras.KerasTensor((None, *x.shape[1:])), torch.tensor(kernel), strides, padding,
            data_format, dilation,
        )  # fmt: skip
        want = keras.ops.conv(torch.tensor(x), torch.tensor(kernel), strides, padding, data_format, dilation)  # fmt: skip  # noqa: E501
        assert got.shape == (None, *want.shape[1:])


@pytest.mark.parametrize("rank", [1, 2])  # Keras fails on 3D
@pytest.mark.parametrize(("strides", "padding", "data_format", "dilation"), GRID)
def test_depthwise_and_separable(rank, strides, padding, data_format, dilation):
    x = images(rank, 4, data_format)
    kernel, point = rand(*SIZE[rank], 4, 2, seed=1), rand(*(1,) * rank, 8, 5, seed=2)
    rest = (strides, padding, data_format, dilation)
    check("depthwise_conv", x, kernel, *rest, symbols=False)
    check("separable_conv", x, kernel, point, *rest, symbols=False)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("strides", "padding", "data_format", "dilation"), GRID)
def test_conv_transpose(rank, strides, padding, data_format, dilation):
    x, kernel = images(rank, 4, data_format), rand(*SIZE[rank], 3, 4, seed=1)
    for more in (None, 0) if strides == 1 else (None, 0, 1):
        args = (strides, padding, more, data_format, dilation)
        check("conv_transpose", x, kernel, *args, symbols=False)


@pytest.mark.parametrize("name", ["conv", "depthwise_conv", "conv_transpose"])
def test_unknown_sizes(name):
    shape = (3, 3, 3, 3)
    for padding in ("valid", "same"):
        for strides in (1, 2, (1, 2)):
            x, k = keras.KerasTensor((None, None, 9, 3)), keras.KerasTensor(shape)
            got = getattr(keras.ops, name)(x, k, strides, padding)
            want = getattr(keras.ops, name)(
                torch.ones(1, 9, 9, 3), torch.ones(shape), strides, padding
            )
            assert got.shape == (None, None, *want.shape[2:])


def test_mixed_and_integer_arguments():
    x, kernel = np.arange(12).reshape(1, 4, 3), rand(2, 3, 2)
    want = keras.ops.conv(x.astype("float32"), kernel)
    for out in (keras.ops.conv(x, kernel), keras.ops.conv(x.tolist(), keras.Variable(kernel))):
        torch.testing.assert_close(out.detach(), want)
    assert keras.ops.conv(x.astype("float64"), kernel).dtype is torch.float64


@pytest.mark.parametrize(
    ("name", "shapes", "options", "message"),
    [
        ("conv", [(1, 8, 3), (3, 2, 4)], {}, "must divide"),
        ("conv", [(1, 8, 3), (3, 3, 3, 4)], {}, "both as many"),
        ("conv", [(8, 3), (3, 3)], {}, "3, 4 or 5 dimensions"),
        ("conv", [(1, 8, 3), (9, 3, 4)], {}, "output would be empty"),
        ("conv", [(1, 8, 3), (3, 3, 4)], {"padding": "causal"}, "padding must be one of"),
        ("conv", [(1, 8, 3), (3, 3, 4)], {"strides": 0}, "strides must be an integer"),
        ("conv", [(1, 8, 3), (3, 3, 4)], {"data_format": "NHWC"}, "data_format"),
        ("depthwise_conv", [(1, 8, 3), (3, 2, 4)], {}, "channels, multiplier"),
        ("conv_transpose", [(1, 8, 3), (3, 4, 2)], {}, "filters, channels"),
        ("conv_transpose", [(1, 8, 3), (3, 4, 3)], {"output_padding": 1}, "smaller than strides"),
        ("separable_conv", [(1, 8, 3), (3, 3, 2), (1, 5, 4)], {}, "pointwise_kernel must have"),
    ],
)
def test_bad_arguments(name, shapes, options, message):
    for make in (torch.ones, keras.KerasTensor):
        with pytest.raises(ValueError, match=message):
            getattr(keras.ops, name)(*(make(s) for s in shapes), **options)
