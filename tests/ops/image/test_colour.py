import numpy as np
import pytest
import torch
from image_oracle import FORMATS, check_image_op, image

import torchkeras as keras

NAMES = ["rgb_to_hsv", "hsv_to_rgb", "rgb_to_grayscale"]
SHAPES = [(4, 5, 3), (2, 4, 5, 3)]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_against_keras(name, shape, data_format):
    for dtype in ("float32", "float64", "float16"):
        check_image_op(
            name, image(*shape, data_format=data_format, dtype=dtype), data_format=data_format
        )


@pytest.mark.parametrize("name", NAMES[:2])
def test_outside_of_the_unit_cube(name):
    x = image(40, 40, 3) * 4 - 2
    x[:4] = np.round(x[:4])  # greys, and equal channels
    check_image_op(name, x, grads=False)


def test_there_and_back():
    x = torch.tensor(image(3, 8, 8, 3, dtype="float64"))
    torch.testing.assert_close(keras.ops.image.hsv_to_rgb(keras.ops.image.rgb_to_hsv(x)), x)


def test_gradient_of_greys_is_finite():
    x = torch.tensor([[[0.0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5]]], requires_grad=True)
    keras.ops.image.rgb_to_hsv(x).sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "bool"])
def test_integers_to_grey(dtype):
    x = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(dtype)
    check_image_op("rgb_to_grayscale", x)
    check_image_op("rgb_to_grayscale", x[..., :1])


def test_global_data_format():
    x = torch.rand(3, 4, 5)
    keras.config.set_image_data_format("channels_first")
    try:
        assert keras.ops.image.rgb_to_grayscale(x).shape == (1, 4, 5)
    finally:
        keras.config.set_image_data_format("channels_last")


@pytest.mark.parametrize("name", NAMES)
def test_wrong_arguments(name):
    function = getattr(keras.ops.image, name)
    with pytest.raises(ValueError, match="images must have 3 channels"):
        function(torch.ones(4, 4, 4))
    with pytest.raises(ValueError, match="images must have 3 dimensions"):
        function(torch.ones(4, 3))
    with pytest.raises(ValueError, match="data_format must be one of"):
        function(torch.ones(4, 4, 3), data_format="rows")
    if name != "rgb_to_grayscale":
        with pytest.raises(ValueError, match="images must be of a floating point type"):
            function(torch.ones(4, 4, 3, dtype=torch.uint8))
