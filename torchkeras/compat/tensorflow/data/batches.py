"""Steps that join elements, and take them apart."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from torchkeras import tree
from torchkeras.compat.tensorflow.data.base import Base


class Batches(Base):
    """The steps that join elements."""

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> "Base":
        """Join elements into batches."""
        return self._grouped(int(batch_size), drop_remainder, _joined)

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> "Base":
        """Join elements of different sizes into batches, filled up with a value."""

        def join(elements: list[Any]) -> Any:
            def padded(*parts: torch.Tensor) -> torch.Tensor:
                shape = [max(p.shape[i] for p in parts) for i in range(parts[0].ndim)]
                value = 0 if padding_values is None else padding_values
                out = torch.full((len(parts), *shape), value, dtype=parts[0].dtype)
                for i, p in enumerate(parts):
                    out[(i, *[slice(n) for n in p.shape])] = p
                return out

            return tree.map_structure(padded, *elements)

        return self._grouped(int(batch_size), drop_remainder, join)

    def _grouped(self, size: int, drop: bool, join: Callable[[list[Any]], Any]) -> "Base":
        if size < 1:
            raise ValueError(f"Dataset.batch: batch_size must be positive. Received: {size}.")

        def make() -> Iterator[Any]:
            source = iter(self)
            while group := list(itertools.islice(source, size)):
                if len(group) == size or not drop:
                    yield join(group)

        count = self._count
        if count >= 0:
            count = count // size if drop else -(-count // size)
        return self._new(make, count)

    def unbatch(self, name: str | None = None) -> "Base":
        """Take batches apart."""

        def make() -> Iterator[Any]:
            for batch in self:
                for i in range(len(tree.flatten(batch)[0])):
                    yield tree.map_structure(lambda t, i=i: t[i], batch)

        return self._new(make)

    def window(
        self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False
    ) -> "Base":
        """Return datasets of neighbouring elements."""
        shift = size if shift is None else shift

        def make() -> Iterator[Any]:
            elements = list(self)
            for start in range(0, len(elements), shift):
                part = elements[start : start + size * stride : stride]
                if len(part) == size or not drop_remainder:
                    yield self._new(lambda part=part: iter(part), len(part))

        return self._new(make)


def _joined(elements: list[Any]) -> Any:
    def join(*parts: Any) -> Any:
        return torch.stack(parts) if isinstance(parts[0], torch.Tensor) else np.stack(parts)

    return tree.map_structure(join, *elements)
