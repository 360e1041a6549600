import pytest
import torch
from image_oracle import FORMATS, check_image_op, image

import torchkeras as keras

ops = keras.ops.image
OPTIONS = [
    {}, {"strides": 1}, {"strides": (2, 1)}, {"strides": 1, "dilation_rate": 2},
    {"dilation_rate": 2}, {"dilation_rate": (1, 2), "strides": 1}, {"padding": "same"},
    {"padding": "same", "strides": 2}, {"padding": "same", "strides": 1, "dilation_rate": 2},
]  # fmt: skip
OPTIONS_3D = [
    {}, {"strides": 1}, {"strides": (2, 1, 1)}, {"strides": 1, "dilation_rate": 2},
    {"padding": "same"}, {"padding": "same", "strides": 2},
]  # fmt: skip


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", [(7, 8, 2), (2, 7, 8, 2)], ids=len)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_images(options, shape, data_format):
    x = image(*shape, data_format=data_format)
    for size in (2, (2, 3), (3, 1)):
        check_image_op("extract_patches", x, size, data_format=data_format, **options)


@pytest.mark.parametrize("name", ["extract_patches", "extract_patches_3d"])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("batch", [(), (2,)], ids=len)
@pytest.mark.parametrize("options", OPTIONS_3D, ids=str)
def test_volumes(options, batch, data_format, name):
    x = torch.rand(*batch, 5, 6, 7, 2).numpy()
    if data_format == "channels_first":
        x = x.transpose(*range(len(batch)), -1, -4, -3, -2).copy()
    for size in [(2, 3, 2), (1, 2, 3)] + [3] * (name == "extract_patches_3d"):
        check_image_op(name, x, size, data_format=data_format, symbolic=bool(batch), **options)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float16", "float64"])
def test_dtypes(dtype):
    x = image(2, 7, 8, 2, dtype=dtype)
    check_image_op("extract_patches", x, 3, grads=False)
    check_image_op("extract_patches", x, (2, 3), padding="same", grads=False)
    assert ops.extract_patches(x > 0, 3).dtype is torch.bool


def test_wrong_arguments():
    x = torch.ones(2, 7, 8, 2)
    with pytest.raises(ValueError, match="size must be an integer or a tuple of 2 integers"):
        ops.extract_patches(x, 0)
    for size in (1.5, "5"):
        with pytest.raises(TypeError, match="size must be an integer or a tuple of 2 or 3"):
            ops.extract_patches(x, size)
    for size in ((1, 2, 3, 4), (1,)):
        with pytest.raises(ValueError, match="a tuple of 2 or 3 integers"):
            ops.extract_patches(x, size)
    with pytest.raises(TypeError, match="a tuple of 3 integers"):
        ops.extract_patches_3d(x, (1, 2))
    for strides in (0, (1,)):
        with pytest.raises(ValueError, match="strides must be an integer or a tuple of 2"):
            ops.extract_patches(x, 2, strides)
    with pytest.raises(ValueError, match="dilation_rate must be an integer or a tuple of 2"):
        ops.extract_patches(x, 2, dilation_rate=0)
    with pytest.raises(ValueError, match="padding must be one of 'same', 'valid'"):
        ops.extract_patches(x, 2, padding="full")
    with pytest.raises(ValueError, match="a patch must fit into the image"):
        ops.extract_patches(x, 8)
    with pytest.raises(ValueError, match="images must have 3 or 4 dimensions"):
        ops.extract_patches(x[None], 2)
    with pytest.raises(ValueError, match="images must have 4 or 5 dimensions"):
        ops.extract_patches_3d(x[0], 2)
    with pytest.raises(ValueError, match="data_format must be one of"):
        ops.extract_patches(x, 2, data_format="rows")
