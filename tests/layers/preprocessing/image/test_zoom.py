"""RandomZoom against real Keras."""

import pytest
import torch
from geometry_oracle import check_geometry, check_whole_call

import torchkeras
from torchkeras.ops.boxes.formats import FORMATS


@pytest.mark.parametrize(
    ("height", "width"), [(0.3, None), ((-0.5, -0.1), (0.1, 0.4)), (0.2, 0.0), ([0.4, 0.1], -0.3)]
)
@pytest.mark.parametrize("fill_mode", ["reflect", "constant", "wrap", "nearest"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_like_keras(height, width, fill_mode, interpolation):
    args = {"height_factor": height, "width_factor": width, "fill_mode": fill_mode,
            "interpolation": interpolation, "fill_value": 7.0}  # fmt: skip
    check_geometry("RandomZoom", args)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize(("pixels", "mask"), [("float32", "int32"), ("uint8", "uint8")])
def test_dtypes(data_format, dtype, pixels, mask):
    check_geometry("RandomZoom", {"height_factor": 0.3}, data_format=data_format, dtype=dtype,
                   pixels=pixels, mask_dtype=mask)  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_formats_of_boxes(form):
    check_geometry("RandomZoom", {"height_factor": 0.3, "width_factor": (0.1, 0.5)}, form=form)


def test_whole_call():
    check_whole_call("RandomZoom", {"height_factor": 0.3})


def test_the_aspect_is_kept_without_a_width_factor():
    drawn = torchkeras.layers.RandomZoom(0.3).get_random_transformation(torch.rand(4, 6, 8, 3))
    assert drawn["width_zoom"] is drawn["height_zoom"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"height_factor": 1.5}, "height_factor must be a number.*Received: height_factor=1.5"),
        ({"height_factor": (-2, 0.1)}, "height_factor must be a number"),
        ({"height_factor": None}, "height_factor must be a number"),
        ({"height_factor": 0.1, "width_factor": (0.1, 2)}, "width_factor must be a number"),
        ({"height_factor": 0.1, "fill_mode": "mirror"}, "fill_mode must be one of"),
        ({"height_factor": 0.1, "interpolation": None}, "interpolation must be one of"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=f"RandomZoom: {message}"):
        torchkeras.layers.RandomZoom(**args)
