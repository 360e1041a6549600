"""The formats of bounding boxes, and the way from each to each."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras._base import config
from torchkeras._base.check import received
from torchkeras.core.tensor import convert_to_tensor

Tensor = torch.Tensor
Columns = tuple[Tensor, Tensor, Tensor, Tensor]

# format -> its four columns as left, top, right, bottom.
_TO_CORNERS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Columns]] = {
    "xyxy": lambda x, y, right, bottom: (x, y, right, bottom),
    "yxyx": lambda y, x, bottom, right: (x, y, right, bottom),
    "xywh": lambda x, y, w, h: (x, y, x + w, y + h),
    "center_xywh": lambda x, y, w, h: (x - w / 2, y - h / 2, x + w / 2, y + h / 2),
    "center_yxhw": lambda y, x, h, w: (x - w / 2, y - h / 2, x + w / 2, y + h / 2),
}
_FROM_CORNERS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Columns]] = {
    "xyxy": lambda x, y, right, bottom: (x, y, right, bottom),
    "yxyx": lambda x, y, right, bottom: (y, x, bottom, right),
    "xywh": lambda x, y, right, bottom: (x, y, right - x, bottom - y),
    "center_xywh": lambda x, y, r, b: ((x + r) / 2, (y + b) / 2, r - x, b - y),
    "center_yxhw": lambda x, y, r, b: ((y + b) / 2, (x + r) / 2, b - y, r - x),
}
FORMATS = (*_TO_CORNERS, "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")


def as_boxes(owner: str, boxes: Any, dtype: Any = None) -> Tensor:
    """Return boxes as a tensor `(..., 4)`."""
    boxes = convert_to_tensor(boxes, dtype)
    if not boxes.ndim or boxes.shape[-1] != 4:
        raise ValueError(
            f"{owner}: boxes must have a last dimension of 4. "
            f"{received('shape', tuple(boxes.shape))}"
        )
    return boxes


def split_format(owner: str, name: str, value: Any) -> tuple[bool, str]:
    """Return whether a format is relative to the image's size, and the absolute one beneath."""
    key = value.lower() if isinstance(value, str) else value
    if key not in FORMATS:
        listed = ", ".join(repr(f) for f in FORMATS)
        raise ValueError(f"{owner}: {name} must be one of {listed}. {received(name, value)}")
    return key.startswith("rel_"), key.removeprefix("rel_")


def sides(owner: str, height: Any, width: Any, like: Tensor) -> tuple[Any, Any]:
    """Return the sides of the images such that they broadcast with a column of boxes."""
    if height is None or width is None:
        raise ValueError(
            f"{owner}: height and width of the images are needed for formats relative to them. "
            f"Received: height={height}, width={width}."
        )

    def column(side: Any) -> Any:
        if isinstance(side, (int, float)):
            return side
        side = convert_to_tensor(side).to(like.device, like.dtype)
        # One number for each image of a batch.
        return side.reshape(-1, *(1,) * (like.ndim - 2)) if side.ndim == 1 else side

    return column(height), column(width)


def to_corners(boxes: Tensor, form: str) -> Columns:
    """Return left, top, right and bottom of boxes in an absolute format."""
    return _TO_CORNERS[form](*boxes.unbind(-1))


def from_corners(columns: Columns, form: str) -> Tensor:
    """Return boxes in an absolute format."""
    return torch.stack(_FROM_CORNERS[form](*columns), -1)


def convert_format(
    boxes: Any,
    source: str,
    target: str,
    height: Any = None,
    width: Any = None,
    dtype: Any = "float32",
) -> Any:
    """Convert bounding boxes from one format to another.

    The formats (upper and lower case are the same): `"xyxy"` (left, top, right, bottom), `"yxyx"`,
    `"xywh"` (left, top, width, height), `"center_xywh"`, `"center_yxhw"`, and, as shares of the
    image's sides, `"rel_xyxy"`, `"rel_yxyx"`, `"rel_xywh"`, `"rel_center_xywh"`.

    Args:
        boxes: `(..., 4)`, or a dict with `"boxes"`, whose other entries stay as they are.
        source: Format of `boxes`.
        target: Format of the result.
        height: Of the image, in pixels; may be a tensor with one number an image. Needed between
            relative and absolute formats.
        width: Likewise.
        dtype: Of the result; None is `floatx()`.

    Raises:
        ValueError: for an unknown format, another shape, or missing sides.

    >>> import torchkeras as keras
    >>> keras.utils.bounding_boxes.convert_format([[10, 20, 30, 40]], "xyxy", "center_xywh")
    tensor([[20., 30., 20., 20.]])
    """
    if isinstance(boxes, dict):
        converted = convert_format(boxes["boxes"], source, target, height, width, dtype)
        return {**boxes, "boxes": converted}
    owner = "convert_format"
    relative, start = split_format(owner, "source", source)
    to_relative, end = split_format(owner, "target", target)
    boxes = as_boxes(owner, boxes, config.floatx() if dtype is None else dtype)
    if relative == to_relative and start == end:
        return boxes
    left, top, right, bottom = to_corners(boxes, start)
    if relative != to_relative:
        h, w = sides(owner, height, width, boxes)
        if relative:
            left, top, right, bottom = left * w, top * h, right * w, bottom * h
        else:
            left, top, right, bottom = left / w, top / h, right / w, bottom / h
    return from_corners((left, top, right, bottom), end)
