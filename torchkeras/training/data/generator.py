"""Batches from a Python generator or any other iterator."""

from collections.abc import Iterator
from typing import Any

from torchkeras.training.data.class_weight import ClassWeight
from torchkeras.training.data.stream import StreamAdapter


class GeneratorAdapter(StreamAdapter):
    """Batches from an iterator of `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    It can be read once: an epoch goes on where the one before it stopped.
    """

    one_way = True

    def __init__(
        self,
        iterator: Iterator[Any],
        *,
        steps: int | None,
        class_weight: ClassWeight | None,
        owner: str,
        strings: bool = False,
    ) -> None:
        super().__init__(
            owner=owner,
            kind="generator",
            steps=steps,
            class_weight=class_weight,
            lists=False,
            strings=strings,
        )
        self._iterator = iterator

    def _open(self) -> Iterator[Any]:
        return self._iterator
