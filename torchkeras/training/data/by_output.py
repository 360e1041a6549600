"""Weights that name the outputs which they are for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.training.data.class_weight import ClassWeight


def in_order(y: Any, weight: Any, names: Sequence[str] | None) -> Any:
    """Return sample weights by output name in the order of the targets, if those are a list.

    >>> in_order([1, 2], {"b": 5}, ["a", "b"])
    [None, 5]
    """
    if (
        isinstance(weight, Mapping)
        and isinstance(y, (list, tuple))
        and len(y) == len(names or ())
        and set(weight) <= set(names)  # type: ignore[arg-type]
    ):
        return type(y)([weight.get(name) for name in names])  # type: ignore[union-attr]
    return weight


class OutputClassWeight:
    """Class weights of several outputs: `{"output": {class: weight}}`.

    Args:
        owner: Who asks, for messages.
        class_weight: Class weights by the outputs' names; an output may be left out.
        names: Names of the outputs, in the order of targets in a list.
        dtype: Float type of the weights.

    Raises:
        ValueError: for a name that no output has.
    """

    def __init__(
        self,
        owner: str,
        class_weight: Mapping[str, Mapping[int, float]],
        names: Sequence[str],
        dtype: torch.dtype,
    ) -> None:
        self.owner, self.names = owner, list(names)
        unknown = [name for name in class_weight if name not in self.names]
        if unknown:
            raise ValueError(
                f"{owner}: class_weight must have names of outputs as keys, {self.names}. "
                f"{received('class_weight', class_weight)}"
            )
        self.parts = {n: ClassWeight(owner, w, dtype) for n, w in class_weight.items()}

    def each(self, weigh: Callable[[ClassWeight, Any, Any], Any], y: Any, weight: Any) -> Any:
        """Return `weigh(class weights, y, weight)` of each output, nested as `y` is."""
        if not isinstance(y, (dict, list, tuple)):
            if len(self.parts) == 1 == len(self.names):
                return weigh(next(iter(self.parts.values())), y, weight)
            raise self._mismatch(y)
        if len(y) != len(self.names):
            raise self._mismatch(y)
        if isinstance(y, dict):
            return {k: self._one(weigh, k, v, _entry(weight, k)) for k, v in y.items()}
        pairs = enumerate(zip(self.names, y, strict=True))
        return [self._one(weigh, name, v, _entry(weight, i)) for i, (name, v) in pairs]

    def _one(self, weigh: Any, name: str, y: Any, weight: Any) -> Any:
        part = self.parts.get(name)
        return weight if part is None else weigh(part, y, weight)

    def _mismatch(self, y: Any) -> ValueError:
        count = len(y) if isinstance(y, (dict, list, tuple)) else 1
        return ValueError(
            f"{self.owner}: class_weight by output needs one target an output, {self.names}. "
            f"Received: {count} targets."
        )

    def __call__(self, y: Any, sample_weight: Any = None) -> Any:
        """Return the weights of a batch, nested as `y` is."""
        return self.each(lambda part, *given: part(*given), y, sample_weight)


def _entry(weight: Any, key: Any) -> Any:
    return weight[key] if isinstance(weight, (dict, list, tuple)) else weight


def class_weights(
    owner: str, given: Any, names: Sequence[str] | None, dtype: torch.dtype
) -> ClassWeight | OutputClassWeight:
    """Return the class weights of one output, or of several by their names."""
    nested = isinstance(given, Mapping) and all(isinstance(v, Mapping) for v in given.values())
    if names and given and nested:
        return OutputClassWeight(owner, given, names, dtype)
    return ClassWeight(owner, given, dtype)
