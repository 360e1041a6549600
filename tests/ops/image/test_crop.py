import pytest
import torch
from image_oracle import FORMATS, check_image_op, image

import torchkeras as keras

ops = keras.ops.image
SHAPES = [(5, 7, 2), (2, 5, 7, 2)]
PADS = [
    (1, 2, 3, 4), (0, 0, 0, 0), (1, 2, None, None, 9, 12), (None, None, 3, 4, 9, 12),
    (1, None, 1, 2, None, 12),
]  # fmt: skip
CROPS = [
    (1, 2, 1, 1), (0, 0, 0, 0), (1, 2, None, None, 3, 4), (None, None, 1, 2, 3, 4),
    (1, 1, 1, None, None, 2), (0, 0, None, None, 0, 1),
]  # fmt: skip


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", SHAPES, ids=len)
def test_against_keras(shape, data_format):
    for dtype in ("float32", "float16", "uint8", "int64"):
        x = image(*shape, data_format=data_format, dtype=dtype)
        for name, rows in (("pad_images", PADS), ("crop_images", CROPS)):
            for row in rows:
                check_image_op(name, x, *row, data_format=data_format)


def test_unknown_sizes():
    x = keras.KerasTensor((None, None, 7, 3))
    assert ops.pad_images(x, 1, 1, 1, 1).shape == (None, None, 9, 3)
    assert ops.pad_images(x, 1, 1, right_padding=1, target_height=9).shape == (None, 9, 9, 3)
    assert ops.crop_images(x, 1, 1, 1, 1).shape == (None, None, 5, 3)
    assert ops.crop_images(x, 1, 1, right_cropping=1, target_height=4).shape == (None, 4, 5, 3)
    with pytest.raises(ValueError, match="right_padding must be >= 0"):
        ops.pad_images(x, 1, 1, 1, target_width=4)


@pytest.mark.parametrize("name", ["pad_images", "crop_images"])
def test_wrong_arguments(name):
    function, x = getattr(ops, name), torch.ones(5, 7, 2)
    edge = name.removesuffix("_images") + "ping" * (name[0] == "c") + "ding" * (name[0] == "p")
    for args in ((), (1,), (1, 2, 3, 4, 9, 12), (None, 2, None, 4, 9)):
        with pytest.raises(ValueError, match=f"two of top_{edge}, bottom_{edge} and target_height"):
            function(x, *args)
    with pytest.raises(ValueError, match=f"two of left_{edge}, right_{edge} and target_width"):
        function(x, 1, 2, 1)
    with pytest.raises(ValueError, match=f"top_{edge} must be >= 0"):
        function(x, -1, 2, 3, 4)
    with pytest.raises(ValueError, match="must be >= 0"):
        function(x, 1, 1, 1, target_width=3 if name[0] == "p" else 20)
    with pytest.raises(ValueError, match="images must have 3 dimensions"):
        function(x[0], 1, 1, 1, 1)


def test_more_than_there_is():
    with pytest.raises(ValueError, match="target_height must be >= 0"):
        ops.crop_images(torch.ones(5, 7, 2), 3, 3, 3, 3)
