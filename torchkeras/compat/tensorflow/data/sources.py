"""Where the elements of a dataset come from."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from torchkeras import tree
from torchkeras.compat.tensorflow.arrays import convert_to_tensor
from torchkeras.compat.tensorflow.data.base import UNKNOWN_CARDINALITY, Base
from torchkeras.compat.tensorflow.data.base import tensors as as_tensors


class Sources(Base):
    """The functions that make a dataset."""

    @classmethod
    def from_tensor_slices(cls, tensors: Any, name: str | None = None) -> "Base":
        """Return one element for each row."""
        tensors = as_tensors(tensors)
        flat = tree.flatten(tensors)
        counts = {len(t) for t in flat}
        if len(counts) != 1:
            raise ValueError(
                "Dataset.from_tensor_slices: the tensors must be equally long. "
                f"Received: lengths {sorted(counts)}."
            )
        (count,) = counts

        def make() -> Iterator[Any]:
            return (tree.map_structure(lambda t, i=i: t[i], tensors) for i in range(count))

        return cls._new(make, count)

    @classmethod
    def from_tensors(cls, tensors: Any, name: str | None = None) -> "Base":
        """Return a single element."""
        tensors = as_tensors(tensors)
        return cls._new(lambda: iter([tensors]), 1)

    @classmethod
    def from_generator(
        cls,
        generator: Callable[..., Iterable[Any]],
        output_types: Any = None,
        output_shapes: Any = None,
        args: tuple[Any, ...] | None = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> "Base":
        """Return what a generator function yields."""
        if not callable(generator):
            raise TypeError("Dataset.from_generator: generator must be a function.")
        spec = output_signature
        types = output_types if spec is None else tree.map_structure(lambda s: s.dtype, spec)

        def typed(element: Any) -> Any:
            element = tuple(element) if isinstance(element, list) else element
            if types is None:
                return as_tensors(element)
            if not isinstance(types, (tuple, list, dict)):
                return convert_to_tensor(element, types)
            kinds = tuple(types) if isinstance(types, list) else types
            return tree.map_structure(convert_to_tensor, element, kinds)

        return cls._new(lambda: map(typed, generator(*(args or ()))))

    @classmethod
    def range(cls, *args: Any, output_type: Any = "int64", name: str | None = None) -> "Base":
        """Return whole numbers, as Python's `range`."""
        numbers = range(*[int(a) for a in args])
        return cls._new(
            lambda: (convert_to_tensor(np.asarray(i), output_type) for i in numbers), len(numbers)
        )

    @classmethod
    def zip(cls, *datasets: Any, name: str | None = None) -> "Base":
        """Return tuples of the elements of several datasets, up to the shortest."""
        parts = datasets[0] if len(datasets) == 1 else datasets
        if isinstance(parts, Base):
            parts = (parts,)
        parts = tuple(parts)
        counts = [d._count for d in parts]
        finite = [c for c in counts if c >= 0]
        count = min(finite) if finite and UNKNOWN_CARDINALITY not in counts else min(counts)
        return cls._new(lambda: zip(*parts, strict=False), count)
