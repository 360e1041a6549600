"""Values of arrays of any number of dimensions, between their entries."""

import itertools
from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op
from torchkeras.ops.image._layout import IMAGE, floating, rounded
from torchkeras.ops.image._sample import FILL_MODES


def _inside(index: torch.Tensor, size: int, mode: str) -> torch.Tensor:
    """Return the entry that stands for an index, which may lie outside."""
    if mode == "wrap":
        return index.remainder(size)
    if mode == "reflect":  # d c b a | a b c d | d c b a
        index = index.remainder(2 * size)
        return torch.minimum(index, 2 * size - 1 - index)
    if mode == "mirror":  # d c b | a b c d | c b a
        period = max(2 * size - 2, 1)
        index = index.remainder(period)
        return torch.minimum(index, period - index)
    return index.clamp(0, size - 1)


@op(module=IMAGE, tensors=2)
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    """Return the values of an array at points.

    Args:
        inputs: Array of any number of dimensions and any dtype; integers are rounded.
        coordinates: Positions, of shape `(dimensions of inputs, ...)`.
        order: 0 takes the nearest entry, 1 interpolates linearly.
        fill_mode: As in `affine_transform`.
        fill_value: Value outside, with `fill_mode="constant"`.

    Shapes: that of `coordinates` without its first axis.

    Raises:
        ValueError: for coordinates of another number of dimensions, an unknown order or fill mode.

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.map_coordinates([1.0, 2.0, 4.0], [[0.5, 1.5, 9.0]], 1)
    tensor([1.5000, 3.0000, 0.0000])
    """
    check.one_of("map_coordinates", "order", order, (0, 1))
    check.one_of("map_coordinates", "fill_mode", fill_mode, FILL_MODES)
    inputs, coordinates = convert_to_tensor(inputs), convert_to_tensor(coordinates)
    if coordinates.ndim < 2 or coordinates.shape[0] != inputs.ndim:
        raise ValueError(
            "map_coordinates: coordinates must have one row for each dimension of inputs, and one "
            f"more axis at least. Received: coordinates of shape {tuple(coordinates.shape)} for "
            f"inputs of shape {tuple(inputs.shape)}."
        )
    x, coordinates = floating(inputs), floating(coordinates)
    if order == 0:  # halves go to even positions
        corners = [[(c.round().long(), None)] for c in coordinates]
    else:
        corners = []
        for c in coordinates:
            low = c.floor()
            share = c - low
            low = low.long()
            corners.append([(low, 1 - share), (low + 1, share)])
    out = None
    for corner in itertools.product(*corners):
        value = _entries(x, [index for index, _ in corner], fill_mode, fill_value)
        for _, share in corner:
            value = value if share is None else value * share
        out = value if out is None else out + value
    return rounded(out.to(x.dtype), inputs.dtype)


def _entries(
    x: torch.Tensor, indices: list[torch.Tensor], fill_mode: str, fill_value: float
) -> torch.Tensor:
    within = [_inside(i, n, fill_mode) for i, n in zip(indices, x.shape, strict=True)]
    values = x[tuple(within)]
    if fill_mode != "constant":
        return values
    outside = torch.zeros_like(values, dtype=torch.bool)
    for index, place in zip(indices, within, strict=True):
        outside |= index != place
    return torch.where(outside, fill_value, values)
