"""Losses of margins."""

from typing import Any

from torchkeras.core.registry import LOSSES
from torchkeras.losses import functional as fn
from torchkeras.losses.base import FunctionLoss


@LOSSES.register()
class Hinge(FunctionLoss):
    """Mean of `max(1 - y_true * y_pred, 0)`, labels -1/1 or 0/1: `(batch, ..., d) -> ()`.

    Args:
        reduction: See `Loss`.
        name: Default `"hinge"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.Hinge()([[-1.0, 1.0]], [[0.5, 0.5]])
    tensor(1.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.hinge, reduction, name, dtype)


@LOSSES.register()
class SquaredHinge(FunctionLoss):
    """Mean of `max(1 - y_true * y_pred, 0) ** 2`, labels -1/1 or 0/1: `(batch, ..., d) -> ()`.

    Args:
        reduction: See `Loss`.
        name: Default `"squared_hinge"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.SquaredHinge()([[1.0, 1.0]], [[0.0, 1.0]])
    tensor(0.5000)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.squared_hinge, reduction, name, dtype)


@LOSSES.register()
class CategoricalHinge(FunctionLoss):
    """Margin between the true class and the best other one: `(batch, ..., classes) -> ()`.

    `max(neg - pos + 1, 0)`, `pos = sum(y_true * y_pred)`, `neg = max((1 - y_true) * y_pred)`.

    Args:
        reduction: See `Loss`.
        name: Default `"categorical_hinge"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.5]])
    tensor(1.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.categorical_hinge, reduction, name, dtype)
