"""IoU and CIoU against real Keras."""

import numpy as np
import pytest
import torch
from keras.utils import bounding_boxes as theirs

from oracle import check_function, rand
from torchkeras.ops.boxes.formats import FORMATS
from torchkeras.utils import bounding_boxes as ours

A = np.array(
    [[0, 0, 4, 4], [1, 1, 3, 6], [-1, -1, -1, -1], [2, 2, 2, 2], [-5, -5, 2, 2]], "float32"
)
B = np.array([[0, 0, 4, 4], [2, 1, 5, 6], [-1, -1, -1, -1], [20, 20, 21, 22]], "float32")


def batch(x):
    return np.stack([x, x[::-1] * 1.5])


@pytest.mark.parametrize("form", [*FORMATS, "xyWH"])
@pytest.mark.parametrize("masking", [False, True])
def test_iou(form, masking):
    for a, b in ((A, B), (batch(A), batch(B)), (batch(A), B), (A, batch(B))):
        if masking and a.ndim != b.ndim:
            continue  # Keras fails here
        check_function(
            ours.compute_iou, theirs.compute_iou, a, b, bounding_box_format=form,
            use_masking=masking, mask_val=-7 if masking else -1, image_shape=(8, 9, 3),
            grads=not masking,
        )  # fmt: skip


def test_masking_of_a_batch_against_single():
    got = ours.compute_iou(A, batch(B), "xyxy", use_masking=True)
    for i in range(2):
        want = ours.compute_iou(A, batch(B)[i], "xyxy", use_masking=True)
        torch.testing.assert_close(got[i], want)


@pytest.mark.parametrize("dtype", ["int32", "float16", "float64"])
def test_dtypes(dtype):
    a, b = A.astype(dtype), B.astype(dtype)
    check_function(ours.compute_iou, theirs.compute_iou, a, b, "xyxy", grads=False)
    check_function(ours.compute_ciou, theirs.compute_ciou, a[:4], b, "xyxy", grads=False)


@pytest.mark.parametrize("form", [f for f in FORMATS if not f.startswith("rel")])
def test_ciou(form):
    a, b = rand(6, 4, low=0, high=5), rand(6, 4, low=0, high=5, seed=1)
    for x, y in ((a, b), (a[:, None], b[None]), (a[0], b), (a, a), (A[:4], B)):
        check_function(
            ours.compute_ciou, theirs.compute_ciou, x, y, bounding_box_format=form,
            rtol=1e-4, grads=x is a and y is b,
        )  # fmt: skip


def test_ciou_of_relative_boxes():
    a, b = rand(6, 4, low=0, high=1), rand(6, 4, low=0, high=1, seed=1)
    size = np.array([9, 8, 9, 8], "float32")
    got = ours.compute_ciou(a, b, "rel_xyxy", image_shape=(8, 9, 3))
    torch.testing.assert_close(got, ours.compute_ciou(a * size, b * size, "xyxy"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ours.compute_iou(A, B, "rel_xyxy"), "image_shape must be given for relative"),
        (lambda: ours.compute_ciou(A, A, "rel_xyxy"), "image_shape must be given for relative"),
        (lambda: ours.compute_iou(A[0], B, "xyxy"), "Received: ranks 1 and 2"),
        (lambda: ours.compute_iou(A[None, None], B, "xyxy"), "Received: ranks 4 and 2"),
        (lambda: ours.compute_iou(A, B[:, :3], "xyxy"), "last dimension of 4"),
        (lambda: ours.compute_iou(A, B, "foo"), "bounding_box_format must be one of"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
