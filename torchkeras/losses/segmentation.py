"""Losses of overlap."""

from typing import Any

from torchkeras.core.registry import LOSSES
from torchkeras.losses import functional as fn
from torchkeras.losses.base import FunctionLoss


@LOSSES.register()
class Dice(FunctionLoss):
    """`1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred))`.

    Args:
        reduction: See `Loss`.
        name: Default `"dice"`.
        axis: Axes of the sums; None (default) is all of them, `(1, 2, 3)` is per image.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.Dice()([[1.0, 0.0]], [[1.0, 0.0]])
    tensor(0.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: fn.Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.dice, reduction, name, dtype, axis=axis)


@LOSSES.register()
class Tversky(FunctionLoss):
    """`1 - tp / (tp + alpha * fn + beta * fp)` of soft counts.

    Args:
        alpha: Weight of false negatives (as Keras computes it); `alpha = beta = 0.5` is Dice.
        beta: Weight of false positives.
        reduction: See `Loss`.
        name: Default `"tversky"`.
        axis: Axes of the sums; None (default) is all of them, `(1, 2, 3)` is per image.
        dtype: See `Loss`.

    Salehi et al. 2017, https://arxiv.org/abs/1706.05721

    >>> import torchkeras as keras
    >>> keras.losses.Tversky()([[1.0, 0.0]], [[0.5, 0.5]])
    tensor(0.5000)
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: fn.Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
