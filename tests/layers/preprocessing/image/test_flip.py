"""RandomFlip against real Keras."""

import keras
import numpy as np
import pytest
import torch
from geometry_oracle import BOXES, HEIGHT, WIDTH, check_geometry, check_whole_call

import torchkeras
from torchkeras.ops.boxes.formats import FORMATS

MODES = ["horizontal", "vertical", "horizontal_and_vertical"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "mixed_bfloat16"])
@pytest.mark.parametrize("pixels", ["float32", "uint8"])
def test_like_keras(mode, data_format, dtype, pixels):
    dtype = "bfloat16" if dtype == "mixed_bfloat16" else dtype
    check_geometry("RandomFlip", {"mode": mode}, data_format=data_format, dtype=dtype,
                   pixels=pixels, mask_dtype="int32")  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", FORMATS)
def test_formats_of_boxes(mode, form):
    check_geometry("RandomFlip", {"mode": mode}, form=form)


def test_whole_call():
    check_whole_call("RandomFlip", {"seed": 3})


def test_known_flip():
    x = torch.arange(6.0).reshape(1, 2, 3, 1)
    for mode, axes in zip(MODES, [(2,), (1,), (1, 2)], strict=True):
        layer = torchkeras.layers.RandomFlip(mode)
        drawn = {"flips": torch.ones(1, 1, 1, 1, dtype=torch.bool), "input_shape": (1, 2, 3, 1)}
        assert torch.equal(layer.transform_images(x, drawn), x.flip(axes))


def test_half_of_the_images():
    x = torch.arange(2.0).reshape(1, 1, 2, 1).expand(2000, 1, 2, 1)
    share = torchkeras.layers.RandomFlip("horizontal", seed=1)(x)[:, 0, 0, 0].mean()
    assert abs(share - 0.5) < 0.04


def test_boxes_are_cut_off_at_the_border():
    """Keras cuts them off at the square of the sides."""
    layer = torchkeras.layers.RandomFlip("horizontal", bounding_box_format="xyxy")
    outside = {"boxes": torch.tensor([[[-1.0, 1, 3, 9]]]), "labels": torch.tensor([[1]])}
    drawn = {"flips": torch.ones(1, 1, 1, 1, dtype=torch.bool), "input_shape": (1, 6, 8, 3)}
    moved = layer.transform_bounding_boxes(outside, drawn)
    assert moved["boxes"].tolist() == [[[5.0, 1, 8, 6]]]


def test_masks_without_channels():
    x, m = torch.rand(4, HEIGHT, WIDTH, 1), torch.arange(48.0).reshape(1, HEIGHT, WIDTH)
    data = {"images": x, "segmentation_masks": m.repeat(4, 1, 1)}
    layer = torchkeras.layers.RandomFlip(seed=2)
    out = layer(data)
    flipped = (out["images"] != x).any(dim=(1, 2, 3))
    assert flipped.any() and not flipped.all()
    for i in range(4):
        want = m[0].flip((0, 1)) if flipped[i] else m[0]
        assert torch.equal(out["segmentation_masks"][i], want)
    one = layer({"images": x[0], "segmentation_masks": m[0]})["segmentation_masks"]
    assert one.shape == (HEIGHT, WIDTH)


def test_padding_boxes_keep_label():
    layer = torchkeras.layers.RandomFlip("vertical", bounding_box_format="xyxy", seed=1)
    padded = {"boxes": -torch.ones(2, 3, 4), "labels": -torch.ones(2, 3)}
    out = layer({"images": torch.rand(2, 6, 8, 3), "bounding_boxes": padded})
    assert torch.equal(out["bounding_boxes"]["labels"], padded["labels"])


def test_bad_input():
    with pytest.raises(ValueError, match=r"mode must be one of 'horizontal', .*mode='up'"):
        torchkeras.layers.RandomFlip("up")
    with pytest.raises(ValueError, match="RandomFlip: there is no factor argument"):
        torchkeras.layers.RandomFlip(factor=0.2)
    with pytest.raises(ValueError, match="seed must be an integer"):
        torchkeras.layers.RandomFlip(seed="a")
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match="data_format"):
            lib.layers.RandomFlip(data_format="first")


def test_boxes_of_one_image_as_arrays():
    layer = torchkeras.layers.RandomFlip("horizontal", bounding_box_format="xyxy", seed=3)
    given = {"boxes": BOXES.astype("int64"), "labels": np.arange(6)}
    out = layer({"images": np.zeros((6, 8, 3), "uint8"), "bounding_boxes": given})
    assert out["images"].dtype is out["bounding_boxes"]["boxes"].dtype is torch.float32
    assert out["bounding_boxes"]["boxes"].shape == (6, 4)
