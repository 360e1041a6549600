"""Ops that order values, and look them up in an order."""

from typing import Any

import torch

from torchkeras._base.check import one_of
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op, promote

Tensor = torch.Tensor


def _along(x: Any, axis: int | None) -> tuple[Tensor, int]:
    x = convert_to_tensor(x)
    return (x.flatten(), 0) if axis is None else (x, axis)


@op()
def sort(x: Any, axis: int | None = -1) -> Any:
    """Return the values in rising order along an axis; None: those of the flat tensor.

    >>> import torchkeras as keras
    >>> keras.ops.sort([3, 1, 2])
    tensor([1, 2, 3], dtype=torch.int32)
    """
    x, axis = _along(x, axis)
    return torch.sort(x, dim=axis, stable=True).values


@op()
def argsort(x: Any, axis: int | None = -1) -> Any:
    """Return the indices that sort along an axis, equal values in their order, as int32.

    >>> import torchkeras as keras
    >>> keras.ops.argsort([3, 1, 2])
    tensor([1, 2, 0], dtype=torch.int32)
    """
    x, axis = _along(x, axis)
    return torch.argsort(x, dim=axis, stable=True).to(torch.int32)


@op()
def argpartition(x: Any, kth: Any, axis: int | None = -1) -> Any:
    """Return indices with which the `kth` value stands at its place, the smaller ones before it.

    Args:
        x: Tensor.
        kth: Index in the order, or a sequence of them; negative ones count from the end.
        axis: Axis; None: the flat tensor.

    Raises:
        ValueError: if `kth` is outside of the axis.

    >>> import torchkeras as keras
    >>> keras.ops.argpartition([3, 1, 2], 1)[1]
    tensor(2, dtype=torch.int32)
    """
    x, axis = _along(x, axis)
    size = x.shape[axis]
    for k in (kth,) if isinstance(kth, int) else kth:
        if not -size <= k < size:
            raise ValueError(f"argpartition: kth must be within {size} values. Received: {kth}.")
    return torch.argsort(x, dim=axis, stable=True).to(torch.int32)


@op("SearchSorted", tensors=2)
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Return where values must be inserted into a sorted sequence for it to stay sorted, as int32.

    Args:
        sorted_sequence: One axis of rising values.
        values: Any shape.
        side: `"left"` or `"right"` of equal values.

    Raises:
        ValueError: if the sequence has not one axis, or for another side.

    >>> import torchkeras as keras
    >>> keras.ops.searchsorted([1, 2, 3], [2, 5])
    tensor([1, 3], dtype=torch.int32)
    """
    one_of("searchsorted", "side", side, ("left", "right"))
    sequence, values = promote(sorted_sequence, values)
    if sequence.ndim != 1:
        raise ValueError(
            "searchsorted: sorted_sequence must have one dimension. "
            f"Received: shape {tuple(sequence.shape)}."
        )
    return _found(sequence, values, side == "right")


@op(tensors=2)
def digitize(x: Any, bins: Any) -> Any:
    """Return the number of bin edges that are not greater than each value, as int32.

    >>> import torchkeras as keras
    >>> keras.ops.digitize([0.0, 1.0, 3.0, 1.6], [0.0, 3.0, 4.5, 7.0])
    tensor([1, 1, 2, 1], dtype=torch.int32)
    """
    x, edges = promote(x, bins)
    if edges.ndim != 1:
        raise ValueError(
            f"digitize: bins must have one dimension. Received: shape {tuple(edges.shape)}."
        )
    return _found(edges, x, True)


def _found(edges: Tensor, values: Tensor, right: bool) -> Tensor:
    if edges.dtype is torch.bool:
        edges, values = edges.to(torch.uint8), values.to(torch.uint8)
    return torch.searchsorted(edges, values.contiguous(), right=right).to(torch.int32)


def _unique_spec(
    x: Any,
    sorted: bool,
    return_index: bool,
    return_inverse: bool,
    return_counts: bool,
    axis: int | None,
    size: int | None,
    fill_value: Any,
) -> Any:
    shape, inverse = list(x.shape), tuple(x.shape)
    if axis is None:
        shape, axis = [size], 0
    else:
        inverse = (shape[axis],)
        shape[axis] = size
    out = [KerasTensor(shape, x.dtype)]
    for wanted, form in (
        (return_index, (size,)), (return_inverse, inverse), (return_counts, (size,))
    ):  # fmt: skip
        if wanted:
            out.append(KerasTensor(form, "int32"))
    return tuple(out) if len(out) > 1 else out[0]


@op(spec=_unique_spec)
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """Return each value once.

    Args:
        x: Tensor.
        sorted: Accepted as in Keras; the values are always in rising order.
        return_index: Give also the index of the first entry of each value.
        return_inverse: Give also, for each entry of `x`, the index of its value.
        return_counts: Give also the number of entries of each value.
        axis: Tell apart the parts along this axis; None: single values.
        size: Fixed number of results: more are cut off, fewer are filled up.
        fill_value: What they are filled up with; default 0.

    >>> import torchkeras as keras
    >>> keras.ops.unique([3, 1, 2, 1], return_counts=True)
    (tensor([1, 2, 3], dtype=torch.int32), tensor([2, 1, 1], dtype=torch.int32))
    """
    x = convert_to_tensor(x)
    values, inverse, counts = torch.unique(x, True, True, True, dim=axis)
    found: list[Tensor] = []
    if return_index:
        entries = torch.arange(inverse.numel(), device=x.device)
        first = torch.full_like(counts, inverse.numel())
        found.append(first.scatter_reduce(0, inverse.flatten(), entries, "amin"))
    if return_counts:
        found.append(counts)
    if size is not None:
        values = _sized(values, axis or 0, size, 0 if fill_value is None else fill_value)
        found = [_sized(f, 0, size, 0 if f is counts or not x.numel() else f[0]) for f in found]
    if return_inverse:
        found.insert(int(return_index), inverse)
    out = (values, *(f.to(torch.int32) for f in found))
    return out if found else values


def _sized(x: Tensor, axis: int, size: int, value: Any) -> Tensor:
    shape = list(x.shape)
    shape[axis] = size  # in any case: a branch on the number of values could not be compiled
    fill = torch.as_tensor(value, device=x.device).to(x.dtype)
    return torch.cat([x, fill.expand(shape)], axis).narrow(axis, 0, size)
