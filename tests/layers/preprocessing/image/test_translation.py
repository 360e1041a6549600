"""RandomTranslation against real Keras."""

import pytest
import torch
from geometry_oracle import check_geometry, check_whole_call

import torchkeras
from torchkeras.ops.boxes.formats import FORMATS


@pytest.mark.parametrize(
    ("height", "width"), [(0.3, 0.2), ((-0.5, -0.1), (0.1, 0.4)), (0.0, 1), ([0.4, 0.1], -0.3)]
)
@pytest.mark.parametrize("fill_mode", ["reflect", "constant", "wrap", "nearest"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_like_keras(height, width, fill_mode, interpolation):
    args = {"height_factor": height, "width_factor": width, "fill_mode": fill_mode,
            "interpolation": interpolation, "fill_value": 7.0}  # fmt: skip
    check_geometry("RandomTranslation", args)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize(("pixels", "mask"), [("float32", "int32"), ("uint8", "uint8")])
def test_dtypes(data_format, dtype, pixels, mask):
    args = {"height_factor": 0.3, "width_factor": 0.2}
    check_geometry("RandomTranslation", args, data_format=data_format, dtype=dtype,
                   pixels=pixels, mask_dtype=mask)  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_formats_of_boxes(form):
    args = {"height_factor": 0.3, "width_factor": 0.2}
    check_geometry("RandomTranslation", args, form=form)


def test_whole_call():
    check_whole_call("RandomTranslation", {"height_factor": 0.3, "width_factor": 0.2})


def test_whole_pixels():
    x = torch.arange(48.0).reshape(1, 6, 8, 1)
    layer = torchkeras.layers.RandomTranslation((0.5, 0.5), (-0.25, -0.25), "wrap", "nearest")
    assert torch.equal(layer(x), x.roll((3, -2), (1, 2)))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"height_factor": 1.5}, "height_factor must be a number.*Received: height_factor=1.5"),
        ({"height_factor": (-2, 0.1)}, "height_factor must be a number"),
        ({"width_factor": (0.1, 2)}, "width_factor must be a number"),
        ({"width_factor": None}, "width_factor must be a number"),
        ({"fill_mode": "mirror"}, "fill_mode must be one of"),
        ({"interpolation": "cubic"}, "interpolation must be one of"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=f"RandomTranslation: {message}"):
        torchkeras.layers.RandomTranslation(**{"height_factor": 0.1, "width_factor": 0.1} | args)
