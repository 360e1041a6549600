"""Formats of boxes against real Keras."""

import numpy as np
import pytest
import torch
from keras.utils import bounding_boxes as theirs

from oracle import check_function, rand
from torchkeras.ops.boxes.formats import FORMATS
from torchkeras.utils import bounding_boxes as ours

BOXES = np.array([[1, 2, 5, 7], [0, 0, 3, 3], [10.5, 4.25, 11, 9.75]], "float32")


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_like_keras(source, target):
    for boxes in (BOXES, rand(2, 3, 4, low=0, high=20), BOXES[0], BOXES[:0]):
        check_function(
            ours.convert_format, theirs.convert_format, boxes,
            source=source, target=target, height=10, width=20,
        )  # fmt: skip


@pytest.mark.parametrize("target", FORMATS)
def test_there_and_back(target):
    there = ours.convert_format(BOXES, "xyxy", target, height=10, width=20)
    back = ours.convert_format(there, target.upper(), "XYXY", height=10, width=20)
    np.testing.assert_allclose(back, BOXES, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", None])
@pytest.mark.parametrize("target", ["xywh", "yxyx", "center_xywh", "rel_xyxy"])
def test_dtypes(dtype, target):
    for boxes in (BOXES, BOXES.astype("int64"), BOXES.astype("float64")):
        check_function(
            ours.convert_format, theirs.convert_format, boxes, grads=False,
            source="xyxy", target=target, height=8, width=16, dtype=dtype,
        )  # fmt: skip


def test_dict_keeps_its_other_entries():
    given = {"boxes": BOXES, "labels": np.arange(3), "name": "x"}
    got = ours.convert_format(given, "xyxy", "xywh")
    want = theirs.convert_format(dict(given), "xyxy", "xywh")
    np.testing.assert_array_equal(got["boxes"], want["boxes"])
    assert got["labels"] is given["labels"]
    assert got["name"] == "x"
    assert given["boxes"] is BOXES


def test_relative_to_relative_needs_no_size():
    got = ours.convert_format([[0.1, 0.2, 0.5, 0.9]], "rel_xyxy", "rel_yxyx")
    torch.testing.assert_close(got, torch.tensor([[0.2, 0.1, 0.9, 0.5]]))


def test_a_size_for_each_image():
    boxes = torch.tensor(BOXES).expand(2, 3, 4)
    got = ours.convert_format(
        boxes, "xyxy", "rel_xywh", height=np.array([10.0, 20.0]), width=torch.tensor([20, 40])
    )
    for i, (h, w) in enumerate([(10, 20), (20, 40)]):
        torch.testing.assert_close(got[i], ours.convert_format(BOXES, "xyxy", "rel_xywh", h, w))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((BOXES, "coco", "xyxy"), "source must be one of 'xyxy', .*Received: source='coco'"),
        ((BOXES, "xyxy", None), "target must be one of .*Received: target=None"),
        ((BOXES, "xyxy", "rel_xyxy"), "height and width of the images are needed"),
        ((BOXES[:, :3], "xyxy", "xywh"), r"last dimension of 4. Received: shape=\(3, 3\)"),
    ],
)
def test_bad_input(args, message):
    with pytest.raises(ValueError, match=message):
        ours.convert_format(*args)
