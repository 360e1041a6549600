"""RandomGaussianBlur and RandomSharpness against real Keras."""

import pytest
import torch
from pixel_oracle import check_augmentation, images, pair

import torchkeras
from oracle import assert_close

SHAPES = [(2, 9, 12, 3), pytest.param((3, 6, 5, 1), marks=pytest.mark.sweep)]
RANGES = [(0, 255), (0, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "args",
    [
        {},
        {"factor": (1, 1)},
        {"factor": 0},
        {"factor": (0.8, 1), "kernel_size": 5, "sigma": (0.3, 0.9)},
        {"factor": (1, 1), "kernel_size": (3, 3), "sigma": (1, 2)},
        {"factor": (0.5, 0.9), "kernel_size": [7, 7], "sigma": 0.5},
        {"factor": (1, 1), "kernel_size": 1},
        {"factor": (1, 1), "sigma": 0},
    ],
)
@pytest.mark.parametrize("value_range", RANGES)
def test_random_gaussian_blur(shape, args, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    check_augmentation("RandomGaussianBlur", args | {"value_range": value_range, "seed": 4}, x)


@pytest.mark.parametrize("kernel_size", [(1, 3), (5, 3), (3, 7)])
def test_kernels_that_are_not_square(kernel_size):
    """Keras fails on them: height and width of the kernel, held to two blurs of one axis."""
    args = {"factor": (1, 1), "sigma": (0.6, 0.6)}
    x = torch.tensor(images(2, 8, 9, 3))
    make = torchkeras.layers.RandomGaussianBlur
    high, wide = kernel_size
    steps = make(kernel_size=(high, 1), **args)(make(kernel_size=(1, wide), **args)(x))
    assert_close(make(kernel_size=kernel_size, **args)(x), steps)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [0.3, 1, 0, (0.1, 0.5), [0.9, 0.6], (0.5, 0.5), (1.0, 1.0), 0.7])
@pytest.mark.parametrize("value_range", RANGES)
def test_random_sharpness(shape, factor, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    args = {"factor": factor, "value_range": value_range, "seed": 4}
    # Pixels that come to an end of the range by rounding have a gradient on one side only.
    check_augmentation("RandomSharpness", args, x, grads=factor != (0.5, 0.5))


CASES = [("RandomGaussianBlur", {"factor": (1, 1)}), ("RandomSharpness", {"factor": 0.8})]


@pytest.mark.parametrize(("name", "args"), CASES)
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integers(name, args, dtype):
    x = images(2, 6, 7, 3, dtype=dtype)
    check_augmentation(name, args, x)
    ours, theirs = pair(name, args)
    got, want = (layer(torch.tensor(x), training=False) for layer in (ours, theirs))
    assert got.dtype == want.dtype == torch.float32
    assert_close(got, want)


@pytest.mark.parametrize(("name", "args"), CASES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision(name, args, dtype):
    x = images(2, 6, 7, 3)
    formats = ("channels_last",)
    check_augmentation(name, args, x, formats=formats, dtype=dtype, grads=False, exchange=False)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"factor": 2}, r"factor must be .* in the range \[0, 1\]"),
        ({"kernel_size": 2}, "kernel_size must be odd"),
        ({"kernel_size": (3, 4)}, "kernel_size must be odd"),
        ({"kernel_size": -3}, "kernel_size must be an integer or a tuple of 2 integers"),
        ({"kernel_size": 3.5}, "kernel_size must be an integer or a tuple of 2 integers"),
        ({"sigma": 3}, r"sigma must be .* in the range \[0, 1\]"),
        ({"sigma": "a"}, "sigma must be a number"),
        ({"value_range": (1, 1)}, "the two numbers of value_range must differ"),
    ],
)
def test_bad_arguments(args, text):
    with pytest.raises(ValueError, match=f"RandomGaussianBlur: {text}"):
        torchkeras.layers.RandomGaussianBlur(**args)


def test_bad_sharpness():
    with pytest.raises(ValueError, match=r"RandomSharpness: factor must be .*\[0, 1\]"):
        torchkeras.layers.RandomSharpness(-0.2)
