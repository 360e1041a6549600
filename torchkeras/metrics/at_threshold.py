"""The best of one rate where another one reaches a given value."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras._base.check import fraction, positive_int
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.metrics.auc import CurveCounts, spread_thresholds
from torchkeras.metrics.confusion import COUNTS, binary_pair, of_class, ratio

Rate = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def _sensitivity(tp: Any, fp: Any, tn: Any, fn: Any) -> torch.Tensor:
    return ratio(tp, tp + fn)


def _specificity(tp: Any, fp: Any, tn: Any, fn: Any) -> torch.Tensor:
    return ratio(tn, tn + fp)


def _precision(tp: Any, fp: Any, tn: Any, fn: Any) -> torch.Tensor:
    return ratio(tp, tp + fp)


class _BestAt(CurveCounts):
    """Largest `_wanted` rate over the thresholds where the `_bound` rate is at least `value`."""

    _direction = "up"
    _above_first = 0  # the first threshold is 0, not less as that of AUC
    _wanted: Rate
    _bound: Rate

    def __init__(
        self,
        value: float,
        num_thresholds: int,
        class_id: int | None,
        name: str | None,
        dtype: Any,
        argument: str,
    ) -> None:
        owner = type(self).__name__
        self._value = fraction(owner, argument, value)
        self.num_thresholds = positive_int(owner, "num_thresholds", num_thresholds)
        super().__init__(name=name, dtype=dtype)
        self.class_id = class_id
        self._thresholds = spread_thresholds(num_thresholds)
        self._even = num_thresholds > 1
        self._add_counts((num_thresholds,))

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, in order."""
        return [min(max(t, 0.0), 1.0) for t in self._thresholds]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels, predictions in [0, 1], and weights."""
        owner = type(self).__name__
        y_pred = convert_to_tensor(y_pred, self._torch_dtype)
        label, y_pred, weight = binary_pair(owner, y_true, y_pred, sample_weight)
        if self.class_id is not None:
            label, y_pred, weight = of_class(owner, self.class_id, label, y_pred, weight)
        self._count(label.reshape(-1, 1), y_pred.reshape(-1, 1), weight)

    def result(self) -> torch.Tensor:
        """Return the best rate, 0 if the bound is reached nowhere."""
        counts = [getattr(self, name).detach() for name in COUNTS]
        reached = type(self)._bound(*counts) >= self._value
        return torch.where(reached, type(self)._wanted(*counts), 0.0).amax()


@METRICS.register()
class SensitivityAtSpecificity(_BestAt):
    """Best sensitivity `tp / (tp + fn)` where specificity is at least `specificity`.

    Args:
        specificity: In [0, 1].
        num_thresholds: How many thresholds are tried.
        class_id: Only this class of a row counts.
        name: Default `"sensitivity_at_specificity"`, made unique.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.5000)
    """

    _wanted, _bound = staticmethod(_sensitivity), staticmethod(_specificity)

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype, "specificity")
        self.specificity = specificity


@METRICS.register()
class SpecificityAtSensitivity(_BestAt):
    """Best specificity `tn / (tn + fp)` where sensitivity is at least `sensitivity`.

    Args:
        sensitivity: In [0, 1].
        num_thresholds: How many thresholds are tried.
        class_id: Only this class of a row counts.
        name: Default `"specificity_at_sensitivity"`, made unique.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.6667)
    """

    _wanted, _bound = staticmethod(_specificity), staticmethod(_sensitivity)

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype, "sensitivity")
        self.sensitivity = sensitivity


@METRICS.register()
class PrecisionAtRecall(_BestAt):
    """Best precision `tp / (tp + fp)` where recall is at least `recall`.

    Args:
        recall: In [0, 1].
        num_thresholds: How many thresholds are tried.
        class_id: Only this class of a row counts.
        name: Default `"precision_at_recall"`, made unique.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.5000)
    """

    _wanted, _bound = staticmethod(_precision), staticmethod(_sensitivity)

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype, "recall")
        self.recall = recall


@METRICS.register()
class RecallAtPrecision(_BestAt):
    """Best recall `tp / (tp + fn)` where precision is at least `precision`.

    Args:
        precision: In [0, 1].
        num_thresholds: How many thresholds are tried.
        class_id: Only this class of a row counts.
        name: Default `"recall_at_precision"`, made unique.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    tensor(0.5000)
    """

    _wanted, _bound = staticmethod(_sensitivity), staticmethod(_precision)

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype, "precision")
        self.precision = precision
