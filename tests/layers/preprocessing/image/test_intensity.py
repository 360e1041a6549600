"""RandomBrightness, RandomInvert, RandomPosterization and Solarization against real Keras."""

import numpy as np
import pytest
import torch
from pixel_oracle import check_augmentation, images, pair

import torchkeras
from oracle import assert_close

SHAPES = [(2, 7, 9, 3), pytest.param((3, 4, 4, 1), marks=pytest.mark.sweep)]
RANGES = [(0, 255), (0, 1), (-1, 1)]
LAST = ("channels_last",)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [0.3, 1, 0, -0.2, (-0.3, 0.2), [0.5, 0.1], (1.0, 1.0)])
@pytest.mark.parametrize("value_range", RANGES)
def test_random_brightness(shape, factor, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    args = {"factor": factor, "value_range": value_range, "seed": 5}
    check_augmentation("RandomBrightness", args, x)


@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_random_brightness_of_integers(dtype):
    """They become floats; Keras adds in the integers' dtype, where they wrap, to the input."""
    x = torch.tensor(images(2, 4, 4, 3, dtype=dtype))
    before = x.clone()
    layer = torchkeras.layers.RandomBrightness((-0.5, -0.5))
    want = (x.float() - 127.5).clamp(0, 255)
    assert_close(layer(x), want)
    assert torch.equal(x, before)
    assert layer(x, training=False) is x


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [1.0, 0.3, 0, (0.2, 0.9), (1, 1)])
@pytest.mark.parametrize("value_range", RANGES[:2])
def test_random_invert(shape, factor, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    args = {"factor": factor, "value_range": value_range, "seed": 5}
    check_augmentation("RandomInvert", args, x)


def test_random_invert_below_zero():
    """Keras subtracts from `high` alone, which leaves the range (-1, 1)."""
    x = torch.tensor([[[-1.0, 0.5, 1.0]]])
    assert torchkeras.layers.RandomInvert((1, 1), (-1, 1))(x).tolist() == [[[1.0, -0.5, -1.0]]]


def test_random_invert_share():
    layer = torchkeras.layers.RandomInvert((0.7, 0.7), seed=3)
    chosen = layer.get_random_transformation(torch.zeros(2000, 1, 1, 3))["apply_inversion"]
    assert abs(chosen.float().mean().item() - 0.7) < 0.04


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [1, 4, 8, (2, 5), (5, 2), (3, 3), (1, 8)])
@pytest.mark.parametrize("value_range", RANGES[:2])
def test_random_posterization(shape, factor, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    args = {"factor": factor, "value_range": value_range, "seed": 5}
    check_augmentation("RandomPosterization", args, x, grads=False)


def test_random_posterization_draws():
    layer = torchkeras.layers.RandomPosterization((2, 5), seed=0)
    drawn = layer.get_random_transformation(torch.zeros(100, 1, 1, 3))["shift_factor"]
    assert drawn.dtype == torch.uint8
    assert set(drawn.tolist()) == {4, 5, 6}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("addition", "threshold"),
    [(0.0, 0.0), (0.3, 0.6), ((0.1, 0.2), (0.2, 0.5)), (1, 0), ((0, 0), (1, 1)), (0, [0.9, 0.1])],
)
@pytest.mark.parametrize("value_range", RANGES)
def test_solarization(shape, addition, threshold, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    args = {
        "addition_factor": addition,
        "threshold_factor": threshold,
        "value_range": value_range,
        "seed": 2,
    }
    check_augmentation("Solarization", args, x)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("RandomInvert", {"factor": (0.5, 1)}),
        ("RandomPosterization", {"factor": 4}),
        ("Solarization", {"addition_factor": 0.3, "threshold_factor": 0.5}),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integers(name, args, dtype):
    x = images(2, 6, 7, 3, dtype=dtype)
    check_augmentation(name, args, x, formats=LAST)
    ours, theirs = pair(name, args)
    got, want = (layer(torch.tensor(x), training=False) for layer in (ours, theirs))
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("RandomBrightness", {"factor": 0.3}),
        ("RandomInvert", {"factor": (0.5, 1)}),
        ("RandomPosterization", {"factor": 4}),
        ("Solarization", {"addition_factor": 0.3}),
    ],
)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision(name, args, dtype):
    # Whole numbers: where a step is cut off, the last bit decides.
    x = np.floor(images(2, 6, 7, 3))
    check_augmentation(name, args, x, formats=LAST, dtype=dtype, grads=False, exchange=False)


@pytest.mark.parametrize(
    ("name", "factor", "bounds"),
    [
        ("RandomBrightness", 2, r"\[-1, 1\]"),
        ("RandomBrightness", (2, 3), r"\[-1, 1\]"),
        ("RandomBrightness", "a", r"\[-1, 1\]"),
        ("RandomInvert", -0.1, r"\[0, 1\]"),
        ("RandomPosterization", 0, r"\[1, 8\]"),
        ("RandomPosterization", 9, r"\[1, 8\]"),
    ],
)
def test_bad_factor(name, factor, bounds):
    with pytest.raises(ValueError, match=f"{name}: factor must be .* in the range {bounds}"):
        getattr(torchkeras.layers, name)(factor)


def test_bad_arguments():
    layers = torchkeras.layers
    with pytest.raises(ValueError, match="RandomPosterization: factor must be whole numbers"):
        layers.RandomPosterization(2.5)
    with pytest.raises(ValueError, match="Solarization: addition_factor must be a number"):
        layers.Solarization((0.1, 3))
    with pytest.raises(ValueError, match="Solarization: threshold_factor must be a number"):
        layers.Solarization(0.1, -1)
    with pytest.raises(ValueError, match="seed must be an integer"):
        layers.Solarization(seed="a")
