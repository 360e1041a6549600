"""Layers that change colours, against real Keras."""

import colorsys

import keras
import numpy as np
import pytest
import torch
from pixel_oracle import check_augmentation, images, pair, to_channels_first

import torchkeras
from oracle import assert_close, check_config

SHAPES = [(2, 7, 9, 3), pytest.param((3, 4, 4, 3), marks=pytest.mark.sweep)]
RANGES = [(0, 255), (0, 1)]
LAST = ("channels_last",)
NAMES = ["RandomColorDegeneration", "RandomHue", "RandomSaturation"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [0.3, 1, 0, -0.5, (-0.5, 0.2), [0.6, 0.1], (1.0, 1.0)])
@pytest.mark.parametrize("value_range", [*RANGES, (-1, 1)])
def test_random_color_degeneration(shape, factor, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    args = {"factor": factor, "value_range": value_range, "seed": 5}
    check_augmentation("RandomColorDegeneration", args, x)


@pytest.mark.parametrize("shape", [*SHAPES, (2, 5, 6, 1)])
@pytest.mark.parametrize("factor", [0.5, 0.0, 1.0, 0.2])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "int32"])
def test_random_grayscale(shape, factor, dtype):
    args = {"factor": factor}
    check_augmentation("RandomGrayscale", args, images(*shape, dtype=dtype))


def test_random_grayscale_config_and_dicts():
    """The seed is written if there is one; Keras loses it, and fails on dicts."""
    layer = torchkeras.layers.RandomGrayscale(0.3, seed=7)
    assert layer.get_config()["seed"] == 7
    assert type(layer).from_config(layer.get_config()).seed == 7
    check_config(layer, keras.layers.RandomGrayscale(0.3, name=layer.name), ignore=("seed",))
    x = torch.tensor(images(4, 3, 3, 3))
    out = torchkeras.layers.RandomGrayscale(1.0)({"images": x, "labels": torch.eye(4)})
    assert torch.equal(out["images"][..., 0], out["images"][..., 2])
    assert torch.equal(out["labels"], torch.eye(4))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [0.3, 1, 0, (0.1, 0.5), [0.6, 0.1], (1.0, 1.0), 0.05, (0, 0.9)])
@pytest.mark.parametrize("value_range", RANGES)
def test_random_hue(shape, factor, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    args = {"factor": factor, "value_range": value_range, "seed": 5}
    # The hue of an almost gray pixel hangs on the last bits of its colours.
    check_augmentation("RandomHue", args, x, atol=1e-5, grads=False)


def test_random_hue_of_a_range_around_zero():
    layer = torchkeras.layers.RandomHue((1, 1), (-1, 1))
    x = torch.tensor([[[1.0, -1.0, -0.5]]])
    assert_close(layer(x), -x, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [0.3, 0.5, 0, -0.5, (-0.5, 0.2), [0.5, 0.1], (0.4, 0.49)])
@pytest.mark.parametrize("value_range", RANGES)
def test_random_saturation(shape, factor, value_range):
    x = images(*shape, low=value_range[0], high=value_range[1])
    args = {"factor": factor, "value_range": value_range, "seed": 5}
    check_augmentation("RandomSaturation", args, x, atol=1e-5)


@pytest.mark.parametrize("factor", [1.0, (0.6, 0.9), (1.0, 1.0)])
def test_random_saturation_above_one(factor):
    """Where it would be left, the range ends: in [0, 1] as in Keras, which leaves [0, 255]."""
    x = images(3, 6, 6, 3, low=0, high=1)
    args = {"factor": factor, "value_range": (0, 1), "seed": 1}
    check_augmentation("RandomSaturation", args, x, atol=1e-5, grads=False)
    small = torchkeras.layers.RandomSaturation(factor, (0, 1))
    large = torchkeras.layers.RandomSaturation(factor, (0, 255))
    around = torchkeras.layers.RandomSaturation(factor, (-1, 1))
    drawn = small.get_random_transformation(x)
    y = torch.tensor(x)
    want = small.transform_images(y, drawn)
    assert_close(large.transform_images(y * 255, drawn) / 255, want, atol=1e-5)
    assert_close(around.transform_images(y * 2 - 1, drawn) / 2 + 0.5, want, atol=1e-5)


def test_random_saturation_is_that_of_the_hsv_cone():
    x = images(1, 3, 3, 3, low=0, high=1)
    layer = torchkeras.layers.RandomSaturation((0.4, 0.4), (0, 1))
    for before, after in zip(x.reshape(-1, 3), layer(x).reshape(-1, 3), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*before.tolist())
        assert_close(after, np.float32(colorsys.hsv_to_rgb(h, s * 0.4 / 0.6, v)), atol=1e-5)


def test_random_saturation_of_integers():
    """Keras refuses them."""
    x = images(2, 4, 4, 3, dtype="uint8")
    layer = torchkeras.layers.RandomSaturation((0.3, 0.3))
    assert_close(layer(x), layer(x.astype("float32")))


@pytest.mark.parametrize("name", NAMES[:2])
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integers(name, dtype):
    x = images(2, 6, 7, 3, dtype=dtype)
    check_augmentation(name, {"factor": 0.4}, x, formats=LAST, atol=1e-5)


@pytest.mark.parametrize("name", ["RandomColorDegeneration", "RandomSaturation"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision(name, dtype):
    x = images(2, 6, 7, 3, low=0, high=1)
    args = {"factor": 0.4, "value_range": (0, 1)}
    check_augmentation(name, args, x, formats=LAST, dtype=dtype, grads=False, exchange=False)


@pytest.mark.parametrize("name", [*NAMES, "RandomGrayscale"])
def test_gradients_are_finite(name):
    """Also at gray, black and white pixels."""
    x = torch.tensor([[0.0, 0, 0], [9, 9, 9], [255, 255, 255], [9, 100, 200]]).reshape(1, 2, 2, 3)
    x.requires_grad_()
    args = {} if name == "RandomGrayscale" else {"factor": (0.3, 0.4)}
    getattr(torchkeras.layers, name)(**args)(x).sum().backward()
    assert torch.isfinite(x.grad).all()


JITTER = {
    "brightness_factor": 0.2,
    "contrast_factor": (0.1, 0.4),
    "saturation_factor": 0.3,
    "hue_factor": 0.1,
}


@pytest.mark.parametrize("dropped", [*JITTER, None, "all"])
@pytest.mark.parametrize("value_range", RANGES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_random_color_jitter(dropped, value_range, data_format):
    """It equals Keras's four layers one after the other, with what ours has drawn."""
    given = {} if dropped == "all" else {k: v for k, v in JITTER.items() if k != dropped}
    args = {"value_range": value_range, "data_format": data_format, "seed": 3}
    ours, theirs = pair("RandomColorJitter", given | args)
    check_config(ours, theirs)
    check_config(type(ours).from_config(theirs.get_config()), theirs)
    x = images(3, 6, 5, 3, low=value_range[0], high=value_range[1])
    x = torch.tensor(to_channels_first(x) if data_format == "channels_first" else x)
    drawn = ours.get_random_transformation({"images": x})
    want, steps = x, iter(drawn)
    for name in given:
        kind = "Random" + name.removesuffix("_factor").title()
        layer = getattr(keras.layers, kind)(
            given[name], value_range=value_range, data_format=data_format
        )
        want = layer.transform_images(want.clone(), next(steps))
    assert_close(ours.transform_images(x, drawn), want, atol=1e-5)
    assert ours(x).shape == x.shape and ours(x[0]).shape == x[0].shape
    assert torch.equal(ours(x, training=False), x)


def test_random_color_jitter_of_integers():
    ours, theirs = pair("RandomColorJitter", JITTER)
    x = torch.tensor(images(2, 4, 4, 3, dtype="uint8"))
    assert ours(x).dtype == theirs(x).dtype == torch.float32
    assert ours(x, training=False).dtype == theirs(x, training=False).dtype


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        ("RandomColorDegeneration", {"factor": 2}, r"factor must be .* in the range \[-1, 1\]"),
        ("RandomHue", {"factor": -0.1}, r"factor must be .* in the range \[0, 1\]"),
        ("RandomSaturation", {"factor": "a"}, r"factor must be .* in the range \[-1, 1\]"),
        ("RandomGrayscale", {"factor": 2}, r"factor must be a number in \[0, 1\]"),
        ("RandomGrayscale", {"factor": (0.1, 0.2)}, r"factor must be a number in \[0, 1\]"),
        ("RandomColorJitter", {"value_range": 3}, "value_range must be a list of two numbers"),
        ("RandomColorJitter", {"hue_factor": 2}, "RandomHue: factor must be a number"),
        ("RandomHue", {"factor": 0.1, "data_format": "x"}, "data_format must be one of"),
    ],
)
def test_bad_arguments(name, args, text):
    with pytest.raises(ValueError, match=text):
        getattr(torchkeras.layers, name)(**args)


@pytest.mark.parametrize("name", ["RandomHue", "RandomGrayscale", "RandomColorDegeneration"])
def test_two_channels_are_no_colours(name):
    layer = getattr(torchkeras.layers, name)(0.5)
    with pytest.raises(ValueError, match="channel"):
        layer(torch.zeros(2, 4, 4, 2))
