"""AutoContrast and RandomContrast against real Keras."""

import numpy as np
import pytest
import torch
from pixel_oracle import check_augmentation, images, pair

import torchkeras
from oracle import assert_close

SHAPES = [
    (2, 12, 9, 3),
    pytest.param((1, 5, 6, 1), marks=pytest.mark.sweep),
    pytest.param((4, 8, 8, 4), marks=pytest.mark.sweep),
]
RANGES = [(0, 255), (0, 1), (-1, 1), (1.0, 0.0)]
LAST = ("channels_last",)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value_range", RANGES)
def test_auto_contrast(shape, value_range):
    low, high = sorted(value_range)
    x = images(*shape, low=low + 0.2 * (high - low), high=high)
    # Keras takes the wrong axes of channels_first; that format is held to ours below.
    args = {"value_range": value_range}
    check_augmentation("AutoContrast", args, x, formats=LAST)
    last = torchkeras.layers.AutoContrast(value_range)(torch.tensor(x))
    layer = torchkeras.layers.AutoContrast(value_range, data_format="channels_first")
    assert_close(layer(torch.tensor(x).movedim(-1, 1)).movedim(1, -1), last)
    assert_close(last.amin((1, 2)), np.full((shape[0], shape[3]), float(low)), atol=1e-5)
    assert_close(last.amax((1, 2)), np.full((shape[0], shape[3]), float(high)), atol=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize("name", ["AutoContrast", "RandomContrast"])
def test_integers(name, dtype):
    args = {"factor": 0.4} if name == "RandomContrast" else {}
    x = images(2, 6, 7, 3, dtype=dtype)
    check_augmentation(name, args, x, formats=LAST)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["AutoContrast", "RandomContrast"])
def test_low_precision(name, dtype):
    args = {"factor": 0.4} if name == "RandomContrast" else {}
    x = images(2, 6, 7, 3)
    check_augmentation(name, args, x, formats=LAST, dtype=dtype, grads=False, exchange=False)


def test_auto_contrast_of_a_channel_of_one_value():
    x = torch.tensor([[7.0, 3.0], [7.0, 9.0]]).reshape(1, 2, 1, 2)
    ours, theirs = pair("AutoContrast", {})
    assert_close(ours(x), theirs(x))
    assert ours(x)[..., 0].tolist() == [[[7.0], [7.0]]]
    y = x.clone().requires_grad_()
    ours(y).sum().backward()
    assert torch.isfinite(y.grad).all()


def test_auto_contrast_works_at_inference():
    x = images(2, 4, 4, 3, low=20)
    ours, theirs = pair("AutoContrast", {})
    assert_close(ours(x, training=False), theirs(x, training=False))
    assert not np.array_equal(ours(x, training=False), x)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [0.3, 1.0, 0, (0.1, 0.5), [0.5, 0.2]])
@pytest.mark.parametrize("value_range", RANGES[:3])
def test_random_contrast(shape, factor, value_range):
    low, high = value_range
    args = {"factor": factor, "value_range": value_range, "seed": 3}
    check_augmentation("RandomContrast", args, images(*shape, low=low, high=high))


def test_random_contrast_draws():
    layer = torchkeras.layers.RandomContrast((0.2, 0.4), seed=1)
    drawn = layer.get_random_transformation(torch.zeros(500, 2, 2, 3))["contrast_factor"]
    assert drawn.shape == (500, 1, 1, 1)
    assert 0.8 <= drawn.min() < 0.82 and 1.38 < drawn.max() <= 1.4


@pytest.mark.parametrize("factor", [2, -0.1, (0.1, 0.2, 0.3), "a", None])
def test_bad_factor(factor):
    with pytest.raises(ValueError, match="RandomContrast: factor must be a number, or a list of"):
        torchkeras.layers.RandomContrast(factor)


def test_auto_contrast_has_no_factor():
    with pytest.raises(ValueError, match="AutoContrast: there is no factor argument"):
        torchkeras.layers.AutoContrast(factor=0.3)
