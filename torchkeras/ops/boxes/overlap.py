"""How far boxes lie on each other."""

from typing import Any

import torch

from torchkeras._base import config
from torchkeras._base.check import received
from torchkeras.ops.boxes import formats
from torchkeras.ops.boxes.formats import Columns


def _corners(owner: str, boxes: Any, form: str, image_shape: Any) -> Columns:
    relative, absolute = formats.split_format(owner, "bounding_box_format", form)
    boxes = formats.as_boxes(owner, boxes, "float32")
    left, top, right, bottom = formats.to_corners(boxes, absolute)
    if relative:
        if image_shape is None:
            raise ValueError(
                f"{owner}: image_shape must be given for relative formats. "
                f"{received('image_shape', image_shape)}"
            )
        h, w = image_shape[:2]
        left, top, right, bottom = left * w, top * h, right * w, bottom * h
    return left, top, right, bottom


def _overlap(a: Columns, b: Columns) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the areas of intersections and unions."""
    # Not clamp: where boxes just touch, its gradient is another than Keras's.
    zero = a[0].new_zeros(())
    w = torch.maximum(torch.minimum(a[2], b[2]) - torch.maximum(a[0], b[0]), zero)
    h = torch.maximum(torch.minimum(a[3], b[3]) - torch.maximum(a[1], b[1]), zero)
    common = w * h
    area_a, area_b = ((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b))
    return common, area_a + area_b - common


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Any = None,
) -> torch.Tensor:
    """Return intersection over union of all pairs of boxes.

    Args:
        boxes1: `(m, 4)` or `(batch, m, 4)`.
        boxes2: `(n, 4)` or `(batch, n, 4)`; the result is `(m, n)` or `(batch, m, n)`.
        bounding_box_format: A format of `convert_format`.
        use_masking: Whether pairs with a box that is all below 0 (padding) become `mask_val`.
        mask_val: Number for such pairs.
        image_shape: `(height, width, channels)`, for relative formats.

    Raises:
        ValueError: for an unknown format, other ranks, or no `image_shape` for a relative format.

    >>> import torchkeras as keras
    >>> keras.utils.bounding_boxes.compute_iou([[0, 0, 2, 2]], [[1, 0, 3, 2], [5, 5, 6, 6]], "xyxy")
    tensor([[0.3333, 0.0000]])
    """
    first, second = (
        _corners("compute_iou", b, bounding_box_format, image_shape) for b in (boxes1, boxes2)
    )
    if first[0].ndim not in (1, 2) or second[0].ndim not in (1, 2):
        raise ValueError(
            "compute_iou: boxes must have shape (boxes, 4) or (batch, boxes, 4). Received: ranks "
            f"{first[0].ndim + 1} and {second[0].ndim + 1}."
        )
    a = tuple(c.unsqueeze(-1) for c in first)
    b = tuple(c.unsqueeze(-2) for c in second)
    common, union = _overlap(a, b)  # type: ignore[arg-type]
    iou = common / (union + config.epsilon())
    if not use_masking:
        return iou
    padding = (a[0] < 0) & (a[1] < 0) & (a[2] < 0) & (a[3] < 0)
    padding = padding | ((b[0] < 0) & (b[1] < 0) & (b[2] < 0) & (b[3] < 0))
    return iou.masked_fill(padding, mask_val)


def compute_ciou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Any = None
) -> torch.Tensor:
    """Return the complete IoU of boxes, pair by pair.

    `iou - distance² / diagonal² - α·v`, of the centers' distance, the diagonal of the box around
    both, and the difference `v` of the aspect ratios, with `α = v / (1 - iou + v)`.

    Args:
        boxes1: `(..., 4)`.
        boxes2: Of a shape that broadcasts to it.
        bounding_box_format: A format of `convert_format`.
        image_shape: `(height, width, channels)`, for relative formats.

    Raises:
        ValueError: for an unknown format, or no `image_shape` for a relative one.

    Zheng et al., 2020, https://arxiv.org/abs/1911.08287

    >>> import torchkeras as keras
    >>> keras.utils.bounding_boxes.compute_ciou([[0, 0, 2, 2]], [[1, 0, 3, 2]], "xyxy")
    tensor([0.2564])
    """
    a, b = (_corners("compute_ciou", x, bounding_box_format, image_shape) for x in (boxes1, boxes2))
    epsilon = config.epsilon()
    common, union = _overlap(a, b)
    iou = common / (union + epsilon)
    width = torch.maximum(a[2], b[2]) - torch.minimum(a[0], b[0])
    height = torch.maximum(a[3], b[3]) - torch.minimum(a[1], b[1])
    diagonal = width.square() + height.square() + epsilon
    distance = ((b[0] + b[2] - a[0] - a[2]).square() + (b[1] + b[3] - a[1] - a[3]).square()) / 4
    angles = [((c[2] - c[0]) / (c[3] - c[1] + epsilon)).atan() for c in (a, b)]
    v = (4 / torch.pi**2) * (angles[1] - angles[0]).square()
    alpha = v / (v - iou + (1 + epsilon))
    return iou - (distance / diagonal + v * alpha)
