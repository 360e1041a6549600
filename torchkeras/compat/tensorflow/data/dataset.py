"""`tf.data.Dataset`: pipelines over Python and torch, which `fit` takes as they are."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from torchkeras.compat.tensorflow.data.base import (
    AUTOTUNE,
    INFINITE_CARDINALITY,
    UNKNOWN_CARDINALITY,
    Base,
)
from torchkeras.compat.tensorflow.data.batches import Batches
from torchkeras.compat.tensorflow.data.elements import Elements
from torchkeras.compat.tensorflow.data.order import Order
from torchkeras.compat.tensorflow.data.sources import Sources
from torchkeras.compat.tensorflow.missing import missing


class Dataset(Sources, Elements, Order, Batches):
    """Elements (tensors, or tuples and dicts of them) made anew each time they are asked for.

    Args:
        make: Returns an iterator over the elements.
        count: Number of elements; -1 for no end, -2 if not known.

    >>> list(Dataset.range(5).map(lambda x: x * 2).batch(3).as_numpy_iterator())
    [array([0, 2, 4]), array([6, 8])]
    """

    @staticmethod
    def _new(make: Callable[[], Iterator[Any]], count: int = UNKNOWN_CARDINALITY) -> Base:
        return Dataset(make, count)


class experimental:
    """`tf.data.experimental`."""

    AUTOTUNE = AUTOTUNE
    INFINITE_CARDINALITY = INFINITE_CARDINALITY
    UNKNOWN_CARDINALITY = UNKNOWN_CARDINALITY

    @staticmethod
    def cardinality(dataset: Dataset) -> torch.Tensor:
        """Return the number of elements."""
        return dataset.cardinality()


def __getattr__(name: str) -> Any:
    raise missing("tf.data", name)
