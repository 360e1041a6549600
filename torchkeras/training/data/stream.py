"""Batches that a source makes itself: what generators, loaders and PyDatasets share."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.training.data.accept import is_array, to_tensors
from torchkeras.training.data.base import Batch, DataAdapter
from torchkeras.training.data.class_weight import ClassWeight


class StreamAdapter(DataAdapter):
    """Batches from an iterator of ready batches, made into tensors one by one.

    Floats keep their width here, as in Keras: who makes batches chooses their dtype.

    Args:
        owner: Who asks, for messages.
        kind: What the source is called in messages.
        steps: Batches an epoch, or None for a whole pass.
        class_weight: Weights of the classes, applied to each batch.
        lists: Whether a list means `(x, y, sample_weight)`; else only a tuple does.
        strings: Whether x may hold strings; a list or tuple of nothing else is x alone.
    """

    def __init__(
        self,
        *,
        owner: str,
        kind: str,
        steps: int | None,
        class_weight: ClassWeight | None,
        lists: bool = True,
        strings: bool = False,
    ) -> None:
        self.owner, self.kind, self.steps = owner, kind, steps
        self.num_batches = steps
        self._convert = Converter(owner, kind, class_weight, lists, strings)

    @property
    def lone(self) -> bool:  # type: ignore[override]
        """Whether the source makes an x alone, not `(x,)`."""
        return self._convert.lone

    def _open(self) -> Iterable[Any]:
        """Begin a pass: an iterable of whatever the source makes as batches."""
        raise TypeError(f"{type(self).__name__} does not say how its source is read.")

    def _pass(self, skip: int = 0) -> Iterator[Batch]:
        return map(self._convert, islice(self._open(), skip, None))

    def _note(self, number: int) -> str:
        return (
            f"{self.owner}: raised by the {self.kind} given as x, "
            f"at batch {number} (counted from 0) of epoch {self._epochs}."
        )

    def _received(self) -> str:
        return f"an empty {self.kind}"


class Converter:
    """Turn a batch of any accepted form into `(x, y, sample_weight)` of tensors."""

    __slots__ = ("class_weight", "kind", "lists", "lone", "owner", "strings")

    def __init__(
        self,
        owner: str,
        kind: str,
        class_weight: ClassWeight | None = None,
        lists: bool = True,
        strings: bool = False,
    ) -> None:
        self.owner, self.kind, self.lists, self.strings = owner, kind, lists, strings
        self.class_weight = class_weight
        self.lone = False

    def __call__(self, item: Any) -> Batch:
        if self.strings and isinstance(item, (list, tuple)) and _only_strings(item):
            x, y, weight = item, None, None
            self.lone = True
        elif isinstance(item, tuple) or (self.lists and isinstance(item, list)):
            if not 1 <= len(item) <= 3:
                raise self._refused(f"a {type(item).__name__} of {len(item)} parts")
            x, y, weight = (*item, None, None)[:3]
        elif isinstance(item, Mapping) or is_array(item) or hasattr(item, "to"):
            x, y, weight = item, None, None
            self.lone = True
        else:
            raise self._refused(received("batch", item).removeprefix("Received: ").rstrip("."))
        x = self._part("x", x, self.strings)
        y, weight = self._part("y", y), self._part("sample_weight", weight)
        if self.class_weight is not None:
            weight = self.class_weight(y, weight)
        return (x, y, weight)

    def _part(self, name: str, part: Any, strings: bool = False) -> Any:
        if type(part) is torch.Tensor and not part.requires_grad:
            return part
        return to_tensors(self.owner, name, part, strings)

    def _refused(self, came: str) -> ValueError:
        return ValueError(
            f"{self.owner}: each batch of a {self.kind} must be a tuple, either (x,), (x, y) or "
            f"(x, y, sample_weight). Received: {came}."
        )


def _only_strings(item: Any) -> bool:
    """Tell a batch of strings, as torch's DataLoader collates them, from a batch `(x, y)`."""
    return bool(item) and all(isinstance(e, (str, bytes)) for e in item)
