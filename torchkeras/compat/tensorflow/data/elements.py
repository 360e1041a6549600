"""Steps that change the elements one by one."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch

from torchkeras.compat.tensorflow.data.base import Base, tensors


class Elements(Base):
    """The steps that change elements."""

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> "Base":
        """Put a function between; it gets the parts of a tuple as its arguments."""

        def call(element: Any) -> Any:
            found = map_func(*element) if isinstance(element, tuple) else map_func(element)
            return tensors(tuple(found) if isinstance(found, list) else found)

        return self._new(lambda: map(call, self), self._count)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> "Base":
        """Keep the elements for which a function is true."""

        def keeps(element: Any) -> bool:
            return bool(predicate(*element) if isinstance(element, tuple) else predicate(element))

        return self._new(lambda: filter(keeps, self))

    def flat_map(self, map_func: Callable[..., "Base"], name: str | None = None) -> "Base":
        """Put the elements of the datasets that a function returns one after another."""

        def make() -> Iterator[Any]:
            for element in self:
                yield from map_func(*element) if isinstance(element, tuple) else map_func(element)

        return self._new(make)

    def interleave(
        self,
        map_func: Callable[..., "Base"],
        cycle_length: int = 16,
        block_length: int = 1,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> "Base":
        """Take from several datasets that a function returns in turn."""

        def make() -> Iterator[Any]:
            source = iter(self)
            opened = [iter(_apply(map_func, e)) for e in itertools.islice(source, cycle_length)]
            while opened:
                for i, part in enumerate(list(opened)):
                    taken = list(itertools.islice(part, block_length))
                    yield from taken
                    if len(taken) < block_length:
                        new = next(source, None)
                        opened[i] = None if new is None else iter(_apply(map_func, new))
                opened = [p for p in opened if p is not None]

        return self._new(make)

    def apply(self, transformation_func: Callable[["Base"], "Base"]) -> "Base":
        """Return what a function makes of the dataset."""
        return transformation_func(self)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """Combine all elements."""
        state = tensors(initial_state)
        for element in self:
            state = reduce_func(state, element)
        return state

    def enumerate(self, start: int = 0, name: str | None = None) -> "Base":
        """Put each element's number before it."""

        def make() -> Iterator[Any]:
            return ((torch.tensor(i), e) for i, e in enumerate(self, start))

        return self._new(make, self._count)

    def with_options(self, options: Any, name: str | None = None) -> "Base":
        """Return the dataset: options have no effect."""
        return self


def _apply(function: Callable[..., Any], element: Any) -> Any:
    return function(*element) if isinstance(element, tuple) else function(element)
