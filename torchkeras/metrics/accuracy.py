"""How often predictions are right: functions and metrics."""

from typing import Any

import torch

from torchkeras._base import config
from torchkeras.core import dtypes
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses.labels import best
from torchkeras.losses.reduction import match_ranks
from torchkeras.metrics.mean import MeanMetricWrapper


def _pair(y_true: Any, y_pred: Any) -> tuple[torch.Tensor, torch.Tensor]:
    y_pred = convert_to_tensor(y_pred)
    return convert_to_tensor(y_true).to(y_pred.device), y_pred


def as_float(hits: torch.Tensor) -> torch.Tensor:
    """Return hits as 0 and 1 of `floatx()`."""
    return hits.to(dtypes.torch_dtype(config.floatx()))


def class_of_row(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Drop the last axis of `(batch, 1)` labels for `(batch, classes)` predictions."""
    if y_true.ndim >= y_pred.ndim and y_true.ndim > 1 and y_true.shape[-1] == 1:
        return y_true.squeeze(-1)
    return y_true


def equal(owner: str, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Compare labels with predicted classes; the shapes must go together."""
    try:
        return torch.eq(a, b)
    except RuntimeError as e:
        raise ValueError(
            f"{owner}: labels and predicted classes must have the same shape. Received: "
            f"shapes {tuple(a.shape)} and {tuple(b.shape)}."
        ) from e


@METRICS.register()
def accuracy(y_true: Any, y_pred: Any) -> torch.Tensor:
    """1 where `y_true == y_pred`, else 0."""
    y_true, y_pred = match_ranks(*_pair(y_true, y_pred))
    return as_float(equal("accuracy", y_true.to(y_pred.dtype), y_pred))


@METRICS.register()
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> torch.Tensor:
    """1 where `(y_pred > threshold) == y_true`, else 0.

    >>> import torchkeras as keras
    >>> keras.metrics.binary_accuracy([[1.0], [0.0]], [[0.7], [0.6]])
    tensor([[1.],
            [0.]])
    """
    y_true, y_pred = match_ranks(*_pair(y_true, y_pred))
    return as_float(equal("binary_accuracy", y_true, y_pred > threshold))


@METRICS.register()
def categorical_accuracy(y_true: Any, y_pred: Any) -> torch.Tensor:
    """1 where the largest entry of a row is at the same place in `y_true` and `y_pred`.

    >>> import torchkeras as keras
    >>> keras.metrics.categorical_accuracy([[0.0, 1.0]], [[0.3, 0.7]])
    tensor([1.])
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return as_float(equal("categorical_accuracy", best(y_true), best(y_pred)))


@METRICS.register()
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> torch.Tensor:
    """1 where the largest entry of a row of `y_pred` is at the place that `y_true` names.

    >>> import torchkeras as keras
    >>> keras.metrics.sparse_categorical_accuracy([1], [[0.3, 0.7]])
    tensor([1.])
    """
    y_true, y_pred = _pair(y_true, y_pred)
    y_true = class_of_row(y_true, y_pred)
    return as_float(equal("sparse_categorical_accuracy", y_true, best(y_pred)))


@METRICS.register("accuracy")
class Accuracy(MeanMetricWrapper):
    """Share of entries with `y_true == y_pred`: both hold labels.

    Args:
        name: Default `"accuracy"`.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
    tensor(0.7500)
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


@METRICS.register("binary_accuracy")
class BinaryAccuracy(MeanMetricWrapper):
    """Share of entries with `(y_pred > threshold) == y_true`.

    Args:
        name: Default `"binary_accuracy"`.
        dtype: See `Metric`.
        threshold: Probability above which a prediction means 1.

    >>> import torchkeras as keras
    >>> keras.metrics.BinaryAccuracy()([[1.0], [0.0]], [[0.7], [0.6]])
    tensor(0.5000)
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold

    def _fast(self, y_true: Any, y_pred: torch.Tensor) -> bool:
        if not isinstance(y_true, torch.Tensor) or y_true.shape != y_pred.shape:
            return False
        hits = torch.count_nonzero((y_pred > self.threshold) == y_true)
        self._add_rows(hits, y_pred.shape[0] if y_pred.ndim else 1, y_pred.numel())
        return True


@METRICS.register("categorical_accuracy")
class CategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose largest prediction is at the 1 of a one-hot label.

    Args:
        name: Default `"categorical_accuracy"`.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.CategoricalAccuracy()([[0.0, 1.0], [0.0, 1.0]], [[0.3, 0.7], [0.9, 0.1]])
    tensor(0.5000)
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)

    def _fast(self, y_true: Any, y_pred: torch.Tensor) -> bool:
        if (
            y_pred.ndim < 2
            or not isinstance(y_true, torch.Tensor)
            or y_true.shape != y_pred.shape
            or y_pred.dtype is torch.bool
            or y_true.dtype is torch.bool
        ):
            return False
        hits = y_pred.argmax(-1) == y_true.argmax(-1)
        self._add_rows(torch.count_nonzero(hits), y_pred.shape[0], hits.numel())
        return True


@METRICS.register("sparse_categorical_accuracy")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose largest prediction is at the class index given as label.

    Args:
        name: Default `"sparse_categorical_accuracy"`.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.SparseCategoricalAccuracy()([1, 1], [[0.3, 0.7], [0.9, 0.1]])
    tensor(0.5000)
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)

    def _fast(self, y_true: Any, y_pred: torch.Tensor) -> bool:
        if y_pred.ndim < 2 or not isinstance(y_true, torch.Tensor):
            return False
        y_true = class_of_row(y_true, y_pred)
        if y_true.ndim != y_pred.ndim - 1 or y_true.shape != y_pred.shape[:-1]:
            return False
        hits = torch.count_nonzero(y_pred.argmax(-1) == y_true)
        self._add_rows(hits, y_pred.shape[0], y_true.numel())
        return True
