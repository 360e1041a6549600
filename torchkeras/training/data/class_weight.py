"""Class weights turned into one weight a sample."""

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.losses.labels import best


class ClassWeight:
    """Weights of samples by their class; given sample weights are multiplied by them.

    The class is the label itself (rounded, as in Keras) where `y` has shape `(batch,)` or
    `(batch, 1)`, and the position of the largest entry where it is `(batch, classes)`.

    Args:
        owner: Who asks, for messages.
        class_weight: Weight of each class; every class that occurs must have one.
        dtype: Float type of the weights.

    Raises:
        TypeError: if `class_weight` is no dict.
        ValueError: if a key is no whole number or a value no finite number.
    """

    def __init__(self, owner: str, class_weight: Mapping[int, float], dtype: torch.dtype) -> None:
        if not isinstance(class_weight, Mapping):
            raise TypeError(
                f"{owner}: class_weight must be a dict of class: weight. "
                f"{received('class_weight', class_weight)}"
            )
        for label, weight in class_weight.items():
            if not _is_class(label) or not _is_weight(weight):
                raise ValueError(
                    f"{owner}: class_weight must have whole numbers as keys and finite numbers as "
                    f"values. {received(f'class_weight[{label!r}]', weight)}"
                )
        self.owner = owner
        table = sorted((int(label), float(weight)) for label, weight in class_weight.items())
        self.given = [label for label, _ in table]
        self.classes = torch.tensor(self.given, dtype=torch.int64, device="cpu")
        self.values = torch.tensor([weight for _, weight in table], dtype=dtype, device="cpu")

    def each(self, weigh: Callable[..., Any], y: Any, weight: Any) -> Any:
        """Return `weigh(self, y, weight)` of the only output."""
        self.check_single(y, weight)
        return weigh(self, y, weight)

    def check_single(self, y: Any, sample_weight: Any = None) -> None:
        """Refuse anything but one `y` with at most one array of sample weights."""
        for name, part in (("y", y), ("sample_weight", sample_weight)):
            if isinstance(part, (list, tuple, dict)):
                raise ValueError(
                    f"{self.owner}: class_weight is for models with a single output. "
                    f"Received: {name} as a {type(part).__name__} of {len(part)}."
                )
        if y is None:
            raise ValueError(f"{self.owner}: class_weight needs y. Received: y=None.")

    def __call__(self, y: Any, sample_weight: Any = None, offset: int = 0) -> torch.Tensor:
        """Return the weights of a batch.

        Args:
            y: Labels of the batch.
            sample_weight: Weights to multiply with, `(batch, ...)`.
            offset: Position of the first sample in the data set, for messages.

        Raises:
            ValueError: if `y` is absent, nested or of rank above 2, or a label has no weight.
        """
        self.check_single(y, sample_weight)
        labels = self._labels(y, offset)
        classes, values = self.classes.to(labels.device), self.values.to(labels.device)
        if not len(classes):
            raise self._missing(labels, 0, offset)
        where = torch.searchsorted(classes, labels).clamp_(max=len(classes) - 1)
        found = classes[where] == labels
        if not bool(found.all()):
            raise self._missing(labels, int(found.logical_not().nonzero()[0]), offset)
        weights = values[where]
        if sample_weight is None:
            return weights
        return sample_weight * weights.view(-1, *(1,) * (sample_weight.dim() - 1))

    def _labels(self, y: Any, offset: int) -> torch.Tensor:
        if y.dim() == 2 and y.shape[1] > 1:
            return best(y)
        if not 1 <= y.dim() <= 2:
            raise ValueError(
                f"{self.owner}: class_weight needs y of shape (batch,), (batch, 1) or "
                f"(batch, classes). Received: y of shape {tuple(y.shape)}."
            )
        labels = y.reshape(-1)
        if labels.is_floating_point():
            if not bool(labels.isfinite().all()):
                i = int(labels.isfinite().logical_not().nonzero()[0])
                raise ValueError(
                    f"{self.owner}: class_weight needs y that holds classes. "
                    f"Received: y[{offset + i}]={labels[i].item()}."
                )
            labels = labels.round()
        return labels.to(torch.int64)

    def _missing(self, labels: torch.Tensor, i: int, offset: int) -> ValueError:
        return ValueError(
            f"{self.owner}: class_weight must have a weight for each class in y. Received: class "
            f"{int(labels[i])} at y[{offset + i}], class_weight for {self.given}."
        )


def _is_class(label: Any) -> bool:
    if isinstance(label, bool):
        return False
    return isinstance(label, Integral) or (isinstance(label, Real) and float(label).is_integer())


def _is_weight(weight: Any) -> bool:
    return isinstance(weight, Real) and math.isfinite(weight)
