"""Deltas between anchors and boxes against real Keras."""

import numpy as np
import pytest
import torch
from keras.utils import bounding_boxes as theirs

from oracle import check_function
from torchkeras.utils import bounding_boxes as ours

ANCHORS = np.array([[0, 0, 4, 4], [1, 1, 3, 6], [2, 2, 8, 4], [5, 5, 6, 9]], "float32")
BOXES = np.array([[0, 1, 4, 5], [2, 1, 5, 6], [0, 0, 0, 0], [4, 4, 7, 9]], "float32")
VARIANCES = [None, [0.1, 0.1, 0.2, 0.2], (1.0, 2.0, 3.0, 4.0)]


@pytest.mark.parametrize("variance", VARIANCES, ids=str)
@pytest.mark.parametrize("order", ["center_yxhw", "center_xywh"])
@pytest.mark.parametrize("formats", [("xyxy", "xyxy"), ("xywh", "center_xywh"), ("yxyx", "xywh")])
def test_like_keras(formats, order, variance):
    for anchors, boxes in ((ANCHORS, BOXES), (ANCHORS, np.stack([BOXES, BOXES + 1])),
                           (BOXES[:2], ANCHORS[:2]), (BOXES, ANCHORS)):  # fmt: skip
        check_function(
            ours.encode_box_to_deltas, theirs.encode_box_to_deltas, anchors, boxes, *formats,
            encoding_format=order, variance=variance, grads=False,
        )  # fmt: skip
        check_function(
            ours.decode_deltas_to_boxes, theirs.decode_deltas_to_boxes, anchors, boxes / 5,
            *formats, encoded_format=order, variance=variance,
        )  # fmt: skip


@pytest.mark.parametrize("form", ["rel_xyxy", "rel_center_xywh"])
def test_relative_formats(form):
    for name in ("encode_box_to_deltas", "decode_deltas_to_boxes"):
        for formats in ((form, "xyxy"), ("xyxy", form), (form, form)):
            check_function(
                getattr(ours, name), getattr(theirs, name), ANCHORS[:2] / 8, BOXES[:2] / 8,
                *formats, image_shape=(8, 9, 3),
            )  # fmt: skip


@pytest.mark.parametrize("variance", VARIANCES, ids=str)
def test_there_and_back_by_levels(variance):
    keep = [0, 1, 3]
    deltas = ours.encode_box_to_deltas(
        ANCHORS[keep], BOXES[keep], "xyxy", "xyxy", variance=variance
    )
    anchors, levels = {1: ANCHORS[keep], "p2": ANCHORS[keep]}, {1: deltas, "p2": deltas[None]}
    got = ours.decode_deltas_to_boxes(anchors, levels, "xyxy", "xyxy", variance=variance)
    assert list(got) == [1, "p2"]
    torch.testing.assert_close(got[1], torch.tensor(BOXES[keep]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(got["p2"], got[1][None])


@pytest.mark.parametrize(
    ("name", "kwargs", "message"),
    [
        ("encode_box_to_deltas", {"variance": [1.0, 2.0]}, "variance must have 4 entries"),
        ("encode_box_to_deltas", {"encoding_format": "xyxy"}, "encoding_format must be one of"),
        ("decode_deltas_to_boxes", {"variance": [1.0]}, "variance must have 4 entries"),
        ("decode_deltas_to_boxes", {"encoded_format": "xywh"}, "encoded_format must be one of"),
    ],
)
def test_bad_input(name, kwargs, message):
    with pytest.raises(ValueError, match=message):
        getattr(ours, name)(ANCHORS, BOXES, "xyxy", "xyxy", **kwargs)


def test_levels_must_agree():
    with pytest.raises(ValueError, match="a dict with the keys of anchors"):
        ours.decode_deltas_to_boxes({1: ANCHORS}, {2: BOXES}, "xyxy", "xyxy")
