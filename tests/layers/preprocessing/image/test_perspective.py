"""RandomPerspective against real Keras."""

import pytest
import torch
from geometry_oracle import boxes, check_geometry, check_whole_call, images

import torchkeras
from torchkeras.ops.boxes.formats import FORMATS


@pytest.mark.parametrize("factor", [1.0, (1.0, 1.0), (0.5, 1.0), 0])
@pytest.mark.parametrize("scale", [1.0, 0.3, 0])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_value", [0.0, 7.0])
def test_like_keras(factor, scale, interpolation, fill_value):
    args = {"factor": factor, "scale": scale, "interpolation": interpolation,
            "fill_value": fill_value}  # fmt: skip
    check_geometry("RandomPerspective", args)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("pixels", ["float32", "uint8"])
def test_pixels(data_format, pixels):
    args = {"factor": (1.0, 1.0)}
    check_geometry("RandomPerspective", args, data_format=data_format, pixels=pixels)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_dtypes(dtype):
    """Points are narrow, too; between images that they move the same, rounding is all."""
    x = images(dtype=dtype)
    narrow = torchkeras.layers.RandomPerspective((1.0, 1.0), dtype=dtype)
    drawn = narrow.get_random_transformation(x)
    assert drawn["start_points"].dtype is drawn["end_points"].dtype is x.dtype
    wide = {k: v.float() if k.endswith("points") else v for k, v in drawn.items()}
    want = torchkeras.layers.RandomPerspective().transform_images(x.float(), wide)
    got = narrow.transform_images(x, drawn)
    assert got.dtype is x.dtype
    torch.testing.assert_close(got.float(), want, atol=1.0, rtol=0)


def test_masks_of_integers_move_as_those_of_floats():
    """Keras rounds the points for them."""
    m = torch.arange(48).reshape(1, 6, 8, 1)
    layer = torchkeras.layers.RandomPerspective((1.0, 1.0), 0.5, seed=1)
    drawn = layer.get_random_transformation(m.float())
    moved = [layer.transform_segmentation_masks(t, drawn) for t in (m, m.float())]
    assert moved[0].dtype is m.dtype
    assert torch.equal(*(t.float() for t in moved))


@pytest.mark.parametrize("form", FORMATS)
def test_formats_of_boxes(form):
    """Keras takes boxes of every format for corners."""
    convert = torchkeras.utils.bounding_boxes.convert_format
    corners, other = (
        torchkeras.layers.RandomPerspective((1, 1), bounding_box_format=f) for f in ("xyxy", form)
    )
    drawn = corners.get_random_transformation(images())
    want = corners.transform_bounding_boxes(boxes(), drawn)
    got = other.transform_bounding_boxes(boxes(form=form), drawn)
    back = convert(got["boxes"], form, "xyxy", 6, 8)
    torch.testing.assert_close(back, want["boxes"], rtol=1e-5, atol=1e-5)
    assert torch.equal(got["labels"], want["labels"])


def test_whole_call():
    check_whole_call("RandomPerspective", {"factor": (1.0, 1.0), "scale": 0.5})


def test_share_of_changed_images():
    layer = torchkeras.layers.RandomPerspective((0.3, 0.3), seed=1)
    applied = layer.get_random_transformation(torch.zeros(2000, 2, 2, 1))["apply_perspective"]
    assert abs(applied.float().mean() - 0.3) < 0.04


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"factor": -0.5}, r"factor must be a number.*\[0, 1\].*factor=-0.5"),
        ({"factor": None}, "factor must be a number"),
        ({"scale": 1.5}, r"scale must be a number in \[0, 1\]. Received: scale=1.5"),
        ({"scale": (0.1, 0.5)}, "scale must be a number in"),
        ({"interpolation": "cubic"}, "interpolation must be one of"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=f"RandomPerspective: {message}"):
        torchkeras.layers.RandomPerspective(**args)
