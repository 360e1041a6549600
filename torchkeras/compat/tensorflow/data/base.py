"""What all datasets can: be iterated over, and tell their size."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from torchkeras import tree
from torchkeras.compat.tensorflow.arrays import convert_to_tensor
from torchkeras.compat.tensorflow.data.options import TensorSpec

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2


class Base:
    """Elements made anew each time they are asked for.

    Args:
        make: Returns an iterator over the elements.
        count: Number of elements; -1 for no end, -2 if not known.
    """

    # Makes the dataset that a step returns; a user's subclass may have another constructor.
    _new: Callable[..., "Base"]

    def __init__(self, make: Callable[[], Iterator[Any]], count: int = UNKNOWN_CARDINALITY) -> None:
        self._make = make
        self._count = count

    def __iter__(self) -> Iterator[Any]:
        return self._make()

    def __len__(self) -> int:
        if self._count < 0:
            word = "infinite" if self._count == INFINITE_CARDINALITY else "unknown"
            raise TypeError(f"The dataset is {word}.")
        return self._count

    def __bool__(self) -> bool:
        return True

    def cardinality(self, name: str | None = None) -> torch.Tensor:
        """Return the number of elements, -1 for no end, -2 if it is not known."""
        return torch.tensor(self._count)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Iterate over NumPy arrays."""
        for element in self:
            yield tree.map_structure(
                lambda t: t.numpy() if isinstance(t, torch.Tensor) else t, element
            )

    def get_single_element(self, name: str | None = None) -> Any:
        """Return the only element."""
        (element,) = self
        return element

    @property
    def element_spec(self) -> Any:
        """Shapes and dtypes of the first element."""
        first = next(iter(self))
        return tree.map_structure(lambda t: TensorSpec(tuple(t.shape), t.dtype), first)

    def __repr__(self) -> str:
        return f"<Dataset of {self._count if self._count >= 0 else 'unknown many'} elements>"


def tensors(structure: Any) -> Any:
    if isinstance(structure, Base):
        return structure

    def leaf(x: Any) -> Any:
        return x if isinstance(x, (torch.Tensor, Base)) else convert_to_tensor(x)

    if isinstance(structure, (tuple, dict)):
        return tree.map_structure(leaf, _rows(structure))
    return leaf(structure)


def _rows(structure: Any) -> Any:
    """Turn lists inside tuples and dicts into arrays: a list is data, not structure."""
    if isinstance(structure, dict):
        return {k: _rows(v) for k, v in structure.items()}
    if isinstance(structure, tuple):
        return tuple(_rows(v) for v in structure)
    return convert_to_tensor(structure) if isinstance(structure, list) else structure
