"""Clipping, cropping, padding and affine maps of boxes against real Keras."""

import numpy as np
import pytest
import torch
from keras.utils import bounding_boxes as theirs

from oracle import check_function, rand
from torchkeras.utils import bounding_boxes as ours

BOXES = np.array(
    [[[-1, -1, 5, 5], [3, 4, 30, 40], [25, 5, 30, 7], [0.1, 0.2, 0.5, 0.9], [5, 5, 2, 2]]],
    "float32",
)
LABELS = np.array([[1, 2, 3, 4, 5]])


@pytest.mark.parametrize("form", ["xyxy", "rel_xyxy"])
@pytest.mark.parametrize("size", [(10, 20), (20, 10), (3, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_clip(form, size, dtype):
    for boxes, labels in ((BOXES, LABELS), (BOXES[0], LABELS[0]), (BOXES, LABELS * 1.5)):
        check_function(
            ours.clip_to_image_size, theirs.clip_to_image_size,
            {"boxes": boxes.astype(dtype), "labels": labels}, *size, form, grads=form == "xyxy",
        )  # fmt: skip


@pytest.mark.parametrize("form", ["yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xywh"])
def test_clip_in_formats_that_keras_lacks(form):
    scale = 20.0 if form.startswith("rel") else 1.0
    want = ours.clip_to_image_size({"boxes": BOXES[:, :4], "labels": LABELS[:, :4]}, 10, 20)
    given = ours.convert_format(BOXES[:, :4], "xyxy", form, 10, 20)
    got = ours.clip_to_image_size({"boxes": given, "labels": LABELS[:, :4]}, 10, 20, form)
    back = ours.convert_format(got["boxes"], form, "xyxy", 10, 20)
    torch.testing.assert_close(back, want["boxes"], atol=1e-6 * scale, rtol=1e-5)
    torch.testing.assert_close(got["labels"], want["labels"])


def test_clip_without_labels_or_dict():
    got = ours.clip_to_image_size({"boxes": BOXES, "other": 3}, 10, 20)
    assert set(got) == {"boxes", "other"}
    torch.testing.assert_close(ours.clip_to_image_size(BOXES, 10, 20), got["boxes"])


@pytest.mark.parametrize("part", [(2, 3, 10, 20), (0, 0, 4, 4), (-2, 1, 30, 5), (7.5, 0.25, 2, 2)])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_crop_and_pad(part, dtype):
    if dtype == "int64":
        part = tuple(int(p) for p in part)
    for boxes in (BOXES.astype(dtype), BOXES[0].astype(dtype)):
        check_function(ours.crop, theirs.crop, boxes, *part)
        check_function(ours.pad, theirs.pad, boxes, *part[:2])
        check_function(ours.pad, theirs.pad, boxes, *part)


@pytest.mark.parametrize("form", ["yxyx", "xywh", "center_xywh", "center_yxhw"])
def test_crop_and_pad_in_other_formats(form):
    given = {"boxes": ours.convert_format(BOXES, "xyxy", form), "labels": LABELS}
    for fn in (ours.crop, ours.pad):
        got = fn(given, 2, 3, 10, 20, form)
        assert got["labels"] is LABELS
        back = ours.convert_format(got["boxes"], form, "xyxy")
        torch.testing.assert_close(back, fn(BOXES, 2, 3, 10, 20))


NEUTRAL = {"angle": 0.0, "translate_x": 0.0, "translate_y": 0.0, "scale": 1.0, "shear_x": 0.0,
           "shear_y": 0.0}  # fmt: skip
ALL = {"angle": 30.0, "translate_x": 0.1, "translate_y": -0.2, "scale": 1.5, "shear_x": 10.0,
       "shear_y": 25.0}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {}, {"angle": 30.0}, {"angle": -100.0}, {"translate_x": 0.3}, {"translate_y": 0.3},
        {"scale": 0.5}, {"shear_x": 20.0}, {"shear_y": -20.0}, ALL,
        {"shear_x": 20.0, "shear_y": 40.0}, {"angle": 45.0, "shear_x": -20.0},
        {**ALL, "center_x": 0.2, "center_y": 0.7}, {"angle": 60.0, "center_y": 0.0},
    ],
    ids=str,
)  # fmt: skip
def test_affine(change):
    numbers = {k: np.array([v], "float32") for k, v in (NEUTRAL | change).items()}
    boxes = rand(1, 6, 4, low=0, high=20)
    check_function(
        ours.affine_transform, theirs.affine_transform, boxes, **numbers, height=11, width=21,
        grads=False, rtol=1e-4,
    )  # fmt: skip
    got = ours.affine_transform(boxes, **(NEUTRAL | change), height=11, width=21)
    flat = ours.affine_transform(boxes[0], **numbers, height=11, width=21)
    torch.testing.assert_close(flat, got[0])


def test_affine_of_a_batch():
    numbers = {k: np.array([v, w], "float32") for (k, v), w in zip(NEUTRAL.items(), ALL.values(),
                                                                  strict=True)}  # fmt: skip
    check_function(
        ours.affine_transform, theirs.affine_transform, rand(2, 5, 4, low=0, high=9), **numbers,
        height=11, width=21, grads=False, rtol=1e-4,
    )  # fmt: skip


def test_affine_of_other_formats_and_dicts():
    given = {"boxes": ours.convert_format(BOXES, "xyxy", "center_yxhw"), "labels": LABELS}
    got = ours.affine_transform(
        given, **ALL, height=11, width=21, bounding_box_format="center_yxhw"
    )
    assert got["labels"] is LABELS
    want = ours.affine_transform(BOXES, **ALL, height=11, width=21)
    torch.testing.assert_close(ours.convert_format(got["boxes"], "center_yxhw", "xyxy"), want)


def test_affine_has_gradients():
    angle = torch.tensor([30.0], requires_grad=True)
    boxes = torch.tensor(BOXES, requires_grad=True)
    ours.affine_transform(
        boxes, **(NEUTRAL | {"angle": angle}), height=11, width=21
    ).sum().backward()
    assert angle.grad.abs().sum() >= 0
    assert boxes.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ours.clip_to_image_size({"boxes": BOXES}), "height and width of the images"),
        (lambda: ours.clip_to_image_size(BOXES, 2, 2, "foo"), "bounding_box_format must be one of"),
        (lambda: ours.crop(BOXES, 1, 1, 2, 2, "rel_xywh"), "in pixels.*='rel_xywh'"),
        (lambda: ours.pad(BOXES, 1, 1, bounding_box_format="rel_xyxy"), "in pixels"),
        (lambda: ours.affine_transform(BOXES, **ALL, height=3, width=3,
                                       bounding_box_format="rel_xyxy"), "in pixels"),
        (lambda: ours.crop(BOXES[..., :2], 1, 1, 2, 2), r"last dimension of 4.*\(1, 5, 2\)"),
    ],
)  # fmt: skip
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
