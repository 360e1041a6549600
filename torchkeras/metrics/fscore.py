"""F scores: precision and recall in one number."""

from typing import Any

import torch

from torchkeras._base.check import one_of, received
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import labels
from torchkeras.metrics.base import Metric
from torchkeras.metrics.confusion import ratio


@METRICS.register()
class FBetaScore(Metric):
    """`(1 + b^2) * precision * recall / (b^2 * precision + recall)`, a class.

    Args:
        average: None for the score of each class; `"micro"` counts all classes as one, `"macro"`
            is the mean over classes, `"weighted"` the mean by their number of true labels.
        beta: `b` above: how much more recall counts than precision.
        threshold: Predictions above are 1; None: the largest of a row is 1.
        name: Default `"fbeta_score"`.
        dtype: See `Metric`.

    Shapes: `y_true` and `y_pred` `(batch, classes)`.

    Raises:
        ValueError: for other shapes, or a bad argument.

    >>> import torchkeras as keras
    >>> keras.metrics.FBetaScore(beta=2.0)([[0, 1], [1, 0]], [[0.3, 0.7], [0.4, 0.6]])
    tensor([0.0000, 0.8333])
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        owner = type(self).__name__
        self.average = one_of(owner, "average", average, (None, "micro", "macro", "weighted"))
        if isinstance(beta, bool) or not isinstance(beta, (int, float)) or not beta > 0:
            raise ValueError(f"{owner}: beta must be a number above 0. {received('beta', beta)}")
        if threshold is not None and (
            isinstance(threshold, bool)
            or not isinstance(threshold, (int, float))
            or not 0 < threshold <= 1
        ):
            raise ValueError(
                f"{owner}: threshold must be None or a number in (0, 1]. "
                f"{received('threshold', threshold)}"
            )
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        self.true_positives, self.false_positives, self.false_negatives, self.weights = (
            self.add_variable(shape, "zeros", name=name)
            for name in (
                "true_positives",
                "false_positives",
                "false_negatives",
                "intermediate_weights",
            )
        )
        self._width = classes
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels, predictions, and weights `(batch,)`."""
        owner = type(self).__name__
        y_pred = convert_to_tensor(y_pred, self._torch_dtype).detach()
        y_true = convert_to_tensor(y_true, self._torch_dtype).to(y_pred.device)
        if y_pred.ndim != 2 or y_true.ndim != 2:
            raise ValueError(
                f"{owner} expects 2D inputs with shape (batch_size, output_dim). Received: "
                f"y_pred.shape={tuple(y_pred.shape)}, y_true.shape={tuple(y_true.shape)}."
            )
        if y_true.shape != y_pred.shape or (self._built and y_pred.shape[1] != self._width):
            raise labels.different_shapes(
                owner, y_true, y_pred, f", {self._width} classes wide" if self._built else ""
            )
        if not self._built:
            self._build(y_pred.shape[1])
        if self.threshold is None:
            largest = y_pred.amax(1, keepdim=True)
            positive = (y_pred >= largest) & (y_pred.abs() > 1e-9)
        else:
            positive = y_pred > self.threshold
        positive = positive.to(self._torch_dtype)
        weight = None
        if sample_weight is not None:
            weight = convert_to_tensor(sample_weight, self._torch_dtype).to(y_pred.device)
            weight = weight.reshape(-1, 1)
        axis = None if self.average == "micro" else 0
        for variable, value in (
            (self.true_positives, positive * y_true),
            (self.false_positives, positive * (1 - y_true)),
            (self.false_negatives, (1 - positive) * y_true),
            (self.weights, y_true),
        ):
            value = value if weight is None else value * weight
            self._add(variable, value.sum() if axis is None else value.sum(axis))

    def result(self) -> torch.Tensor:
        """Return the score, or one for each class; 0 before the first batch."""
        if not self._built:
            return torch.zeros((), dtype=self._torch_dtype)
        tp, fp, fn, weights = (
            v.detach()
            for v in (self.true_positives, self.false_positives, self.false_negatives, self.weights)
        )
        precision, recall = ratio(tp, tp + fp), ratio(tp, tp + fn)
        square = self.beta**2
        score = ratio(precision * recall, square * precision + recall) * (1 + square)
        if self.average == "weighted":
            return (score * ratio(weights, weights.sum())).sum()
        return score.mean() if self.average else score


@METRICS.register()
class F1Score(FBetaScore):
    """`2 * precision * recall / (precision + recall)`, a class.

    Args:
        average: As in `FBetaScore`.
        threshold: Predictions above are 1; None: the largest of a row is 1.
        name: Default `"f1_score"`.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.F1Score()([[0, 1], [1, 0]], [[0.3, 0.7], [0.4, 0.6]])
    tensor([0.0000, 0.6667])
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average=average, threshold=threshold, name=name, dtype=dtype)
