"""A dataset cut in two."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from torchkeras import tree
from torchkeras._base.check import received
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.training.data import PyDataset

_OWNER = "split_dataset"


def split_dataset(
    dataset: Any,
    left_size: int | float | None = None,
    right_size: int | float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Return the left and the right part of a dataset, both of which `fit` takes.

    Args:
        dataset: Arrays or tensors (nested in tuples and dicts), a torch `Dataset`, a `DataLoader`
            (its samples are parted), or a `PyDataset` (its batches are).
        left_size: Number of samples to the left, or share of them; None: what is not to the right.
        right_size: The same to the right.
        shuffle: Whether the samples are put in a random order before.
        seed: Of that order.
        preferred_backend: Accepted as in Keras; both parts are torch datasets.

    Raises:
        ValueError: if the sizes are out of range or arrays differ in length.
        TypeError: if `dataset` is none, or a size is no number.

    >>> import numpy as np, torchkeras as keras
    >>> left, right = keras.utils.split_dataset(np.arange(5), left_size=0.6)
    >>> [len(left), len(right)]
    [3, 2]
    """
    if preferred_backend not in (None, "torch", "tensorflow", "jax", "numpy"):
        raise ValueError(
            f"{_OWNER}: no such backend. {received('preferred_backend', preferred_backend)}"
        )
    if isinstance(dataset, DataLoader):
        samples = dataset.dataset
    elif isinstance(dataset, (Dataset, PyDataset)):
        samples = dataset
    else:
        samples = _Samples(dataset)
    try:
        count = len(samples)  # type: ignore[arg-type]
    except (TypeError, NotImplementedError):
        raise TypeError(
            f"{_OWNER}: the dataset must have a length. {received('dataset', dataset)}"
        ) from None
    left, right = _sizes(left_size, right_size, count)
    order = list(range(count))
    if shuffle:
        if seed is None:
            seed = int(np.random.randint(1_000_000))
        np.random.RandomState(seed).shuffle(order)
    return tuple(_part(dataset, samples, part) for part in (order[:left], order[count - right :]))


def _part(dataset: Any, samples: Any, chosen: Sequence[int]) -> Any:
    if isinstance(dataset, PyDataset):
        return _Batches(dataset, chosen)
    part = Subset(samples, chosen)
    if not isinstance(dataset, DataLoader):
        return part
    return DataLoader(
        part,
        batch_size=dataset.batch_size,
        num_workers=dataset.num_workers,
        collate_fn=dataset.collate_fn,
        drop_last=dataset.drop_last,
    )


class _Samples(Dataset):
    """The rows of arrays."""

    def __init__(self, arrays: Any) -> None:
        if isinstance(arrays, list) and not (arrays and hasattr(arrays[0], "shape")):
            arrays = np.asarray(arrays)
        if isinstance(arrays, list):
            arrays = tuple(arrays)
        flat = tree.flatten(arrays)
        if not flat or not all(hasattr(a, "__len__") and not isinstance(a, str) for a in flat):
            raise TypeError(
                f"{_OWNER}: dataset must be arrays or a dataset. {received('dataset', arrays)}"
            )
        if len({len(a) for a in flat}) != 1:
            lengths = [len(a) for a in flat]
            raise ValueError(f"{_OWNER}: arrays must be equally long. Received: {lengths}.")
        self._arrays = tree.map_structure(convert_to_tensor, arrays)
        self._count = len(flat[0])

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Any:
        row = tree.map_structure(lambda a: a[index], self._arrays)
        return (row,) if isinstance(row, torch.Tensor) else row


class _Batches(PyDataset):
    """Some of the batches of a PyDataset."""

    def __init__(self, dataset: PyDataset, chosen: Sequence[int]) -> None:
        super().__init__(dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size)
        self._dataset, self._chosen = dataset, chosen

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, index: int) -> Any:
        return self._dataset[self._chosen[index]]


def _sizes(left: Any, right: Any, count: int) -> tuple[int, int]:
    if left is None and right is None:
        raise ValueError(f"{_OWNER}: left_size or right_size must be given. Received: neither.")
    for name, value in (("left_size", left), ("right_size", right)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise TypeError(f"{_OWNER}: {name} must be a number. {received(name, value)}")
        whole = isinstance(value, (int, np.integer))
        if not 0 < value < (count if whole else 1):
            raise ValueError(
                f"{_OWNER}: {name} must be a share between 0 and 1, or a whole number above 0 and "
                f"below the number of samples, {count}. {received(name, value)}"
            )
    if isinstance(left, float) and isinstance(right, float) and left + right > 1:
        raise ValueError(
            f"{_OWNER}: left_size and right_size must not be more than 1 together. "
            f"Received: left_size={left}, right_size={right}."
        )
    # Keras rounds the left part to the nearest number and the right one likewise.
    left = round(left * count) if isinstance(left, float) else left
    right = round(right * count) if isinstance(right, float) else right
    left = count - right if left is None else int(left)
    right = count - left if right is None else int(right)
    if left + right > count:
        raise ValueError(
            f"{_OWNER}: left_size and right_size must not be more than the {count} samples "
            f"together. Received: {left} and {right} samples."
        )
    if not left or not right:
        raise ValueError(
            f"{_OWNER}: a part would have no samples. Received: {left} and {right} samples of "
            f"{count}."
        )
    return left, right
