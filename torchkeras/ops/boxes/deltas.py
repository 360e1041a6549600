"""Boxes as differences from anchors, which is what detectors regress."""

from typing import Any

import torch

from torchkeras._base import config
from torchkeras._base.check import one_of, received
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops.boxes.formats import convert_format

_CENTERED = ("center_xywh", "center_yxhw")


def _variance(owner: str, variance: Any, like: torch.Tensor) -> torch.Tensor | None:
    if variance is None:
        return None
    given = convert_to_tensor(variance, "float32")
    if given.shape[-1:] != (4,):
        raise ValueError(f"{owner}: variance must have 4 entries. {received('variance', variance)}")
    return given.to(like.device)


def encode_box_to_deltas(
    anchors: Any,
    boxes: Any,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> torch.Tensor:
    """Return the deltas that lead from anchors to boxes.

    `(box center - anchor center) / anchor size` and `log(box size / anchor size)`.

    Args:
        anchors: `(n, 4)`.
        boxes: `(n, 4)` or `(batch, n, 4)`.
        anchor_format: Format of the anchors, one of those of `convert_format`.
        box_format: Format of the boxes.
        encoding_format: `"center_yxhw"` or `"center_xywh"`: order of the deltas.
        variance: Four numbers that the deltas are divided by.
        image_shape: `(height, width, channels)`, for relative formats.

    Raises:
        ValueError: for unknown formats or another variance.

    Ren et al., 2015, https://arxiv.org/abs/1506.01497

    >>> import torchkeras as keras
    >>> boxes = keras.utils.bounding_boxes
    >>> boxes.encode_box_to_deltas([[0, 0, 4, 4]], [[0, 1, 4, 5]], "xyxy", "xyxy")
    tensor([[0.2500, 0.0000, 0.0000, 0.0000]])
    """
    owner = "encode_box_to_deltas"
    one_of(owner, "encoding_format", encoding_format, _CENTERED)
    height, width = (None, None) if image_shape is None else image_shape[:2]
    a = convert_format(anchors, anchor_format, encoding_format, height, width)
    b = convert_format(boxes, box_format, encoding_format, height, width)
    variance = _variance(owner, variance, b)
    size = a[..., 2:].clamp(min=config.epsilon())
    shift = (b[..., :2] - a[..., :2]) / size
    growth = (b[..., 2:].clamp(min=config.epsilon()) / size).log()
    deltas = torch.cat((shift, growth.expand(*shift.shape[:-1], 2)), -1)
    return deltas if variance is None else deltas / variance


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """Return the boxes that deltas lead to from anchors: `encode_box_to_deltas` undone.

    Args:
        anchors: `(n, 4)`, or a dict of such by levels.
        boxes_delta: `(n, 4)` or `(batch, n, 4)`, or a dict with the keys of `anchors`.
        anchor_format: Format of the anchors, one of those of `convert_format`.
        box_format: Format of the result.
        encoded_format: `"center_yxhw"` or `"center_xywh"`: order of the deltas.
        variance: Four numbers that the deltas are multiplied by.
        image_shape: `(height, width, channels)`, for relative formats.

    Raises:
        ValueError: for unknown formats or another variance.

    >>> import torchkeras as keras
    >>> boxes = keras.utils.bounding_boxes
    >>> boxes.decode_deltas_to_boxes([[0, 0, 4, 4]], [[0.25, 0, 0, 0]], "xyxy", "xyxy")
    tensor([[0., 1., 4., 5.]])
    """
    if isinstance(anchors, dict):
        if not isinstance(boxes_delta, dict) or boxes_delta.keys() != anchors.keys():
            raise ValueError(
                "decode_deltas_to_boxes: boxes_delta must be a dict with the keys of anchors, "
                f"{list(anchors)}. {received('boxes_delta', boxes_delta)}"
            )
        return {
            level: decode_deltas_to_boxes(
                anchors[level], boxes_delta[level], anchor_format, box_format, encoded_format,
                variance, image_shape,
            )
            for level in anchors
        }  # fmt: skip
    owner = "decode_deltas_to_boxes"
    one_of(owner, "encoded_format", encoded_format, _CENTERED)
    height, width = (None, None) if image_shape is None else image_shape[:2]
    a = convert_format(anchors, anchor_format, encoded_format, height, width)
    deltas = convert_to_tensor(boxes_delta, "float32")
    variance = _variance(owner, variance, deltas)
    if variance is not None:
        deltas = deltas * variance
    size = a[..., 2:]
    center = deltas[..., :2] * size + a[..., :2]
    boxes = torch.cat((center, deltas[..., 2:].exp() * size), -1)
    return convert_format(boxes, encoded_format, box_format, height, width)
