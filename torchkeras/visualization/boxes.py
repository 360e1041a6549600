"""Bounding boxes over images, drawn by Pillow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import received
from torchkeras._base.optional import require
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.utils.bounding_boxes import convert_format
from torchkeras.visualization._images import as_pixels
from torchkeras.visualization.gallery import plot_image_gallery

_LETTERS = 12  # pixels of a letter's height at font_scale 1


def draw_bounding_boxes(
    images: Any,
    bounding_boxes: Any,
    bounding_box_format: str,
    class_mapping: Mapping[int, str] | None = None,
    color: Sequence[int] = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int = 1,
    font_scale: float = 1.0,
    data_format: str | None = None,
) -> np.ndarray:
    """Return images with boxes, and the names and confidences of what is in them.

    Args:
        images: Batch of images from 0 to 255.
        bounding_boxes: Dict of `boxes` `(batch, n, 4)`, `labels` `(batch, n)`, and maybe
            `confidences` `(batch, n)`; a label of -1 is no box.
        bounding_box_format: As in `keras.utils.bounding_boxes.convert_format`.
        class_mapping: Class -> name; None: no names are written.
        color: Red, green, blue.
        line_thickness: Pixels.
        text_thickness: Pixels of the letters' outline above the first.
        font_scale: Size of the letters.
        data_format: `"channels_last"` or `"channels_first"`; None: the global setting.

    Returns:
        uint8 of the images' shape.

    Raises:
        TypeError: if `bounding_boxes` is no dict.
        ValueError: if it lacks a key, or images do not have 4 dimensions.
        ImportError: without Pillow.
    """
    owner = "draw_bounding_boxes"
    if not isinstance(bounding_boxes, Mapping):
        raise TypeError(
            f"{owner}: bounding_boxes must be a dict. {received('bounding_boxes', bounding_boxes)}"
        )
    if not {"boxes", "labels"} <= set(bounding_boxes):
        raise ValueError(
            f'{owner}: bounding_boxes must have the keys "boxes" and "labels". '
            f"Received: {sorted(bounding_boxes)}."
        )
    pixels = as_pixels(owner, images, data_format)
    first = config.standardize_data_format(data_format, owner) == "channels_first"
    boxes = convert_format(
        convert_to_numpy(bounding_boxes["boxes"]).astype("float32"),
        source=bounding_box_format,
        target="xyxy",
        height=pixels.shape[1],
        width=pixels.shape[2],
    )
    boxes, labels = convert_to_numpy(boxes), convert_to_numpy(bounding_boxes["labels"])
    sure = bounding_boxes.get("confidences")
    sure = None if sure is None else convert_to_numpy(sure)
    image, draw = (require(f"PIL.{name}", "image") for name in ("Image", "ImageDraw"))
    font = require("PIL.ImageFont", "image").load_default(max(1, _LETTERS * font_scale))
    ink, out = tuple(int(c) for c in color), []
    for i, x in enumerate(pixels):
        grey = x.shape[-1] == 1
        canvas = image.fromarray(np.repeat(x, 3, -1) if grey else x)
        pen = draw.Draw(canvas)
        for j in np.flatnonzero(labels[i] != -1):
            left, top, right, bottom = (round(float(v)) for v in boxes[i, j])
            if right < left or bottom < top:
                continue
            pen.rectangle((left, top, right, bottom), outline=ink, width=int(line_thickness))
            text = _text(class_mapping, labels[i, j], None if sure is None else sure[i, j])
            if text:
                at = (left, max(top - _LETTERS * font_scale, 0))
                pen.text(at, text, fill=ink, font=font, stroke_width=max(text_thickness - 1, 0))
        drawn = np.asarray(canvas)
        out.append(drawn[..., :1] if grey else drawn)
    found = np.stack(out)
    return found.transpose(0, 3, 1, 2) if first else found


def _text(names: Mapping[int, str] | None, label: Any, confidence: Any) -> str:
    if names is None:
        return ""
    name = names.get(int(label), str(int(label)))
    return name if confidence is None else f"{name} | {float(confidence):.2f}"


def plot_bounding_box_gallery(
    images: Any,
    bounding_box_format: str,
    y_true: Any = None,
    y_pred: Any = None,
    value_range: Sequence[float] = (0, 255),
    true_color: Sequence[int] = (0, 188, 212),
    pred_color: Sequence[int] = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: int | None = None,
    class_mapping: Mapping[int, str] | None = None,
    ground_truth_mapping: Mapping[int, str] | None = None,
    prediction_mapping: Mapping[int, str] | None = None,
    legend: bool = False,
    legend_handles: Sequence[Any] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    data_format: str | None = None,
    **kwargs: Any,
) -> None:
    """Show images with their true and their predicted boxes.

    Args:
        images: Batch of images.
        bounding_box_format: As in `draw_bounding_boxes`.
        y_true: True boxes, as there.
        y_pred: Predicted boxes.
        value_range: Least and largest value of the images.
        true_color: Of true boxes.
        pred_color: Of predicted ones.
        line_thickness: Pixels.
        font_scale: Size of letters.
        text_thickness: None: `line_thickness`.
        class_mapping: Class -> name.
        ground_truth_mapping: The same, for true boxes alone.
        prediction_mapping: The same, for predicted boxes alone.
        legend: Whether there is a legend of the two colours.
        legend_handles: Patches of matplotlib for another legend.
        rows: Rows.
        cols: Columns.
        data_format: `"channels_last"` or `"channels_first"`; None: the global setting.
        kwargs: Further arguments of `plot_image_gallery`.

    Raises:
        ValueError: if both `legend` and `legend_handles` are given.
        ImportError: without matplotlib or Pillow.
    """
    owner = "plot_bounding_box_gallery"
    if legend and legend_handles:
        raise ValueError(f"{owner}: only one of legend and legend_handles can be given.")
    pixels = as_pixels(owner, images, data_format, value_range)
    for boxes, color, names in (
        (y_true, true_color, ground_truth_mapping or class_mapping),
        (y_pred, pred_color, prediction_mapping or class_mapping),
    ):
        if boxes is not None:
            pixels = draw_bounding_boxes(
                pixels,
                boxes,
                bounding_box_format,
                names,
                color,
                line_thickness,
                text_thickness or line_thickness,
                font_scale,
                "channels_last",
            )
    if legend:
        patch = require("matplotlib.patches", "plot").Patch
        legend_handles = [
            patch(color=np.array(color) / 255, label=text)
            for color, text in ((true_color, "Ground Truth"), (pred_color, "Prediction"))
        ]
    plot_image_gallery(
        pixels, rows=rows, cols=cols, legend_handles=legend_handles, data_format="channels_last",
        **kwargs,
    )  # fmt: skip
