"""Boxes under the geometric operations on their images."""

from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops.boxes import formats
from torchkeras.ops.boxes.formats import Columns, Tensor

_DEGREE = torch.pi / 180


def _absolute(owner: str, form: Any) -> str:
    relative, form = formats.split_format(owner, "bounding_box_format", form)
    if relative:
        raise ValueError(
            f"{owner}: boxes must be in pixels; convert them with convert_format. "
            f"{received('bounding_box_format', 'rel_' + form)}"
        )
    return form


def clip_to_image_size(
    bounding_boxes: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Cut boxes off at the borders of the image; labels of boxes without any area become -1.

    Args:
        bounding_boxes: Dict of `"boxes"` `(..., 4)` and, if there are any, `"labels"`.
        height: Of the image, in pixels; not needed for relative formats.
        width: Likewise.
        bounding_box_format: Format of the boxes, one of those of `convert_format`.

    Raises:
        ValueError: for an unknown format, or missing sides.

    >>> import torchkeras as keras
    >>> boxes = {"boxes": [[-10, -20, 50, 60], [120, 40, 170, 80]], "labels": [1, 2]}
    >>> keras.utils.bounding_boxes.clip_to_image_size(boxes, height=100, width=100)["labels"]
    tensor([ 1, -1], dtype=torch.int32)
    """
    owner = "clip_to_image_size"
    relative, form = formats.split_format(owner, "bounding_box_format", bounding_box_format)
    given = bounding_boxes["boxes"] if isinstance(bounding_boxes, dict) else bounding_boxes
    boxes = formats.as_boxes(owner, given)
    h, w = (1.0, 1.0) if relative else formats.sides(owner, height, width, boxes)
    left, top, right, bottom = _clip(formats.to_corners(boxes, form), h, w)
    clipped = formats.from_corners((left, top, right, bottom), form)
    if not isinstance(bounding_boxes, dict):
        return clipped
    result = {**bounding_boxes, "boxes": clipped}
    if "labels" in bounding_boxes:
        labels = convert_to_tensor(bounding_boxes["labels"])
        area = (right - left) * (bottom - top)
        result["labels"] = torch.where(area > 0, labels, -torch.ones_like(labels))
    return result


def _clip(columns: Columns, height: Any, width: Any) -> Columns:
    def within(x: Tensor, upper: Any) -> Tensor:
        return x.clamp(min=0).clamp(max=upper)

    left, top, right, bottom = columns
    return within(left, width), within(top, height), within(right, width), within(bottom, height)


def crop(
    boxes: Any,
    top: Any,
    left: Any,
    height: Any,
    width: Any,
    bounding_box_format: str = "xyxy",
) -> Any:
    """Move boxes to where they are in a part of the image, and cut them off at its borders.

    Args:
        boxes: `(..., 4)` in pixels, or a dict with `"boxes"`.
        top: First row of the part.
        left: First column of the part.
        height: Rows of the part.
        width: Columns of the part.
        bounding_box_format: An absolute format of `convert_format`.

    Raises:
        ValueError: for an unknown or relative format.

    >>> import torchkeras as keras
    >>> keras.utils.bounding_boxes.crop([[10.0, 20.0, 50.0, 60.0]], 10, 20, 40, 30)
    tensor([[ 0., 10., 30., 40.]])
    """
    if isinstance(boxes, dict):
        return {
            **boxes,
            "boxes": crop(boxes["boxes"], top, left, height, width, bounding_box_format),
        }
    form = _absolute("crop", bounding_box_format)
    boxes = formats.as_boxes("crop", boxes)
    dy, dx = formats.sides("crop", top, left, boxes)
    h, w = formats.sides("crop", height, width, boxes)
    x, y, right, bottom = formats.to_corners(boxes, form)
    return formats.from_corners(_clip((x - dx, y - dy, right - dx, bottom - dy), h, w), form)


def pad(
    boxes: Any,
    top: Any,
    left: Any,
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """Move boxes to where they are in an image that got rows on top and columns on the left.

    Args:
        boxes: `(..., 4)` in pixels, or a dict with `"boxes"`.
        top: Rows added.
        left: Columns added.
        height: Accepted as in Keras; boxes in pixels do not depend on it.
        width: Likewise.
        bounding_box_format: An absolute format of `convert_format`.

    Raises:
        ValueError: for an unknown or relative format.

    >>> import torchkeras as keras
    >>> keras.utils.bounding_boxes.pad([[10.0, 20.0, 50.0, 60.0]], 1, 2)
    tensor([[12., 21., 52., 61.]])
    """
    if isinstance(boxes, dict):
        return {
            **boxes,
            "boxes": pad(boxes["boxes"], top, left, height, width, bounding_box_format),
        }
    form = _absolute("pad", bounding_box_format)
    boxes = formats.as_boxes("pad", boxes)
    dy, dx = formats.sides("pad", top, left, boxes)
    x, y, right, bottom = formats.to_corners(boxes, form)
    return formats.from_corners((x + dx, y + dy, right + dx, bottom + dy), form)


def affine_transform(
    boxes: Any,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: Any = None,
    center_y: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """Return the upright boxes around boxes that were moved, turned, sheared and scaled.

    All numbers may be given once, or as tensors with one number for each image of a batch.

    Args:
        boxes: `(boxes, 4)` or `(batch, boxes, 4)` in pixels, or a dict with `"boxes"`.
        angle: In degrees, counterclockwise.
        translate_x: Shift to the right, as a share of `width - 1`.
        translate_y: Shift downwards, as a share of `height - 1`.
        scale: Factor of the sizes.
        shear_x: Angle in degrees.
        shear_y: Angle in degrees.
        height: Of the image, in pixels.
        width: Likewise.
        center_x: Fixed point, as a share of `width - 1`; default: the middle.
        center_y: As a share of `height - 1`.
        bounding_box_format: An absolute format of `convert_format`.

    Raises:
        ValueError: for an unknown or relative format.

    >>> import torchkeras as keras
    >>> box = [[2.0, 4.0, 6.0, 6.0]]
    >>> keras.utils.bounding_boxes.affine_transform(box, 90.0, 0, 0, 1, 0, 0, 11, 11).round()
    tensor([[4., 4., 6., 8.]])
    """
    owner = "affine_transform"
    form = _absolute(owner, bounding_box_format)
    if isinstance(boxes, dict):
        moved = affine_transform(
            boxes["boxes"], angle, translate_x, translate_y, scale, shear_x, shear_y,
            height, width, center_x, center_y, bounding_box_format,
        )  # fmt: skip
        return {**boxes, "boxes": moved}
    boxes = formats.as_boxes(owner, boxes)
    if not boxes.is_floating_point():
        boxes = boxes.to(torch.float32)

    def number(value: Any) -> Tensor:
        value = convert_to_tensor(value).to(boxes.device, boxes.dtype)
        return value.reshape(() if value.numel() == 1 else (-1, 1, 1))

    angle, shear_x, shear_y = (number(v) * _DEGREE for v in (angle, shear_x, shear_y))
    last_x, last_y = number(width) - 1, number(height) - 1
    origin_x = last_x * (0.5 if center_x is None else number(center_x))
    origin_y = last_y * (0.5 if center_y is None else number(center_y))
    scale = number(scale)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    tan_x, tan_y = shear_x.tan(), shear_y.tan()
    # The signs in the first row are Keras's.
    b0, b1 = tan_y * cos - sin, tan_y * sin + cos
    a0, a1 = cos - tan_x * b0, sin + tan_x * b1
    left, top, right, bottom = formats.to_corners(boxes, form)
    x = torch.stack((left, right, left, right), -1) + (number(translate_x) * last_x - origin_x)
    y = torch.stack((top, top, bottom, bottom), -1) + (number(translate_y) * last_y - origin_y)
    new_x = a0 * x + a1 * y + origin_x
    new_y = b0 * x + b1 * y + origin_y
    corners = (new_x.amin(-1), new_y.amin(-1), new_x.amax(-1), new_y.amax(-1))
    return formats.from_corners(corners, form)
