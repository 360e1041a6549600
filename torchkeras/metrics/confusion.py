"""Counts of true and false positives and negatives, and what is made of them."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import positive_int, received
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.losses import labels
from torchkeras.losses.reduction import match_ranks
from torchkeras.metrics.base import Metric

Thresholds = float | Sequence[float] | None

COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


def checked_thresholds(owner: str, thresholds: Thresholds, default: float) -> list[float]:
    """Return thresholds as a list of numbers in [0, 1]."""
    if thresholds is None:
        return [default]
    found = list(thresholds) if hasattr(thresholds, "__len__") else [thresholds]
    found = [t.item() if hasattr(t, "item") else t for t in found]
    if not found or not all(isinstance(t, (int, float)) and 0 <= t <= 1 for t in found):
        raise ValueError(
            f"{owner}: thresholds must be one or more numbers in [0, 1]. "
            f"{received('thresholds', thresholds)}"
        )
    return found


def ratio(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return `a / b`, 0 where `b` is 0."""
    return torch.where(b == 0, 0.0, a / b)


def binary_pair(
    owner: str, y_true: Any, y_pred: Any, sample_weight: Any
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Return labels as bool, predictions, and weights (or None), all of one shape."""
    y_pred = convert_to_tensor(y_pred).detach()
    y_true, y_pred = match_ranks(convert_to_tensor(y_true).to(y_pred.device), y_pred)
    if y_true.shape != y_pred.shape:
        raise labels.different_shapes(owner, y_true, y_pred)
    weight = None
    if sample_weight is not None:
        weight = convert_to_tensor(sample_weight, torch.float32).to(y_pred.device)
        weight = weight_like(weight, y_pred)
    return y_true.bool(), y_pred, weight


def weight_like(weight: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Spread weights of samples (or of leading axes) over the shape of values."""
    weight, values = match_ranks(weight, values)
    given = tuple(weight.shape)
    if 0 < weight.ndim < values.ndim:
        weight = weight.reshape(given + (1,) * (values.ndim - weight.ndim))
    try:
        return weight.broadcast_to(values.shape)
    except RuntimeError as e:
        raise ValueError(
            "sample_weight must have the shape of the predictions, or of their leading axes. "
            f"Received: sample_weight.shape={given}, y_pred.shape={tuple(values.shape)}."
        ) from e


def only_top_k(y_pred: torch.Tensor, k: int) -> torch.Tensor:
    """Keep the k largest entries of each row; the others lie below any threshold."""
    kept = torch.topk(y_pred, k).indices
    return torch.full_like(y_pred, -torch.inf).scatter_(-1, kept, y_pred.gather(-1, kept))


def count(
    wanted: Sequence[str],
    labels_: torch.Tensor,
    y_pred: torch.Tensor,
    weight: torch.Tensor | None,
    thresholds: Sequence[float],
) -> list[torch.Tensor]:
    """Return the wanted counts, one entry a threshold."""
    labels_, y_pred = labels_.reshape(-1), y_pred.reshape(-1)
    if len(thresholds) == 1:
        positive = (y_pred > thresholds[0]).unsqueeze(0)
    else:
        positive = y_pred > y_pred.new_tensor(thresholds).unsqueeze(-1)
    out = []
    for name in wanted:
        predicted = positive if name.endswith("positives") else ~positive
        label = labels_ if name in ("true_positives", "false_negatives") else ~labels_
        if weight is None:
            out.append(torch.count_nonzero(predicted & label, dim=-1))
        else:
            out.append(predicted.to(weight.dtype) @ (label * weight.reshape(-1)))
    return out


class _Count(Metric):
    """One of the four counts, for each threshold."""

    _counted: str

    def __init__(
        self, thresholds: Thresholds = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = checked_thresholds(type(self).__name__, thresholds, 0.5)
        # Counts stay float32 whatever the dtype: float16 cannot count beyond 2048.
        self.accumulator = self.add_variable(
            (len(self.thresholds),), "zeros", "float32", name="accumulator"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels, predictions in [0, 1], and weights."""
        pair = binary_pair(type(self).__name__, y_true, y_pred, sample_weight)
        self._add(self.accumulator, count([self._counted], *pair, self.thresholds)[0])

    def result(self) -> torch.Tensor:
        """Return the count, a vector if there are several thresholds."""
        found = self.accumulator.detach().clone()
        return found[0] if len(self.thresholds) == 1 else found

    def _config_overrides(self) -> dict[str, Any]:
        return super()._config_overrides() | {"thresholds": self.init_thresholds}


@METRICS.register()
class TruePositives(_Count):
    """Weighted count of labels 1 with `y_pred > threshold`.

    Args:
        thresholds: A number in [0, 1] or several; default 0.5.
        name: Default `"true_positives"`, made unique.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.TruePositives()([0, 1, 1, 1], [0.1, 0.5, 0.7, 0.9])
    tensor(2.)
    """

    _counted = "true_positives"


@METRICS.register()
class FalsePositives(_Count):
    """Weighted count of labels 0 with `y_pred > threshold`.

    Args:
        thresholds: A number in [0, 1] or several; default 0.5.
        name: Default `"false_positives"`, made unique.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.FalsePositives()([0, 1, 0, 0], [0.9, 0.5, 0.7, 0.1])
    tensor(2.)
    """

    _counted = "false_positives"


@METRICS.register()
class TrueNegatives(_Count):
    """Weighted count of labels 0 with `y_pred <= threshold`.

    Args:
        thresholds: A number in [0, 1] or several; default 0.5.
        name: Default `"true_negatives"`, made unique.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.TrueNegatives()([0, 1, 0, 0], [0.9, 0.5, 0.7, 0.1])
    tensor(1.)
    """

    _counted = "true_negatives"


@METRICS.register()
class FalseNegatives(_Count):
    """Weighted count of labels 1 with `y_pred <= threshold`.

    Args:
        thresholds: A number in [0, 1] or several; default 0.5.
        name: Default `"false_negatives"`, made unique.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.FalseNegatives()([0, 1, 1, 1], [0.1, 0.5, 0.7, 0.9])
    tensor(1.)
    """

    _counted = "false_negatives"


class _Share(Metric):
    """True positives over true positives and one kind of error."""

    _direction = "up"
    _error: str

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        owner = type(self).__name__
        self.init_thresholds = thresholds
        self.top_k = None if top_k is None else positive_int(owner, "top_k", top_k)
        self.class_id = class_id
        default = 0.5 if top_k is None else -torch.inf
        self.thresholds = checked_thresholds(owner, thresholds, default)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_variable(shape, "zeros", "float32", name="true_positives")
        self._errors = self.add_variable(shape, "zeros", "float32", name=self._error)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels, predictions in [0, 1], and weights."""
        owner = type(self).__name__
        label, y_pred, weight = binary_pair(owner, y_true, y_pred, sample_weight)
        if self.top_k is not None:
            if self.top_k > y_pred.shape[-1]:
                raise ValueError(
                    f"{owner}: top_k must not be above the number of classes, "
                    f"{y_pred.shape[-1]}. {received('top_k', self.top_k)}"
                )
            y_pred = only_top_k(y_pred, self.top_k)
        if self.class_id is not None:
            label, y_pred, weight = of_class(owner, self.class_id, label, y_pred, weight)
        wanted = ("true_positives", self._error)
        found = count(wanted, label, y_pred, weight, self.thresholds)
        self._add(self.true_positives, found[0])
        self._add(self._errors, found[1])

    def result(self) -> torch.Tensor:
        """Return the share, a vector if there are several thresholds; 0 of nothing is 0."""
        found = ratio(self.true_positives, self.true_positives + self._errors)
        return found[0] if len(self.thresholds) == 1 else found

    def _config_overrides(self) -> dict[str, Any]:
        return super()._config_overrides() | {"thresholds": self.init_thresholds}


def of_class(owner: str, class_id: int, *tensors: torch.Tensor | None) -> list[torch.Tensor | None]:
    """Return the column of one class of each tensor."""
    label = tensors[0]
    if label.ndim < 2:
        raise ValueError(
            f"{owner}: with class_id, predictions must have the shape (batch, classes). "
            f"Received: y_pred.shape={tuple(label.shape)}."
        )
    classes = label.shape[-1]
    if not -classes <= class_id < classes:
        raise ValueError(
            f"{owner}: class_id must be in [0, {classes}). {received('class_id', class_id)}"
        )
    return [None if t is None else t[..., class_id] for t in tensors]


@METRICS.register()
class Precision(_Share):
    """Share of positive predictions that are right: `tp / (tp + fp)`.

    Args:
        thresholds: A number in [0, 1] or several; default 0.5, or none with `top_k`.
        top_k: Only the k largest predictions of a row can be positive.
        class_id: Only this class of a row counts.
        name: Default `"precision"`, made unique.
        dtype: See `Metric`.

    Raises:
        ValueError: for thresholds outside of [0, 1], or a class or k that a row does not have.

    >>> import torchkeras as keras
    >>> keras.metrics.Precision()([0, 1, 1, 1], [0.6, 0.5, 0.7, 0.9])
    tensor(0.6667)
    """

    _error = "false_positives"

    @property
    def false_positives(self) -> Variable:
        """Weighted count of false positives, one entry a threshold."""
        return self._errors


@METRICS.register()
class Recall(_Share):
    """Share of labels 1 that are found: `tp / (tp + fn)`.

    Args:
        thresholds: A number in [0, 1] or several; default 0.5, or none with `top_k`.
        top_k: Only the k largest predictions of a row can be positive.
        class_id: Only this class of a row counts.
        name: Default `"recall"`, made unique.
        dtype: See `Metric`.

    Raises:
        ValueError: for thresholds outside of [0, 1], or a class or k that a row does not have.

    >>> import torchkeras as keras
    >>> keras.metrics.Recall()([0, 1, 1, 1], [0.6, 0.5, 0.7, 0.9])
    tensor(0.6667)
    """

    _error = "false_negatives"

    @property
    def false_negatives(self) -> Variable:
        """Weighted count of false negatives, one entry a threshold."""
        return self._errors
