"""Metrics of Keras 1 and 2 that Keras 3 has no more."""

from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras._base.config import epsilon
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.metrics.base import Metric
from torchkeras.metrics.mean import Mean


@METRICS.register()
class MeanRelativeError(Mean):
    """Mean of `|y_true - y_pred| / normalizer`; what is divided by 0 counts as 0.

    Args:
        normalizer: What errors are divided by, of the predictions' shape.
        name: Default `mean_relative_error`.
        dtype: Type of the variables.

    >>> metric = MeanRelativeError(normalizer=[1, 3, 2, 3])
    >>> metric.update_state([1, 3, 2, 3], [2, 4, 6, 8])
    >>> float(metric.result())
    1.25
    """

    def __init__(self, normalizer: Any, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.normalizer = convert_to_tensor(normalizer, self._torch_dtype)

    def _config_overrides(self) -> dict[str, Any]:
        return {**super()._config_overrides(), "normalizer": self.normalizer.tolist()}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        y_pred = convert_to_tensor(y_pred, self._torch_dtype)
        y_true = convert_to_tensor(y_true, self._torch_dtype).to(y_pred.device)
        by = self.normalizer.to(y_pred.device)
        error = torch.where(by == 0, 0.0, (y_true - y_pred).abs() / torch.where(by == 0, 1.0, by))
        super().update_state(error, sample_weight=sample_weight)


@METRICS.register()
class MeanTensor(Metric):
    """Mean of each entry of the tensors that it is given.

    Args:
        name: Default `mean_tensor`.
        dtype: Type of the variables.
        shape: Shape of the tensors; default: that of the first.

    Raises:
        ValueError: for a tensor of another shape.

    >>> metric = MeanTensor()
    >>> metric.update_state([0, 1, 2])
    >>> metric.update_state([4, 5, 6])
    >>> metric.result()
    tensor([2., 3., 4.])
    """

    def __init__(self, name: str | None = None, dtype: Any = None, shape: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)
        self.shape = None if shape is None else tuple(shape)
        if shape is not None:
            self._build(self.shape)

    def _build(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.total = self.add_variable(shape, name="total")
        self.count = self.add_variable(shape, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add a tensor, with weights that go with it or are spread over it."""
        values = convert_to_tensor(values, self._torch_dtype)
        if self.shape is None:
            self._build(tuple(values.shape))
        if tuple(values.shape) != self.shape:
            raise ValueError(
                f"MeanTensor: values must have the shape {self.shape}. "
                f"{received('shape', tuple(values.shape))}"
            )
        weights = torch.ones_like(values)
        if sample_weight is not None:
            given = convert_to_tensor(sample_weight, self._torch_dtype).to(values.device)
            given = given.reshape(*given.shape, *[1] * (values.ndim - given.ndim))
            weights = given.expand_as(values)
        self._add(self.total, values * weights)
        self._add(self.count, weights)

    def result(self) -> torch.Tensor:
        """Return the means; 0 where nothing was counted."""
        if self.shape is None:
            raise ValueError("MeanTensor: there is no result before the first update_state().")
        none = self.count == 0
        return torch.where(none, 0.0, self.total / torch.where(none, 1.0, self.count))


# ------------------------------------------------------------------------------- of Keras 1


def _positive(values: torch.Tensor) -> torch.Tensor:
    return values.clamp(0.0, 1.0).round()


def _pair(y_true: Any, y_pred: Any) -> tuple[torch.Tensor, torch.Tensor]:
    y_pred = convert_to_tensor(y_pred)
    return convert_to_tensor(y_true, y_pred.dtype).to(y_pred.device), y_pred


def precision(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Return the precision over all entries of one batch.

    >>> precision([1.0, 0.0], [0.9, 0.8])
    tensor(0.5000)
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return _positive(y_true * y_pred).sum() / (_positive(y_pred).sum() + epsilon())


def recall(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Return the recall over all entries of one batch.

    >>> recall([1.0, 1.0], [0.9, 0.2])
    tensor(0.5000)
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return _positive(y_true * y_pred).sum() / (_positive(y_true).sum() + epsilon())


def fbeta_score(y_true: Any, y_pred: Any, beta: float = 1) -> torch.Tensor:
    """Return the F score over all entries of one batch; 0 if it has no positive target.

    >>> fbeta_score([1.0, 0.0], [0.9, 0.8])
    tensor(0.6667)
    """
    if beta < 0:
        raise ValueError(f"fbeta_score: beta must be at least 0. {received('beta', beta)}")
    y_true, y_pred = _pair(y_true, y_pred)
    p, r = precision(y_true, y_pred), recall(y_true, y_pred)
    score = (1 + beta**2) * p * r / (beta**2 * p + r + epsilon())
    return torch.where(_positive(y_true).sum() == 0, torch.zeros_like(score), score)


def fmeasure(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Return the harmonic mean of precision and recall over all entries of one batch."""
    return fbeta_score(y_true, y_pred, beta=1)


def matthews_correlation(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Return Matthews's correlation over all entries of one batch.

    >>> matthews_correlation([1.0, 0.0], [0.9, 0.2])
    tensor(1.0000)
    """
    y_true, y_pred = (_positive(v) for v in _pair(y_true, y_pred))
    tp, tn = (y_true * y_pred).sum(), ((1 - y_true) * (1 - y_pred)).sum()
    fp, fn = ((1 - y_true) * y_pred).sum(), (y_true * (1 - y_pred)).sum()
    below = ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)).sqrt()
    return (tp * tn - fp * fn) / (below + epsilon())


METRICS.alias(
    fbeta_score=fbeta_score,
    fmeasure=fmeasure,
    fscore=fmeasure,
    f1score=fmeasure,
    matthews_correlation=matthews_correlation,
)
