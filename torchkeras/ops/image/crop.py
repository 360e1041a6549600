"""Rows and columns added or taken away at the edges."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import scope
from torchkeras.ops._op import op
from torchkeras.ops.image._layout import IMAGE, batch_first


def _edges(
    owner: str, names: tuple[str, str, str], given: tuple[Any, Any, Any], size: int, sign: int
) -> tuple[int, int]:
    """Return what is added (`sign` 1) or taken away (-1) before and after, two of three given."""
    if sum(g is None for g in given) != 1:
        listed = ", ".join(f"{n}={g}" for n, g in zip(names, given, strict=True))
        raise ValueError(
            f"{owner}: two of {names[0]}, {names[1]} and {names[2]} must be given. "
            f"Received: {listed}."
        )
    before, after, target = given
    if target is None:
        target = size + sign * (before + after)
    elif before is None:
        before = sign * (target - size) - after
    else:
        after = sign * (target - size) - before
    known = size != scope.state.probe_size  # while shapes are inferred, a size may be unknown
    for name, value in zip(names, (before, after, target), strict=True):
        if value < 0 and (known or value in given):
            raise ValueError(f"{owner}: {name} must be >= 0. Received: {name}={value}.")
    return before, after


@op(module=IMAGE)
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Add rows and columns of zeros.

    Of the two paddings and the target of an axis, two are given.

    Args:
        images: One image or a batch, of any dtype.
        top_padding: Rows added above.
        left_padding: Columns added on the left.
        bottom_padding: Rows added below.
        right_padding: Columns added on the right.
        target_height: Rows of the result.
        target_width: Columns of the result.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for a bad shape, negative numbers, or not two of three.

    >>> import torch, torchkeras as keras
    >>> x = torch.ones(15, 25, 3)
    >>> keras.ops.image.pad_images(x, 2, 3, target_height=20, target_width=30).shape
    torch.Size([20, 30, 3])
    """
    x, back = batch_first("pad_images", images, data_format)
    names = ("top_padding", "bottom_padding", "target_height")
    given = (top_padding, bottom_padding, target_height)
    rows = _edges("pad_images", names, given, x.shape[2], 1)
    names = ("left_padding", "right_padding", "target_width")
    given = (left_padding, right_padding, target_width)
    columns = _edges("pad_images", names, given, x.shape[3], 1)
    return back(F.pad(x, (*columns, *rows)))


@op(module=IMAGE)
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Take rows and columns away.

    Of the two croppings and the target of an axis, two are given.

    Args:
        images: One image or a batch, of any dtype.
        top_cropping: Rows taken away above.
        left_cropping: Columns taken away on the left.
        bottom_cropping: Rows taken away below.
        right_cropping: Columns taken away on the right.
        target_height: Rows of the result.
        target_width: Columns of the result.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for a bad shape, negative numbers, more than there is, or not two of three.

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.crop_images(torch.ones(9, 9, 3), 1, 2, 3, 4).shape
    torch.Size([5, 3, 3])
    """
    x, back = batch_first("crop_images", images, data_format)
    names = ("top_cropping", "bottom_cropping", "target_height")
    given = (top_cropping, bottom_cropping, target_height)
    rows = _edges("crop_images", names, given, x.shape[2], -1)
    names = ("left_cropping", "right_cropping", "target_width")
    given = (left_cropping, right_cropping, target_width)
    columns = _edges("crop_images", names, given, x.shape[3], -1)
    return back(_inner(_inner(x, 2, *rows), 3, *columns))


def _inner(x: torch.Tensor, axis: int, before: int, after: int) -> torch.Tensor:
    return x.narrow(axis, before, x.shape[axis] - before - after)
