"""Losses of numbers against numbers."""

from typing import Any, ClassVar

import torch

from torchkeras.core.registry import LOSSES
from torchkeras.losses import functional as fn
from torchkeras.losses.base import FunctionLoss


@LOSSES.register()
class MeanSquaredError(FunctionLoss):
    """Mean of `(y_true - y_pred) ** 2`: `(batch, ..., d) -> ()`.

    Args:
        reduction: See `Loss`.
        name: Default `"mean_squared_error"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]])
    tensor(0.5000)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.mean_squared_error, reduction, name, dtype)


@LOSSES.register("rmse", "RMSE")
class RootMeanSquaredError(FunctionLoss):
    """Root of the batch's mean of `(y_true - y_pred) ** 2`: `(batch, ..., d) -> ()`.

    Keras has this as a metric only. The root is taken after the reduction; the gradient of an
    exact hit is 0.

    Args:
        reduction: See `Loss`.
        name: Default `"root_mean_squared_error"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [7.0]])
    tensor(5.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "root_mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.mean_squared_error, reduction, name, dtype)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> torch.Tensor:
        """Return the root of the reduced, weighted squared error."""
        squared = super().__call__(y_true, y_pred, sample_weight)
        exact = squared == 0  # the root has an infinite slope there
        return torch.where(exact, 0.0, torch.sqrt(torch.where(exact, 1.0, squared)))


@LOSSES.register()
class MeanAbsoluteError(FunctionLoss):
    """Mean of `|y_true - y_pred|`: `(batch, ..., d) -> ()`.

    Args:
        reduction: See `Loss`.
        name: Default `"mean_absolute_error"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 1.0]])
    tensor(0.5000)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.mean_absolute_error, reduction, name, dtype)


@LOSSES.register()
class MeanAbsolutePercentageError(FunctionLoss):
    """Mean of `100 * |y_true - y_pred| / |y_true|`: `(batch, ..., d) -> ()`.

    Args:
        reduction: See `Loss`.
        name: Default `"mean_absolute_percentage_error"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.MeanAbsolutePercentageError()([[2.0, 1.0]], [[1.0, 1.0]])
    tensor(25.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.mean_absolute_percentage_error, reduction, name, dtype)


@LOSSES.register()
class MeanSquaredLogarithmicError(FunctionLoss):
    """Mean of `(log(y_true + 1) - log(y_pred + 1)) ** 2`: `(batch, ..., d) -> ()`.

    Args:
        reduction: See `Loss`.
        name: Default `"mean_squared_logarithmic_error"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.MeanSquaredLogarithmicError()([[1.0]], [[1.0]])
    tensor(0.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.mean_squared_logarithmic_error, reduction, name, dtype)


@LOSSES.register("huber_loss")
class Huber(FunctionLoss):
    """Squared error near 0, absolute error beyond `delta`: `(batch, ..., d) -> ()`.

    `e ** 2 / 2` where `|e| <= delta`, else `delta * |e| - delta ** 2 / 2`.

    Args:
        delta: Where the parabola ends, above 0.
        reduction: See `Loss`.
        name: Default `"huber_loss"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]])
    tensor(1.5000)
    """

    config_quiet: ClassVar[frozenset[str]] = frozenset({"delta"})

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.huber, reduction, name, dtype, delta=delta)


@LOSSES.register()
class LogCosh(FunctionLoss):
    """Mean of `log(cosh(y_pred - y_true))`: `(batch, ..., d) -> ()`.

    Args:
        reduction: See `Loss`.
        name: Default `"log_cosh"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.LogCosh()([[1.0]], [[1.0]])
    tensor(0.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.log_cosh, reduction, name, dtype)


@LOSSES.register("cosine", "cosine_proximity")
class CosineSimilarity(FunctionLoss):
    """`-cos` of the angle between targets and predictions: -1 is the same direction.

    Args:
        axis: Axis of the vectors' components; default the last.
        reduction: See `Loss`.
        name: Default `"cosine_similarity"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]])
    tensor(-1.)
    """

    config_quiet: ClassVar[frozenset[str]] = frozenset({"axis"})

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.cosine_similarity, reduction, name, dtype, axis=axis)
