"""RandomErasing against real Keras."""

import pytest
import torch
from geometry_oracle import check_geometry, check_whole_call, images, pair

import torchkeras
from oracle import assert_close
from torchkeras.random import seed_generator


@pytest.mark.parametrize("factor", [1.0, (1.0, 1.0), 0.5, 0])
@pytest.mark.parametrize("scale", [(0.02, 0.33), 0.5, (1, 1)])
@pytest.mark.parametrize("fill_value", [None, 3.0, (1.0, 2.0, 3.0)])
def test_like_keras(factor, scale, fill_value):
    args = {"factor": factor, "scale": scale, "fill_value": fill_value}
    check_geometry("RandomErasing", args, mask_dtype="int32")


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("pixels", ["float32", "uint8"])
@pytest.mark.parametrize("value_range", [(0, 255), (-1, 1), (0, 1), (-2, 3)])
def test_dtypes_and_range(data_format, dtype, pixels, value_range):
    args = {"factor": (1, 1), "value_range": value_range}
    check_geometry("RandomErasing", args, data_format=data_format, dtype=dtype, pixels=pixels)


def test_bfloat16():
    """Keras draws the rectangles in it, too, in which a place in a large image has no digits."""
    ours, theirs = pair("RandomErasing", {"factor": (1, 1)}, dtype="bfloat16")
    x = images(dtype="bfloat16")
    drawn = ours.get_random_transformation(x)
    assert drawn["fill_value"].dtype is torch.bfloat16
    assert_close(*(o.transform_images(x, drawn) for o in (ours, theirs)))


def test_whole_call():
    check_whole_call("RandomErasing", {"factor": (1.0, 1.0), "scale": (0.3, 0.5)})


def test_one_image(monkeypatch):
    monkeypatch.setattr(seed_generator, "_STRIDE", 1)
    ours, theirs = pair("RandomErasing", {"factor": (1, 1), "seed": 5})
    x = images()[0]
    assert_close(ours(x), theirs(x))


def test_one_value_a_channel():
    """With channels first Keras fails."""
    x = torch.zeros(2, 3, 20, 20)
    layer = torchkeras.layers.RandomErasing((1, 1), (1, 1), (1, 2, 3), data_format="channels_first")
    assert layer(x).amax((0, 2, 3)).tolist() == [1, 2, 3]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_area(share):
    layer = torchkeras.layers.RandomErasing((1, 1), (share, share), 0.0, seed=1)
    erased = 1 - layer(torch.ones(50, 60, 60, 1)).mean()
    assert abs(erased - share) < 0.02


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"factor": -0.5}, "factor must be a number"),
        ({"scale": 2.0}, r"scale must be a number.*\[0, 1\].*scale=2.0"),
        ({"scale": None}, "scale must be a number"),
        ({"fill_value": "red"}, "fill_value must be a number, one for each channel, or None"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=f"RandomErasing: {message}"):
        torchkeras.layers.RandomErasing(**args)


def test_wrong_number_of_fill_values():
    with pytest.raises(ValueError, match=r"one number for each of the 3 channels.*=\(1, 2\)"):
        torchkeras.layers.RandomErasing(fill_value=(1, 2))(images())
