"""Images in rows and columns, by matplotlib."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from torchkeras._base.optional import require
from torchkeras.visualization._images import as_pixels


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: Mapping[int, str] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: Sequence[float] = (0, 255),
    scale: float = 2,
    path: Any = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: int = 60,
    legend_handles: Sequence[Any] | None = None,
    data_format: str | None = None,
) -> None:
    """Show images with their true and predicted labels.

    Args:
        images: Batch of images.
        y_true: True class of each.
        y_pred: Predicted class of each.
        label_map: Class -> name.
        rows: Rows; None: as many as are needed.
        cols: Columns; None: as many as are needed.
        value_range: Least and largest value of the images.
        scale: Inches of an image's side.
        path: File that the picture is written to; None: it is shown.
        show: Whether it is shown; None: if there is no `path`.
        transparent: Whether the file's background is.
        dpi: Dots an inch in the file.
        legend_handles: Patches of matplotlib for a legend.
        data_format: `"channels_last"` or `"channels_first"`; None: the global setting.

    Raises:
        ValueError: for another number of dimensions, labels without names, or both `path` and
            `show`.
        ImportError: without matplotlib.
    """
    owner = "plot_image_gallery"
    if path is not None and show:
        raise ValueError(f"{owner}: only one of path and show can be given.")
    if label_map is None and (y_true is not None or y_pred is not None):
        raise ValueError(f"{owner}: label_map must be given with y_true or y_pred.")
    pixels = as_pixels(owner, images, data_format, value_range)
    count = len(pixels)
    if cols is None:
        cols = math.ceil(math.sqrt(count)) if rows is None else math.ceil(count / rows)
    if rows is None:
        rows = math.ceil(count / cols)
    plt = require("matplotlib.pyplot", "plot")
    ratio = pixels.shape[2] / pixels.shape[1]
    figure, axes = plt.subplots(
        rows, cols, figsize=(cols * scale * max(ratio, 1), rows * scale), squeeze=False
    )
    for index, axis in enumerate(axes.flat):
        axis.axis("off")
        if index >= count:
            continue
        x = pixels[index]
        axis.imshow(x[..., 0] if x.shape[-1] == 1 else x, cmap="gray", vmin=0, vmax=255)
        if title := _title(label_map, y_true, y_pred, index):
            axis.set_title(title, fontsize=8)
    if legend_handles is not None:
        figure.legend(handles=list(legend_handles), loc="lower center")
    figure.tight_layout()
    if path is not None:
        figure.savefig(path, transparent=transparent, dpi=dpi, bbox_inches="tight")
        plt.close(figure)
    elif show is None or show:
        plt.show()
        plt.close(figure)


def _title(labels: Mapping[int, str] | None, y_true: Any, y_pred: Any, index: int) -> str:
    found = []
    for name, values in (("true", y_true), ("predicted", y_pred)):
        if values is not None and labels is not None:
            number = int(np.asarray(values[index]).item())
            found.append(f"{name}: {labels.get(number, number)}")
    return "\n".join(found)
