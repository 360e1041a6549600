"""Equalization and CLAHE against real Keras."""

import numpy as np
import pytest
import torch
from pixel_oracle import check_augmentation, images, pair, to_channels_first

import torchkeras
from oracle import assert_close, check_config

CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"
RANGES = [(0, 255), (0, 1), (-1, 1)]


def dark(*shape: int, value_range=(0, 255), dtype="float32", seed=0):
    """Images with uneven histograms."""
    low, high = value_range
    x = images(*shape, seed=seed, low=0, high=1) ** 3
    return (low + (high - low) * 0.8 * x).astype(dtype)


@pytest.mark.parametrize("bins", [256, 64, 2, 300, 1])
@pytest.mark.parametrize("value_range", RANGES)
@pytest.mark.parametrize(
    "shape",
    [
        (3, 8, 6, 3),
        pytest.param((1, 9, 9, 1), marks=pytest.mark.sweep),
        pytest.param((1, 16, 17, 3), marks=pytest.mark.sweep),
    ],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_equalization(bins, value_range, shape, data_format):
    """Image by image, as Keras counts all images of a batch together."""
    args = {"bins": bins, "value_range": value_range, "data_format": data_format}
    ours, theirs = pair("Equalization", args)
    check_config(ours, theirs)
    check_config(type(ours).from_config(theirs.get_config()), theirs)
    x = dark(*shape, value_range=value_range)
    x = to_channels_first(x) if data_format == "channels_first" else x
    got = ours(torch.tensor(x))
    for i in range(len(x)):
        want = theirs(torch.tensor(x[i]))
        assert_close(got[i], want, what=f"image {i}")
        assert_close(ours(torch.tensor(x[i])), want, what="one image")
    assert torch.equal(ours(torch.tensor(x), training=False), torch.tensor(x))


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_equalization_of_integers(dtype):
    ours, theirs = pair("Equalization", {})
    x = torch.tensor(dark(1, 16, 16, 3, dtype=dtype))
    for training in (True, False):
        got, want = ours(x, training=training), theirs(x, training=training)
        assert got.dtype == want.dtype
        assert_close(got, want)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_equalization_in_low_precision(dtype):
    ours, theirs = pair("Equalization", {}, dtype=dtype)
    x = torch.tensor(dark(1, 16, 16, 3, dtype="uint8"))
    got, want = ours(x), theirs(x)
    assert got.dtype == want.dtype
    assert_close(got, want, 1e-2, 1e-2)


def test_equalization_of_one_value():
    ours, theirs = pair("Equalization", {})
    x = torch.full((1, 4, 4, 3), 7.0)
    assert_close(ours(x), theirs(x))
    assert torch.equal(ours(x), x)


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"tile_grid_size": (2, 3)},
        {"tile_grid_size": (1, 1), "clip_limit": 2.5},
        {"tile_grid_size": [3, 2], "clip_limit": 40},
        {"tile_grid_size": (5, 5), "clip_limit": 10.0},
        {"clip_limit": 0},
        {"clip_limit": -1.0, "tile_grid_size": (4, 4)},
        {"clip_limit": 1000.0, "tile_grid_size": (2, 2)},
    ],
)
@pytest.mark.parametrize("value_range", RANGES[:2])
@pytest.mark.parametrize(
    "shape", [(2, 17, 18, 3), pytest.param((2, 33, 40, 1), marks=pytest.mark.sweep)]
)
def test_clahe(args, value_range, shape):
    args = args | {"value_range": value_range}
    check_augmentation(CLAHE, args, dark(*shape, value_range=value_range), grads=False)


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize("clip_limit", [4.0, 40.0, 0])
def test_clahe_of_integers(dtype, clip_limit):
    args = {"clip_limit": clip_limit, "tile_grid_size": (3, 2)}
    x = dark(2, 20, 21, 3, dtype=dtype)
    check_augmentation(CLAHE, args, x)
    ours, theirs = pair(CLAHE, args)
    got, want = (layer(torch.tensor(x), training=False) for layer in (ours, theirs))
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


def test_clahe_in_low_precision():
    ours = pair(CLAHE, {"value_range": (0, 1)}, dtype="float16")[0]
    x = torch.tensor(dark(1, 16, 16, 3, value_range=(0, 1)))
    out = ours(x)
    assert out.dtype == torch.float16
    assert_close(out, pair(CLAHE, {"value_range": (0, 1)})[0](x.half().float()), 4e-3, 4e-3)


def test_clahe_evens_out_a_dark_corner():
    x = torch.linspace(0, 255, 64).repeat(64, 1)
    x = (x * torch.linspace(0.2, 1, 64)[:, None])[..., None]
    out = torchkeras.layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=40)(x)
    assert out[:8].std() > 1.5 * x[:8].std()


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        ("Equalization", {"value_range": 3}, "value_range must be a list of two numbers"),
        ("Equalization", {"value_range": (0, 1, 2)}, "value_range must be a list of two numbers"),
        ("Equalization", {"bins": 0}, "bins must be a positive integer"),
        ("Equalization", {"bins": 2.5}, "bins must be a positive integer"),
        (CLAHE, {"value_range": "ab"}, "value_range must be a list of two numbers"),
        (CLAHE, {"tile_grid_size": (0, 8)}, "tile_grid_size must be an integer or a tuple"),
        (CLAHE, {"clip_limit": "a"}, "clip_limit must be a number"),
    ],
)
def test_bad_arguments(name, args, text):
    with pytest.raises(ValueError, match=f"{name}: {text}"):
        getattr(torchkeras.layers, name)(**args)
