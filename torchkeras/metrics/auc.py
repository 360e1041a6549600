"""Area under the ROC, precision-recall and gain curves."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from torchkeras._base import config
from torchkeras._base.check import one_of, positive_int, received
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.metrics.base import Metric
from torchkeras.metrics.confusion import COUNTS, binary_pair, checked_thresholds, ratio

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "minoring", "majoring")


def spread_thresholds(num: int) -> list[float]:
    """Return `num` thresholds over [0, 1], the outer ones just beyond it."""
    if num == 1:
        return [0.5]
    inner = [i / (num - 1) for i in range(1, num - 1)]
    return [-config.epsilon(), *inner, 1.0 + config.epsilon()]


def _counted(name: str) -> property:
    def read(self: "CurveCounts") -> Variable:
        self._fold()
        return self._counts[name]

    read.__doc__ = f"Weighted count of {name.replace('_', ' ')}, one entry a threshold."
    return property(read)


class CurveCounts(Metric):
    """Base of metrics with the four counts at many thresholds.

    A batch only fills a histogram of predictions between the thresholds; the counts are summed up
    from it when somebody reads them.
    """

    _thresholds: list[float]
    _even: bool
    _above_first = 1  # how many thresholds lie below a prediction of 0
    _counts: dict[str, Variable]
    _histogram: torch.Tensor | None = None

    true_positives, false_positives, true_negatives, false_negatives = map(_counted, COUNTS)

    def _add_counts(self, shape: tuple[int, ...]) -> None:
        # Counts stay float32 whatever the dtype: float16 cannot count beyond 2048.
        self._counts = {
            name: self.add_variable(shape, "zeros", "float32", name=name) for name in COUNTS
        }

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, in order."""
        return list(self._thresholds)

    @property
    def variables(self) -> list[Variable]:
        """The four counts, one entry a threshold."""
        self._fold()
        return super().variables

    def _below(self, y_pred: torch.Tensor) -> torch.Tensor:
        """Return for each prediction how many thresholds lie below it."""
        last = len(self._thresholds)
        if self._even:
            return (
                torch.ceil(y_pred.clamp(0.0, 1.0) * (last - 1))
                .long()
                .clamp_(self._above_first, last)
            )
        return torch.bucketize(y_pred.contiguous(), y_pred.new_tensor(self._thresholds))

    def _count(
        self, label: torch.Tensor, y_pred: torch.Tensor, weight: torch.Tensor | None
    ) -> None:
        """Add rows `(samples, columns)`, each column with counts of its own."""
        columns, bins = y_pred.shape[-1], len(self._thresholds) + 1
        place = self._below(y_pred).add_(label, alpha=bins)
        if columns > 1:
            place += 2 * bins * torch.arange(columns, device=y_pred.device)
        place = place.reshape(-1)
        if weight is None:
            found = torch.bincount(place, minlength=2 * bins * columns)
        else:
            found = weight.new_zeros(2 * bins * columns)
            found.scatter_add_(0, place, weight.reshape(-1))
        if self._histogram is None or self._histogram.dtype is not found.dtype:
            self._fold()
            self._histogram = found
        else:
            self._histogram = self._histogram + found  # in place fails after inference mode

    def _fold(self) -> None:
        """Add the histogram to the counts."""
        if self._histogram is None:
            return
        bins = len(self._thresholds) + 1
        # A prediction above i thresholds is positive at the first i of them. All and some come
        # out of one running sum, so that their difference is exactly 0 where they are equal.
        found = self._histogram.view(-1, 2, bins).flip(-1).cumsum(-1).flip(-1)
        self._histogram = None
        positive = found[..., 1:]
        negative = found[..., :1] - positive
        rows = (positive[:, 1], positive[:, 0], negative[:, 0], negative[:, 1])
        for variable, row in zip(self._counts.values(), rows, strict=True):
            self._add(variable, row.t().reshape(variable.shape))


@METRICS.register()
class AUC(CurveCounts):
    """Area under a curve of a binary classifier, from counts at many thresholds.

    Args:
        num_thresholds: How many, above 1, spread evenly over [0, 1].
        curve: `"ROC"`, `"PR"` or `"PRGAIN"` (Flach and Kull 2015).
        summation_method: `"interpolation"`, or `"minoring"` / `"majoring"` for bounds.
        name: Default `"auc"`, made unique.
        dtype: See `Metric`.
        thresholds: Thresholds of one's own, in [0, 1], instead of `num_thresholds`.
        multi_label: Whether the columns of `(batch, labels)` have an area each, averaged.
        num_labels: Number of labels; default: known from the first batch.
        label_weights: Weight of each label in that average; without `multi_label`, weight of
            each column's samples.
        from_logits: Whether predictions are values before a sigmoid.

    `"PR"` is interpolated as in Davis and Goadrich 2006.

    >>> import torchkeras as keras
    >>> keras.metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    tensor(0.7500)
    """

    _direction = "up"
    config_quiet: ClassVar[frozenset[str]] = frozenset({"thresholds"})

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        self.curve = one_of("AUC", "curve", curve.upper(), CURVES)
        self.summation_method = one_of("AUC", "summation_method", summation_method, SUMMATIONS)
        self._own_thresholds = None
        if thresholds is not None:
            inner = sorted(checked_thresholds("AUC", thresholds, 0.5))
            self._own_thresholds = inner
            self._thresholds = [-config.epsilon(), *inner, 1.0 + config.epsilon()]
            even = spread_thresholds(len(self._thresholds))
            self._even = all(
                abs(a - b) <= config.epsilon() for a, b in zip(self._thresholds, even, strict=True)
            )
        else:
            if positive_int("AUC", "num_thresholds", num_thresholds) < 2:
                raise ValueError(
                    "AUC: num_thresholds must be an integer above 1. "
                    f"{received('num_thresholds', num_thresholds)}"
                )
            self._thresholds = spread_thresholds(num_thresholds)
            self._even = True
        super().__init__(name=name, dtype=dtype)
        self.num_thresholds = len(self._thresholds)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.from_logits = from_logits
        self.label_weights = None if label_weights is None else convert_to_tensor(label_weights)
        if num_labels is not None and not multi_label:
            raise ValueError(
                "AUC: num_labels is needed only with multi_label=True. "
                f"{received('num_labels', num_labels)}"
            )
        self._built = not multi_label or num_labels is not None
        if self._built:
            self._build(num_labels)

    def _build(self, num_labels: int | None) -> None:
        shape = (self.num_thresholds,)
        self._add_counts(shape if num_labels is None else (*shape, num_labels))
        self._width = num_labels
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels, predictions in [0, 1], and weights."""
        label, y_pred, weight = binary_pair("AUC", y_true, y_pred, sample_weight)
        if not y_pred.is_floating_point():
            y_pred = y_pred.float()
        if self.from_logits:
            y_pred = torch.sigmoid(y_pred)
        if self.multi_label:
            label, y_pred, weight = self._labels(label, y_pred, weight)
        else:
            if self.label_weights is not None:
                own = self._checked_label_weights(y_pred).expand_as(y_pred)
                weight = own if weight is None else weight * own
            label, y_pred = label.reshape(-1, 1), y_pred.reshape(-1, 1)
        self._count(label, y_pred, weight)

    def _labels(self, label: Any, y_pred: torch.Tensor, weight: Any) -> tuple[Any, Any, Any]:
        if y_pred.ndim != 2:
            raise ValueError(
                "AUC: with multi_label=True, predictions must have the shape (batch, labels). "
                f"Received: y_pred.shape={tuple(y_pred.shape)}."
            )
        if not self._built:
            self._build(y_pred.shape[1])
        labels = self._counts["true_positives"].shape[1]
        if y_pred.shape[1] != labels:
            raise ValueError(
                f"AUC: predictions must have {labels} labels. "
                f"Received: y_pred.shape={tuple(y_pred.shape)}."
            )
        if self.label_weights is not None:
            self._checked_label_weights(y_pred)
        return label, y_pred, weight

    def _checked_label_weights(self, y_pred: torch.Tensor) -> torch.Tensor:
        own = self.label_weights.to(device=y_pred.device, dtype=torch.float32)
        if own.shape != y_pred.shape[-1:]:
            raise ValueError(
                f"AUC: label_weights must hold {y_pred.shape[-1]} numbers, one a label. "
                f"Received: label_weights.shape={tuple(own.shape)}."
            )
        return own

    def result(self) -> torch.Tensor:
        """Return the area; with `multi_label`, the (weighted) mean of the labels' areas."""
        if not self._built:
            return torch.zeros(())
        tp, fp, tn, fn = (getattr(self, name).detach() for name in COUNTS)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._mean_of_labels(_interpolated_pr(tp, fp, fn))
        if self.curve == "ROC":
            x, y = ratio(fp, fp + tn), ratio(tp, tp + fn)
        elif self.curve == "PR":
            x, y = ratio(tp, tp + fn), ratio(tp, tp + fp)
        else:
            least = config.epsilon()
            odds = (tp + fn) / (fp + tn + least)
            x = (1.0 - odds * fn / (tp + least)).clamp(min=0.0)
            y = 1.0 - odds * ratio(fp, tp)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        else:
            pick = torch.minimum if self.summation_method == "minoring" else torch.maximum
            heights = pick(y[:-1], y[1:])
        return self._mean_of_labels(((x[:-1] - x[1:]) * heights).sum(0))

    def _mean_of_labels(self, areas: torch.Tensor) -> torch.Tensor:
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return areas.mean()
        own = self.label_weights.to(areas)
        return ratio((areas * own).sum(), own.sum())

    def reset_state(self) -> None:
        """Set all counts to 0."""
        if self._built:
            super().reset_state()

    def _config_overrides(self) -> dict[str, Any]:
        weights = self.label_weights
        return super()._config_overrides() | {
            "thresholds": self._own_thresholds,
            "label_weights": None if weights is None else weights.tolist(),
        }


def _interpolated_pr(tp: torch.Tensor, fp: torch.Tensor, fn: torch.Tensor) -> torch.Tensor:
    """Return the area under precision over recall, true positives being linear in positives.

    Between two thresholds `tp = slope * p + intercept`, so precision `tp / p` integrates to
    `slope * (dtp + intercept * log(p_a / p_b))`, over all labels 1.
    """
    positives = tp + fp
    slope = ratio(tp[:-1] - tp[1:], (positives[:-1] - positives[1:]).clamp(min=0.0))
    intercept = tp[1:] - slope * positives[1:]
    both = (positives[:-1] > 0) & (positives[1:] > 0)
    growth = torch.where(both, ratio(positives[:-1], positives[1:].clamp(min=0.0)), 1.0)
    area = slope * (tp[:-1] - tp[1:] + intercept * torch.log(growth))
    return ratio(area, (tp[1:] + fn[1:]).clamp(min=0.0)).sum(0)
