"""Metrics made of loss functions: the mean over all samples of an epoch."""

from typing import Any, ClassVar

import torch

from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import crossentropy as ce
from torchkeras.losses import functional as fn
from torchkeras.metrics.mean import Mean, MeanMetricWrapper


@METRICS.register("mse", "MSE")
class MeanSquaredError(MeanMetricWrapper):
    """Mean of `(y_true - y_pred) ** 2`.

    >>> import torchkeras as keras
    >>> keras.metrics.MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]])
    tensor(0.5000)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(fn.mean_squared_error, name, dtype)


@METRICS.register("rmse", "RMSE")
class RootMeanSquaredError(Mean):
    """Root of the mean of `(y_true - y_pred) ** 2` over all samples. Masks are not regarded.

    >>> import torchkeras as keras
    >>> keras.metrics.RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [7.0]])
    tensor(5.)
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        y_pred = convert_to_tensor(y_pred, self._torch_dtype).detach()
        y_true, y_pred = fn.as_pair(y_true, y_pred)
        super().update_state(torch.square(y_pred - y_true), sample_weight)

    def result(self) -> torch.Tensor:
        """Return the root of the mean."""
        return torch.sqrt(super().result())


@METRICS.register("mae", "MAE")
class MeanAbsoluteError(MeanMetricWrapper):
    """Mean of `|y_true - y_pred|`.

    >>> import torchkeras as keras
    >>> keras.metrics.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 1.0]])
    tensor(0.5000)
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(fn.mean_absolute_error, name, dtype)


@METRICS.register("mape", "MAPE")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """Mean of `100 * |y_true - y_pred| / |y_true|`.

    >>> import torchkeras as keras
    >>> keras.metrics.MeanAbsolutePercentageError()([[2.0, 1.0]], [[1.0, 1.0]])
    tensor(25.)
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(fn.mean_absolute_percentage_error, name, dtype)


@METRICS.register("msle", "MSLE")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """Mean of `(log(y_true + 1) - log(y_pred + 1)) ** 2`.

    >>> import torchkeras as keras
    >>> keras.metrics.MeanSquaredLogarithmicError()([[1.0]], [[1.0]])
    tensor(0.)
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(fn.mean_squared_logarithmic_error, name, dtype)


@METRICS.register("log_cosh", "LogCosh", "logcosh")
class LogCoshError(MeanMetricWrapper):
    """Mean of `log(cosh(y_pred - y_true))`.

    >>> import torchkeras as keras
    >>> keras.metrics.LogCoshError()([[1.0]], [[1.0]])
    tensor(0.)
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(fn.log_cosh, name, dtype)


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> torch.Tensor:
    return -fn.cosine_similarity(y_true, y_pred, axis)


@METRICS.register("cosine", "cosine_proximity")
class CosineSimilarity(MeanMetricWrapper):
    """Mean cosine of the angle between targets and predictions: 1 is the same direction.

    Args:
        name: Default `"cosine_similarity"`.
        dtype: See `Metric`.
        axis: Axis of the vectors' components.

    >>> import torchkeras as keras
    >>> keras.metrics.CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]])
    tensor(1.)
    """

    _direction = "up"
    config_quiet: ClassVar[frozenset[str]] = frozenset({"axis"})

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        self.axis = axis
        super().__init__(_cosine, name, dtype, axis=axis)


@METRICS.register()
class Hinge(MeanMetricWrapper):
    """Mean of `max(1 - y_true * y_pred, 0)`, labels -1/1 or 0/1.

    >>> import torchkeras as keras
    >>> keras.metrics.Hinge()([[-1.0, 1.0]], [[0.5, 0.5]])
    tensor(1.)
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(fn.hinge, name, dtype)


@METRICS.register()
class SquaredHinge(MeanMetricWrapper):
    """Mean of `max(1 - y_true * y_pred, 0) ** 2`, labels -1/1 or 0/1.

    >>> import torchkeras as keras
    >>> keras.metrics.SquaredHinge()([[1.0, 1.0]], [[0.0, 1.0]])
    tensor(0.5000)
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(fn.squared_hinge, name, dtype)


@METRICS.register()
class CategoricalHinge(MeanMetricWrapper):
    """Mean margin between the true class and the best other one.

    >>> import torchkeras as keras
    >>> keras.metrics.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.5]])
    tensor(1.)
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(fn.categorical_hinge, name, dtype)


@METRICS.register("kld", "KLD", "kullback_leibler_divergence", "KullbackLeiblerDivergence")
class KLDivergence(MeanMetricWrapper):
    """Mean of `sum(y_true * log(y_true / y_pred))`.

    >>> import torchkeras as keras
    >>> keras.metrics.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])
    tensor(0.)
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(fn.kl_divergence, name, dtype)


@METRICS.register()
class Poisson(MeanMetricWrapper):
    """Mean of `y_pred - y_true * log(y_pred)`, for counts.

    >>> import torchkeras as keras
    >>> keras.metrics.Poisson()([[1.0]], [[1.0]])
    tensor(1.0000)
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(fn.poisson, name, dtype)


@METRICS.register("bce", "BCE")
class BinaryCrossentropy(MeanMetricWrapper):
    """Mean cross-entropy of labels in [0, 1].

    Args:
        name: Default `"binary_crossentropy"`.
        dtype: See `Metric`.
        from_logits: Whether predictions are values before a sigmoid.
        label_smoothing: In [0, 1]; moves labels towards 0.5 by this share.

    >>> import torchkeras as keras
    >>> keras.metrics.BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])
    tensor(0.6931)
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        super().__init__(
            ce.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@METRICS.register("cce", "CCE")
class CategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross-entropy of one-hot labels.

    Args:
        name: Default `"categorical_crossentropy"`.
        dtype: See `Metric`.
        from_logits: Whether predictions are values before a softmax.
        label_smoothing: In [0, 1]; spreads this share of a label over all classes.
        axis: Axis of the classes.

    >>> import torchkeras as keras
    >>> keras.metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])
    tensor(0.6931)
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        super().__init__(
            ce.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@METRICS.register("scce", "SCCE")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross-entropy of class indices.

    Args:
        name: Default `"sparse_categorical_crossentropy"`.
        dtype: See `Metric`.
        from_logits: Whether predictions are values before a softmax.
        ignore_class: A label whose samples count as 0.
        axis: Axis of the classes.

    >>> import torchkeras as keras
    >>> keras.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])
    tensor(0.6931)
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
        super().__init__(
            ce.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
