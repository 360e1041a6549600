"""RandomShear against real Keras."""

import keras
import pytest
import torch
from geometry_oracle import boxes, check_geometry, check_whole_call

import torchkeras
from torchkeras.ops.boxes.formats import FORMATS


@pytest.mark.parametrize(("x", "y"), [(0.3, 0.2), ((0.1, 0.5), (0.1, 0.4)), (0.6, 0.0), (0, 1)])
@pytest.mark.parametrize("fill_mode", ["reflect", "constant", "wrap", "nearest"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_like_keras(x, y, fill_mode, interpolation):
    args = {"x_factor": x, "y_factor": y, "fill_mode": fill_mode, "interpolation": interpolation,
            "fill_value": 7.0}  # fmt: skip
    # Keras refuses its own config of a number, the pair (-x, x).
    check_geometry("RandomShear", args, config=isinstance(x, tuple))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize(("pixels", "mask"), [("float32", "int32"), ("uint8", "uint8")])
def test_dtypes(data_format, dtype, pixels, mask):
    check_geometry("RandomShear", {"x_factor": (0.1, 0.3)}, data_format=data_format, dtype=dtype,
                   pixels=pixels, mask_dtype=mask)  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_formats_of_boxes(form):
    check_geometry("RandomShear", {"x_factor": (0.1, 0.3), "y_factor": (0.0, 0.2)}, form=form)


@pytest.mark.parametrize("signs", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_all_signs(signs):
    drawn = {"shear_factor": torch.tensor([[0.3, 0.2]] * 3) * torch.tensor(signs),
             "input_shape": (3, 6, 8, 3)}  # fmt: skip
    got, want = (
        lib.layers.RandomShear(bounding_box_format="xyxy").transform_bounding_boxes(boxes(), drawn)
        for lib in (torchkeras, keras)
    )
    torch.testing.assert_close(got["boxes"], want["boxes"])
    assert torch.equal(got["labels"], want["labels"])


def test_whole_call():
    check_whole_call("RandomShear", {"x_factor": 0.3, "y_factor": 0.2})


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"x_factor": 1.5}, "x_factor must be a number.*Received: x_factor=1.5"),
        ({"x_factor": -0.2}, r"x_factor must be a number in \[0, 1\], or.*Received: x_factor=-0.2"),
        ({"y_factor": (0.1, 2)}, "y_factor must be a number"),
        ({"y_factor": None}, "y_factor must be a number"),
        ({"fill_mode": "mirror"}, "fill_mode must be one of"),
        ({"interpolation": "cubic"}, "interpolation must be one of"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=f"RandomShear: {message}"):
        torchkeras.layers.RandomShear(**args)
