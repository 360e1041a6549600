"""Ops that read or write parts of tensors: scatter, slice, unstack."""

import builtins
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import one_of
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import CORE, op


def _indices(owner: str, indices: Any, rank: int) -> tuple[torch.Tensor, ...]:
    """Turn `(..., k)` indices into one index tensor for each of the first `k` axes."""
    indices = convert_to_tensor(indices).long()
    if not indices.ndim or indices.shape[-1] > rank:
        raise ValueError(
            f"{owner}: the last axis of indices must have at most {rank} entries, one an axis. "
            f"Received: shape={tuple(indices.shape)}."
        )
    return torch.unbind(indices, -1)


@op("Scatter", module=CORE, tensors=2)
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Return zeros with values added in at indices.

    Args:
        indices: `(..., k)` indices into the first `k` axes.
        values: `(..., *shape[k:])` values.
        shape: Shape of the result.

    >>> import torch, torchkeras as keras
    >>> keras.ops.scatter([[0], [2], [2]], torch.ones(3), (4,))
    tensor([1., 0., 2., 0.])
    """
    values = convert_to_tensor(values)
    zeros = torch.zeros(tuple(shape), dtype=values.dtype, device=values.device)
    return zeros.index_put(_indices("scatter", indices, zeros.ndim), values, accumulate=True)


_REDUCTIONS = (None, "add", "max", "min", "mul")
_KERNELS = {"max": "amax", "min": "amin", "mul": "prod"}


@op("ScatterUpdate", module=CORE, tensors=3)
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """Return a copy of `inputs` with updates written at indices.

    Args:
        inputs: Tensor of rank `n`.
        indices: `(..., k)` indices into the first `k` axes.
        updates: `(..., *inputs.shape[k:])` values.
        reduction: How an update meets what is there: None (replaces it), `"add"`, `"max"`,
            `"min"` or `"mul"`.

    Raises:
        ValueError: for an unknown reduction, or more indices than axes.

    >>> import torch, torchkeras as keras
    >>> keras.ops.scatter_update(torch.zeros(3), [[1], [2]], [5.0, 6.0])
    tensor([0., 5., 6.])
    """
    one_of("scatter_update", "reduction", reduction, _REDUCTIONS)
    x = convert_to_tensor(inputs)
    where = _indices("scatter_update", indices, x.ndim)
    updates = convert_to_tensor(updates).to(x.dtype)
    if reduction in (None, "add"):
        return x.index_put(where, updates, accumulate=reduction == "add")
    # The kernel reads the place of each entry: number those of the indexed axes.
    k = len(where)
    dims, rest = x.shape[:k], x.shape[k:]
    number = torch.arange(dims.numel(), device=x.device).reshape(dims)[where]
    updates = updates.expand(*number.shape, *rest).reshape(number.numel(), *rest)
    number = number.reshape(-1, *[1] * len(rest)).expand_as(updates)
    rows = x.reshape(dims.numel(), *rest)
    return rows.scatter_reduce(0, number, updates, _KERNELS[reduction]).reshape(x.shape)


def _starts(start_indices: Any) -> list[Any]:
    """Return starts as Python ints, or as tensors where only the data can tell."""
    if isinstance(start_indices, torch.Tensor):
        return list(start_indices.long().reshape(-1).unbind())
    starts = start_indices if isinstance(start_indices, (list, tuple)) else [*start_indices]
    return [s.long() if isinstance(s, torch.Tensor) else int(s) for s in starts]


def _sizes(shape: Any) -> list[int]:
    return [int(s) for s in ((shape,) if isinstance(shape, int) else shape)]


_ALL = builtins.slice(None)


@op("Slice", module=CORE, tensors=2)
def slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> Any:
    """Return the block of a shape that starts at indices.

    Args:
        inputs: Tensor.
        start_indices: One index for each of the first axes, as numbers or an integer tensor.
        shape: Size along each of them; -1: all that follows the start.

    >>> import torch, torchkeras as keras
    >>> keras.ops.slice(torch.arange(6).reshape(3, 2), (1, 0), (2, 1))
    tensor([[2],
            [4]])
    """
    x = convert_to_tensor(inputs)
    starts, sizes = _starts(start_indices), _sizes(shape)
    if len(starts) > x.ndim or len(sizes) > len(starts):
        raise ValueError(
            f"slice: there must be one start and size for each of at most {x.ndim} axes. "
            f"Received: {len(starts)} starts, shape={tuple(sizes)}."
        )
    sizes += [-1] * (len(starts) - len(sizes))
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        if not isinstance(start, torch.Tensor):
            stop = x.shape[axis] if size == -1 else start + size
            x = x[(*[_ALL] * axis, builtins.slice(start, stop))]
        elif size == -1:
            x = x[(*[_ALL] * axis, builtins.slice(int(start), None))]
        else:
            x = x.index_select(axis, start + torch.arange(size, device=x.device))
    return x


@op("SliceUpdate", module=CORE, tensors=3)
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """Return a copy of `inputs` with a block written at a start.

    Args:
        inputs: Tensor.
        start_indices: One index for each of the first axes, as numbers or an integer tensor.
        updates: The block.

    >>> import torch, torchkeras as keras
    >>> keras.ops.slice_update(torch.zeros(2, 3), (0, 1), torch.ones(2, 2))
    tensor([[0., 1., 1.],
            [0., 1., 1.]])
    """
    x = convert_to_tensor(inputs)
    updates = convert_to_tensor(updates).to(x.dtype)
    starts = _starts(start_indices)
    if len(starts) > min(x.ndim, updates.ndim):
        raise ValueError(
            f"slice_update: there must be at most {min(x.ndim, updates.ndim)} starts, one an "
            f"axis. Received: {len(starts)} starts."
        )
    if all(isinstance(s, int) for s in starts):
        out = x.clone()
        sizes = updates.shape
        blocks = (builtins.slice(s, s + n) for s, n in zip(starts, sizes, strict=False))
        out[tuple(blocks)] = updates
        return out
    rank = len(starts)
    index = [
        (start + torch.arange(size, device=x.device)).reshape(-1, *[1] * (rank - i - 1))
        for i, (start, size) in enumerate(zip(starts, updates.shape, strict=False))
    ]
    return x.index_put(tuple(index), updates)


def _unstack_spec(x: Any, num: int | None = None, axis: int = 0) -> Any:
    shape = list(x.shape)
    count = shape.pop(axis)
    count = count if num is None else num
    if count is None:
        raise ValueError(
            f"unstack: num must be given where the size of the axis is unknown. "
            f"Received: shape={tuple(x.shape)}, axis={axis}."
        )
    return [KerasTensor(shape, x.dtype) for _ in range(count)]


@op("Unstack", module=CORE, spec=_unstack_spec)
def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """Return the entries along an axis as a list.

    Args:
        x: Tensor.
        num: Their number, needed for a symbolic tensor whose axis has no known size.
        axis: The axis that is taken away.

    >>> import torch, torchkeras as keras
    >>> keras.ops.unstack(torch.arange(4).reshape(2, 2))
    [tensor([0, 1]), tensor([2, 3])]
    """
    return list(torch.unbind(convert_to_tensor(x), axis))
