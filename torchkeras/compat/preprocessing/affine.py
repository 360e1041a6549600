"""Images moved, turned, sheared and zoomed, as `scipy.ndimage` does it, on torch."""

from typing import Any

import numpy as np
import torch

from torchkeras._base.check import one_of, received
from torchkeras._base.optional import require

FILL_MODES = ("nearest", "constant", "reflect", "wrap")


def flip_axis(x: np.ndarray, axis: int) -> np.ndarray:
    """Return an array with one axis reversed."""
    return np.flip(np.asarray(x), axis)


def transform_matrix_offset_center(matrix: np.ndarray, x: int, y: int) -> np.ndarray:
    """Return the matrix that does about the middle of an `x × y` image what one does about 0."""
    middle = np.array([[1, 0, x / 2 - 0.5], [0, 1, y / 2 - 0.5], [0, 0, 1]])
    back = np.array([[1, 0, 0.5 - x / 2], [0, 1, 0.5 - y / 2], [0, 0, 1]])
    return middle @ matrix @ back


def apply_affine_transform(
    x: np.ndarray,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """Return an image turned by `theta`, moved, sheared and zoomed about its middle.

    Args:
        x: Image of 3 dimensions.
        theta: Angle in degrees.
        tx: Columns that it is moved by.
        ty: Rows that it is moved by.
        shear: Angle in degrees.
        zx: Factor of the columns; below 1 it grows.
        zy: Factor of the rows.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: What is outside: `"nearest"`, `"constant"`, `"reflect"` or `"wrap"`.
        cval: Value outside, for `"constant"`.
        order: 0 for the nearest pixel, 1 for linear interpolation; up to 5 with scipy.

    Raises:
        ValueError: if the axes or `fill_mode` are none.
        ImportError: for an order above 1, without scipy.

    >>> x = np.arange(4.0).reshape(1, 2, 2)
    >>> apply_affine_transform(x, zx=-1).tolist()
    [[[1.0, 0.0], [3.0, 2.0]]]
    """
    x = np.asarray(x)
    if sorted((row_axis % 3, col_axis % 3, channel_axis % 3)) != [0, 1, 2]:
        raise ValueError(
            "apply_affine_transform: row_axis, col_axis and channel_axis must be three different "
            f"ones of 0, 1, 2. Received: {row_axis}, {col_axis}, {channel_axis}."
        )
    one_of("apply_affine_transform", "fill_mode", fill_mode, FILL_MODES)
    matrix = _matrix(theta, tx, ty, shear, zx, zy)
    if matrix is None:
        return x
    planes = np.moveaxis(x, (channel_axis, row_axis, col_axis), (0, 1, 2))
    matrix = transform_matrix_offset_center(matrix, *planes.shape[1:])
    if col_axis > row_axis:  # as Keras since 2.2.5: the first coordinate is that of columns
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    if order > 1:
        transform = require("scipy.ndimage").affine_transform
        options = {"order": order, "mode": fill_mode, "cval": cval}
        moved = np.stack([transform(p, matrix[:2, :2], matrix[:2, 2], **options) for p in planes])
    else:
        moved = _sampled(planes, matrix, fill_mode, cval, order)
    return np.moveaxis(moved, (0, 1, 2), (channel_axis, row_axis, col_axis))


def _matrix(
    theta: float, tx: float, ty: float, shear: float, zx: float, zy: float
) -> np.ndarray | None:
    parts = []
    if theta != 0:
        cos, sin = np.cos(np.deg2rad(theta)), np.sin(np.deg2rad(theta))
        parts.append([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    if tx != 0 or ty != 0:
        parts.append([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    if shear != 0:
        angle = np.deg2rad(shear)
        parts.append([[1, -np.sin(angle), 0], [0, np.cos(angle), 0], [0, 0, 1]])
    if zx != 1 or zy != 1:
        parts.append([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    if not parts:
        return None
    return np.linalg.multi_dot([np.array(p) for p in parts]) if parts[1:] else np.array(parts[0])


def _sampled(
    planes: np.ndarray, matrix: np.ndarray, mode: str, cval: float, order: int
) -> np.ndarray:
    """Return planes `(n, rows, columns)`, each pixel from where the matrix points."""
    shape = planes.shape[1:]
    turn = torch.from_numpy(matrix)
    rows, columns = (torch.arange(n, dtype=torch.float64) for n in shape)
    x = torch.from_numpy(np.ascontiguousarray(planes)).to(torch.float64)
    axes, outside = [], torch.zeros(shape, dtype=torch.bool)
    for i, n in enumerate(shape):
        at = turn[i, 0] * rows[:, None] + turn[i, 1] * columns + turn[i, 2]
        if mode == "constant":
            outside |= (at < 0) | (at > n - 1)
        at = _inside(at, n, mode)
        low = torch.floor(at if order else at + 0.5)
        share = at - low if order else torch.zeros_like(at)
        axes.append([(_index(low + k, n, mode), 1 - share if not k else share) for k in (0, 1)])
    out = torch.zeros_like(x)
    for row, row_share in axes[0][: order + 1]:
        for column, column_share in axes[1][: order + 1]:
            out += x[:, row, column] * (row_share * column_share)
    out[:, outside] = cval
    if planes.dtype.kind in "iu":
        out = torch.round(out)
    return out.numpy().astype(planes.dtype)


def _inside(at: torch.Tensor, n: int, mode: str) -> torch.Tensor:
    if mode == "wrap":  # scipy's: the last pixel stands where the first does
        period = n - 1
        if not period:
            return torch.zeros_like(at)
        low = at + period * ((-at / period).trunc() + 1)
        high = at - period * (at / period).trunc()
        return torch.where(at < 0, low, torch.where(at > n - 1, high, at))
    if mode == "reflect":
        at = at % (2 * n)
        return torch.where(at >= n, 2 * n - 1 - at, at)
    return at.clamp(0, n - 1)


def _index(at: torch.Tensor, n: int, mode: str) -> torch.Tensor:
    index = at.long()
    if mode == "reflect":
        index = index % (2 * n)
        return torch.where(index >= n, 2 * n - 1 - index, index)
    return index.clamp(0, n - 1)


def apply_channel_shift(x: np.ndarray, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """Return an image with a number added, within the range of its values."""
    x = np.asarray(x)
    return np.clip(x + intensity, x.min(), x.max())


def refuse_range(owner: str, name: str, value: Any) -> None:
    """Refuse what is no pair."""
    if np.ndim(value) != 1 or len(value) != 2:
        raise ValueError(f"{owner}: {name} must be two numbers. {received(name, value)}")
