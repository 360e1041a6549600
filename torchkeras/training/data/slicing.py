"""Cuts through data: the validation split, and the way of a batch to a device."""

import math
from numbers import Real
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.strings import string_leaves
from torchkeras.training.data.accept import (
    is_array,
    is_on_disk,
    is_sparse_matrix,
    map_named,
    to_array,
)
from torchkeras.training.data.base import Batch
from torchkeras.training.data.checks import check_lengths, describe, is_structure, walk
from torchkeras.training.data.columns import RowRange
from torchkeras.training.data.frames import is_frame

_NAMES = ("x", "y", "sample_weight")


def train_validation_split(
    arrays: tuple[Any, ...], validation_split: float, owner: str = "fit"
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Cut the last part off arrays, without copying them, before any shuffling.

    The training part has `floor(samples * (1 - validation_split))` samples, as in Keras.

    Args:
        arrays: `(x, y, sample_weight)` or fewer, each nested as it may be, or None.
        validation_split: Fraction to cut off, above 0 and below 1.
        owner: Who asks, for messages.

    Raises:
        ValueError: if the fraction is out of range or leaves a side without samples, if the data
            is no array, or if lengths differ.

    >>> train, validation = train_validation_split((np.arange(5), None), 0.2)
    >>> train, validation
    ((array([0, 1, 2, 3]), None), (array([4]), None))
    """
    bad_type = not isinstance(validation_split, Real) or isinstance(validation_split, bool)
    if bad_type or not 0 < validation_split < 1:
        raise ValueError(
            f"{owner}: validation_split must be a number above 0 and below 1. "
            f"{received('validation_split', validation_split)}"
        )
    arrays = tuple(string_leaves(a, owner, n) for a, n in zip(arrays, _NAMES, strict=False))
    parts = [
        map_named(lambda path, leaf: _sliceable(owner, path, leaf), part, name)
        for part, name in zip(arrays, _NAMES, strict=False)
    ]
    named = [p for part, name in zip(parts, _NAMES, strict=False) for p in walk(part, name)]
    samples = check_lengths(owner, [(name, a.shape[0]) for name, a in named if a is not None])
    # The sum 1 - 0.9 is a little below 0.1: a side of exactly one sample would be lost by it.
    kept = math.floor(samples * (1 - validation_split)) or math.floor(
        samples * (1 - validation_split) + 1e-9
    )
    if not 0 < kept < samples:
        raise ValueError(
            f"{owner}: validation_split={validation_split} leaves no samples for "
            f"{'training' if kept == 0 else 'validation'}. Received: {samples} samples."
        )

    def cut(start: int, stop: int) -> tuple[Any, ...]:
        return tuple(map_named(lambda _, leaf: _rows(leaf, start, stop), p, "") for p in parts)

    return cut(0, kept), cut(kept, samples)


def _sliceable(owner: str, name: str, leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor) or is_frame(leaf) or is_on_disk(leaf):
        array = leaf
    elif is_sparse_matrix(leaf):
        array = leaf.tocsr()
    elif is_array(leaf):
        array = to_array(owner, name, leaf)
    else:
        raise ValueError(
            f"{owner}: validation_split is only for arrays and tensors; give other data as "
            f"validation_data. Received: {name}={describe(leaf)}."
        )
    if not array.shape:
        raise ValueError(f"{owner}: {name} must have a dimension of samples. Received: shape ().")
    return array


def _rows(array: Any, start: int, stop: int) -> Any:
    if isinstance(array, torch.Tensor):
        if array.layout != torch.strided:
            return array.to_sparse_coo().index_select(0, torch.arange(start, stop))
        return array.narrow(0, start, stop - start)
    if is_frame(array):
        return array.iloc[start:stop]
    if isinstance(array, np.ndarray) or is_sparse_matrix(array):
        return array[start:stop]
    return RowRange(array, start, stop)


def to_device(batch: Batch, device: torch.device | str) -> Batch:
    """Return a batch on a device: the same object if all of it is there.

    Copies are asynchronous where the memory is pinned. MPS has no float64: it becomes float32.

    >>> batch = (torch.ones(2, 3), None, None)
    >>> to_device(batch, "cpu") is batch
    True
    """
    if type(device) is str:
        device = torch.device(device)
    for part in batch:
        if part is None or (type(part) is torch.Tensor and part.device == device):
            continue
        if is_structure(part) and all(_is_there(leaf, device) for leaf in nest.flatten(part)):
            continue
        return tuple(nest.map_structure(lambda leaf: _moved(leaf, device), p) for p in batch)
    return batch


def _is_there(leaf: Any, device: torch.device) -> bool:
    return leaf is None or getattr(leaf, "device", device) == device


def _moved(leaf: Any, device: torch.device) -> Any:
    if not hasattr(leaf, "to"):
        return leaf
    if device.type == "mps" and getattr(leaf, "dtype", None) == torch.float64:
        leaf = leaf.to(torch.float32)
    if isinstance(leaf, torch.Tensor):
        return leaf.to(device, non_blocking=True)
    return leaf.to(device)
