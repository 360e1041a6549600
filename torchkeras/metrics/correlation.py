"""How well predictions follow the targets: R2, Pearson's and the concordance correlation."""

import warnings
from typing import Any

import torch

from torchkeras._base import config
from torchkeras._base.check import one_of, received
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import labels
from torchkeras.losses.functional import Axis
from torchkeras.losses.reduction import match_ranks
from torchkeras.metrics.base import Metric
from torchkeras.metrics.mean import MeanMetricWrapper


def _centred(y_true: Any, y_pred: Any, axis: Axis) -> tuple[torch.Tensor, ...]:
    """Return both without their means, and the means."""
    y_pred = convert_to_tensor(y_pred)
    y_true = convert_to_tensor(y_true, y_pred.dtype).to(y_pred.device)
    y_true, y_pred = match_ranks(y_true, y_pred)
    means = y_true.mean(axis, keepdim=True), y_pred.mean(axis, keepdim=True)
    return y_true - means[0], y_pred - means[1], *means


@METRICS.register()
def pearson_correlation(y_true: Any, y_pred: Any, axis: Axis = -1) -> torch.Tensor:
    """Covariance over the product of standard deviations, along `axis`; NaN for a constant.

    >>> import torchkeras as keras
    >>> keras.metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[0.0, 1.0, 1.0]])
    tensor([0.8660])
    """
    true, pred, _, _ = _centred(y_true, y_pred, axis)
    true = true / true.square().sum(axis, keepdim=True).sqrt()
    pred = pred / pred.square().sum(axis, keepdim=True).sqrt()
    return (true * pred).sum(axis)


@METRICS.register()
def concordance_correlation(y_true: Any, y_pred: Any, axis: Axis = -1) -> torch.Tensor:
    """`2 cov / (var_true + var_pred + (mean_true - mean_pred)^2)`, along `axis`.

    Lin 1989, https://doi.org/10.2307/2532051

    >>> import torchkeras as keras
    >>> keras.metrics.concordance_correlation([[0.0, 1.0, 2.0]], [[0.0, 1.0, 1.0]])
    tensor([0.6667])
    """
    true, pred, mean_true, mean_pred = _centred(y_true, y_pred, axis)
    spread = true.square().mean(axis, keepdim=True) + pred.square().mean(axis, keepdim=True)
    apart = spread + (mean_true - mean_pred).square() + config.epsilon()
    return (2 * true * pred / apart).mean(axis)


@METRICS.register("pearson_correlation")
class PearsonCorrelation(MeanMetricWrapper):
    """Mean of Pearson's correlation of targets and predictions along an axis.

    Args:
        name: Default `"pearson_correlation"`.
        dtype: See `Metric`.
        axis: Axis or axes along which values are compared.

    >>> import torchkeras as keras
    >>> metric = keras.metrics.PearsonCorrelation()
    >>> metric([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]])
    tensor(0.9967)
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: Any = None, axis: Axis = -1
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)
        self.axis = axis


@METRICS.register("concordance_correlation")
class ConcordanceCorrelation(MeanMetricWrapper):
    """Mean concordance of targets and predictions along an axis.

    Args:
        name: Default `"concordance_correlation"`.
        dtype: See `Metric`.
        axis: Axis or axes along which values are compared.

    >>> import torchkeras as keras
    >>> metric = keras.metrics.ConcordanceCorrelation()
    >>> metric([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]])
    tensor(0.9816)
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: Axis = -1
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
        self.axis = axis


_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@METRICS.register()
class R2Score(Metric):
    """`1 - sum((y_true - y_pred)^2) / sum((y_true - mean(y_true))^2)`.

    Args:
        class_aggregation: None for one score a column, `"uniform_average"` for their mean,
            `"variance_weighted_average"` for their mean by the targets' variance.
        num_regressors: Number of independent variables, for the adjusted score; 0: not adjusted.
        name: Default `"r2_score"`.
        dtype: See `Metric`.

    Shapes: `y_true` and `y_pred` `(batch, outputs)`.

    Raises:
        ValueError: for other shapes, or a bad argument.

    >>> import torchkeras as keras
    >>> keras.metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    tensor(0.5714)
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.class_aggregation = one_of(
            "R2Score", "class_aggregation", class_aggregation, _AGGREGATIONS
        )
        if num_regressors < 0:
            raise ValueError(
                "R2Score: num_regressors must not be below 0. "
                f"{received('num_regressors', num_regressors)}"
            )
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, outputs: int) -> None:
        self.squared_sum, self.sum, self.residual, self.count = (
            self.add_variable((outputs,), "zeros", name=name)
            for name in ("squared_sum", "sum", "residual", "count")
        )
        self._width = outputs
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets, predictions, and weights `(batch,)`."""
        y_pred = convert_to_tensor(y_pred, self._torch_dtype).detach()
        y_true = convert_to_tensor(y_true, self._torch_dtype).to(y_pred.device)
        if y_pred.ndim != 2 or y_true.ndim != 2:
            raise ValueError(
                "R2Score expects 2D inputs with shape (batch_size, output_dim). Received: "
                f"y_pred.shape={tuple(y_pred.shape)}, y_true.shape={tuple(y_true.shape)}."
            )
        if y_true.shape != y_pred.shape or (self._built and y_pred.shape[1] != self._width):
            hint = f", {self._width} outputs wide" if self._built else ""
            raise labels.different_shapes("R2Score", y_true, y_pred, hint)
        if not self._built:
            self._build(y_pred.shape[1])
        weight = torch.ones_like(y_true[:, :1])
        if sample_weight is not None:
            weight = convert_to_tensor(sample_weight, self._torch_dtype).to(y_pred.device)
            weight = weight if weight.ndim == 2 else weight.reshape(-1, 1)
        weighted = y_true * weight
        self._add(self.sum, weighted.sum(0))
        self._add(self.squared_sum, (y_true * weighted).sum(0))
        self._add(self.residual, ((y_true - y_pred).square() * weight).sum(0))
        self._add(self.count, weight.expand_as(y_true).sum(0))
        self._add(self.num_samples, weight.new_tensor(float(y_true.numel())))

    def result(self) -> torch.Tensor:
        """Return the score, or one for each column; 0 before the first batch."""
        if not self._built:
            return torch.zeros((), dtype=self._torch_dtype)
        total = self.squared_sum - self.sum * (self.sum / self.count)
        score = 1 - self.residual / total
        score = torch.where(score.isinf(), 0.0, score)
        if self.class_aggregation == "uniform_average":
            score = score.mean()
        elif self.class_aggregation:
            score = (score * total).sum() / total.sum()
        return self._adjusted(score.detach()) if self.num_regressors else score.detach()

    def _adjusted(self, score: torch.Tensor) -> torch.Tensor:
        n, p = self.num_samples.item(), self.num_regressors
        if p >= n - 1:
            why = "Division by zero" if p == n - 1 else "More independent predictors than data"
            warnings.warn(
                f"R2Score: {why} in the adjusted score; the standard score is returned.",
                stacklevel=3,
            )
            return score
        return 1 - (1 - score) * (n - 1) / (n - p - 1)
