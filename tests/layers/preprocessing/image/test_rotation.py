"""RandomRotation against real Keras."""

import pytest
import torch
from geometry_oracle import BOXES, boxes, check_geometry, check_whole_call, images

import torchkeras
from torchkeras.ops.boxes.formats import FORMATS

MODES = ["reflect", "constant", "wrap", "nearest"]


@pytest.mark.parametrize("factor", [0.2, (0.05, 0.4), [0.3, -0.1], 1, 0.0])
@pytest.mark.parametrize("fill_mode", MODES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_like_keras(factor, fill_mode, interpolation):
    args = {"factor": factor, "fill_mode": fill_mode, "interpolation": interpolation,
            "fill_value": 7.0}  # fmt: skip
    check_geometry("RandomRotation", args)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize(("pixels", "mask"), [("float32", "int32"), ("uint8", "uint8")])
def test_dtypes(data_format, dtype, pixels, mask):
    check_geometry("RandomRotation", {"factor": 0.3}, data_format=data_format, dtype=dtype,
                   pixels=pixels, mask_dtype=mask)  # fmt: skip


def test_whole_call():
    check_whole_call("RandomRotation", {"factor": 0.3})


@pytest.mark.parametrize("form", FORMATS)
def test_formats_of_boxes(form):
    """Keras takes boxes of every format for corners."""
    convert = torchkeras.utils.bounding_boxes.convert_format
    x = images()
    corners, other = (
        torchkeras.layers.RandomRotation(0.3, bounding_box_format=f) for f in ("xyxy", form)
    )
    drawn = corners.get_random_transformation(x)
    want = corners.transform_bounding_boxes(boxes(), drawn)
    got = other.transform_bounding_boxes(boxes(form=form), drawn)
    back = convert(got["boxes"], form, "xyxy", 6, 8)
    torch.testing.assert_close(back, want["boxes"], rtol=1e-5, atol=1e-5)
    assert torch.equal(got["labels"][:, :4], want["labels"][:, :4])


def test_quarter_turn():
    x = torch.arange(9.0).reshape(3, 3, 1)
    turned = torchkeras.layers.RandomRotation((0.25, 0.25))(x)
    torch.testing.assert_close(turned, torch.rot90(x), atol=1e-4, rtol=0)
    data = {"images": x, "bounding_boxes": {"boxes": BOXES[:1], "labels": torch.ones(1)}}
    data["bounding_boxes"]["boxes"] = torch.tensor([[0.0, 0.0, 1.0, 2.0]])
    layer = torchkeras.layers.RandomRotation((0.25, 0.25), bounding_box_format="xyxy")
    moved = layer(data)["bounding_boxes"]["boxes"]
    torch.testing.assert_close(moved, torch.tensor([[0.0, 1.0, 2.0, 2.0]]), atol=1e-4, rtol=0)


def test_masks_turn_with_their_images():
    x = images(2)
    layer = torchkeras.layers.RandomRotation(0.5, interpolation="nearest", seed=1)
    out = layer({"images": x, "segmentation_masks": x})
    assert torch.equal(out["images"], out["segmentation_masks"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"factor": 1.5}, r"factor must be a number, or a list of two .* \[-1, 1\].*factor=1.5"),
        ({"factor": (1.2, 1.5)}, "factor must be a number"),
        ({"factor": "x"}, "factor must be a number"),
        ({"factor": (0.1,)}, "factor must be a number"),
        ({"factor": 0.1, "fill_mode": "edge"}, "fill_mode must be one of 'reflect', 'wrap'"),
        ({"factor": 0.1, "interpolation": "bicubic"}, "interpolation must be one of 'nearest'"),
        ({"factor": 0.1, "fill_value": None}, "fill_value must be a number"),
        ({"factor": 0.1, "data_format": "x"}, "data_format must be one of 'channels_last'"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=f"RandomRotation: {message}"):
        torchkeras.layers.RandomRotation(**args)
