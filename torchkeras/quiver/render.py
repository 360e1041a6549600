"""Arrays to PNG, in memory."""

import io
import math

import numpy as np
import torch

from torchkeras._base.optional import require


def grid(count: int, height: int, width: int) -> tuple[int, int]:
    """Return (columns, rows) for tiles that together are about as wide as they are high."""
    columns = max(1, min(count, round(math.sqrt(count * height / max(width, 1)))))
    return columns, -(-count // columns)


def to_bytes(data: torch.Tensor, per_map: bool) -> np.ndarray:
    """Scale (count, height, width) to 0 … 255 by the extremes of each map, or of all.

    A value that is not finite is shown as 0, and so is a constant map.
    """
    x = data.double()
    finite = x.isfinite()
    whole = bool(finite.all())
    axes = (1, 2) if per_map else (0, 1, 2)
    low = (x if whole else torch.where(finite, x, torch.inf)).amin(axes, keepdim=True)
    high = (x if whole else torch.where(finite, x, -torch.inf)).amax(axes, keepdim=True)
    span = high - low
    scale = torch.where(span > 0, 255 / span, 0.0)
    scaled = x.sub_(low).mul_(scale).round_()
    return (scaled if whole else torch.where(finite, scaled, 0.0)).to(torch.uint8).numpy()


def tiles(data: torch.Tensor, per_map: bool) -> bytes:
    """Return the grey PNG of all maps, row by row and without gaps."""
    count, height, width = data.shape
    columns, rows = grid(count, height, width)
    sheet = np.zeros((rows * columns, height, width), np.uint8)
    if data.numel():
        sheet[:count] = to_bytes(data, per_map)
    sheet = sheet.reshape(rows, columns, height, width).swapaxes(1, 2)
    return png(sheet.reshape(rows * height, columns * width))


def png(pixels: np.ndarray) -> bytes:
    """Return the PNG of (height, width) or (height, width, 3) bytes."""
    image = require("PIL.Image", "quiver").fromarray(np.ascontiguousarray(pixels))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()
