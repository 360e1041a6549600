"""What all layers that learn from data before training share: reading that data."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.tensor import convert_to_tensor


def is_batch(data: Any) -> bool:
    """Tell whether `data` is one array or tensor, not a collection of them."""
    return hasattr(data, "shape") and not isinstance(data, type)


def batches(owner: str, data: Any, steps: int | None = None) -> Iterator[torch.Tensor]:
    """Yield the batches of what is given to `adapt`, as tensors.

    Args:
        owner: Who asks, for messages.
        data: One array or tensor, or an iterable of batches: a list of arrays, a generator, a
            DataLoader, a PyDataset. Of a batch that is a tuple the first entry is taken.
        steps: How many batches of an iterable are read; default all.

    Raises:
        TypeError: if it is neither, or a batch is no array.
        ValueError: if an iterable has no batch.
    """
    if is_batch(data):
        yield convert_to_tensor(data)
        return
    if isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Iterable):
        raise TypeError(
            f"{owner}: adapt() takes an array, a tensor or an iterable of batches. "
            f"{received('data', data)}"
        )
    empty = True
    for batch in islice(iter(data), steps):
        x = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
        if not is_batch(x):
            raise TypeError(
                f"{owner}: adapt() takes an iterable whose batches are arrays or tensors. "
                f"{received('batch', batch)}"
            )
        empty = False
        yield convert_to_tensor(x)
    if empty:
        raise ValueError(f"{owner}: adapt() needs at least one batch. {received('data', data)}")
