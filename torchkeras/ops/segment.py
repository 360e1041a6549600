"""Reductions of rows that belong together: those with the same segment number."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import MATH, op

Tensor = torch.Tensor


def _lowest(dtype: torch.dtype) -> Any:
    if dtype.is_floating_point:
        return -torch.inf
    return False if dtype is torch.bool else torch.iinfo(dtype).min


def _highest(dtype: torch.dtype) -> Any:
    if dtype.is_floating_point:
        return torch.inf
    return True if dtype is torch.bool else torch.iinfo(dtype).max


# reduction of torch -> what an empty segment has
_EMPTY: dict[str, Callable[[torch.dtype], Any]] = {
    "sum": lambda dtype: 0,
    "prod": lambda dtype: 1,
    "amax": _lowest,
    "amin": _highest,
}


def _segments(owner: str, reduce: str, data: Any, ids: Any, num_segments: int | None) -> Tensor:
    data, ids = convert_to_tensor(data), convert_to_tensor(ids).long()
    if ids.ndim != 1 or not data.ndim or data.shape[0] != ids.shape[0]:
        raise ValueError(
            f"{owner}: segment_ids must hold one number for each row of data. Received: data of "
            f"shape {tuple(data.shape)}, segment_ids of shape {tuple(ids.shape)}."
        )
    if num_segments is None:
        num_segments = int(ids.max()) + 1 if ids.numel() else 0
    # Rows of other segments fall into one more, which is left off.
    inside = (ids >= 0) & (ids < num_segments)
    ids = torch.where(inside, ids, num_segments)
    shape = (num_segments + 1, *data.shape[1:])
    values = data.to(torch.int32) if data.dtype is torch.bool else data
    out = torch.full(shape, _EMPTY[reduce](values.dtype), dtype=values.dtype, device=data.device)
    if reduce == "sum":
        out = out.index_add(0, ids, values)
    else:
        index = ids.view(-1, *(1,) * (data.ndim - 1)).expand_as(values)
        out = out.scatter_reduce(0, index, values, reduce)
    out = out[:num_segments]
    return out if values is data else (out > 0 if reduce != "amax" else out == 1)


def _spec(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    return KerasTensor((num_segments, *data.shape[1:]), data.dtype)


_DOC = """Return the {what} of the rows of each segment; {empty} of a segment without rows.

    Args:
        data: `(rows, ...)`.
        segment_ids: Segment of each row; rows of a number out of range are left out.
        num_segments: Number of segments; default: what the largest number needs.
        sorted: Whether the numbers are in order; it makes no difference here.

    >>> import torchkeras as keras
    >>> keras.ops.{name}([1.0, 2.0, 5.0], [0, 0, 1])
    tensor({example})
    """


def _op(name: str, reduce: str, what: str, empty: str, example: str) -> Callable[..., Tensor]:
    def reduced(
        data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
    ) -> Any:
        return _segments(name, reduce, data, segment_ids, num_segments)

    reduced.__name__ = reduced.__qualname__ = name
    reduced.__doc__ = _DOC.format(name=name, what=what, empty=empty, example=example)
    return op(module=MATH, tensors=2, spec=_spec)(reduced)


segment_sum = _op("segment_sum", "sum", "sum", "0", "[3., 5.]")
segment_prod = _op("segment_prod", "prod", "product", "1", "[2., 5.]")
segment_max = _op("segment_max", "amax", "maximum", "the lowest value", "[2., 5.]")
segment_min = _op("segment_min", "amin", "minimum", "the highest value", "[1., 5.]")
