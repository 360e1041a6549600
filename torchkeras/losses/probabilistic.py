"""Losses of probabilities and counts."""

from typing import Any, ClassVar

from torchkeras._base.check import fraction
from torchkeras.core.registry import LOSSES
from torchkeras.losses import crossentropy as ce
from torchkeras.losses import functional as fn
from torchkeras.losses.base import FunctionLoss


@LOSSES.register()
class BinaryCrossentropy(FunctionLoss):
    """Cross-entropy of labels in [0, 1]: `(batch, ..., d) -> ()`.

    `-mean(y_true * log(p) + (1 - y_true) * log(1 - p))`, `p` clipped to [1e-7, 1 - 1e-7].

    Args:
        from_logits: Whether predictions are values before a sigmoid.
        label_smoothing: In [0, 1]; moves labels towards 0.5 by this share.
        axis: Axis of the mean within a sample.
        reduction: See `Loss`.
        name: Default `"binary_crossentropy"`.
        dtype: See `Loss`.

    Raises:
        ValueError: for labels outside of [0, 1], with value and position.

    >>> import torchkeras as keras
    >>> keras.losses.BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])
    tensor(0.6931)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        fraction("BinaryCrossentropy", "label_smoothing", label_smoothing)
        super().__init__(
            ce.binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@LOSSES.register()
class CategoricalCrossentropy(FunctionLoss):
    """Cross-entropy of one-hot labels: `-sum(y_true * log(p))`, `(batch, ..., classes) -> ()`.

    Args:
        from_logits: Whether predictions are values before a softmax.
        label_smoothing: In [0, 1]; spreads this share of a label over all classes.
        axis: Axis of the classes.
        reduction: See `Loss`.
        name: Default `"categorical_crossentropy"`.
        dtype: See `Loss`.

    Raises:
        ValueError: for targets of another shape than the predictions.

    >>> import torchkeras as keras
    >>> keras.losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])
    tensor(0.6931)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        fraction("CategoricalCrossentropy", "label_smoothing", label_smoothing)
        super().__init__(
            ce.categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@LOSSES.register()
class SparseCategoricalCrossentropy(FunctionLoss):
    """Cross-entropy of class indices: `-log(p[y_true])`.

    Targets `(batch, ...)` or `(batch, ..., 1)`, predictions `(batch, ..., classes)`.

    Args:
        from_logits: Whether predictions are values before a softmax.
        ignore_class: A label whose entries are masked, for example -1.
        reduction: See `Loss`.
        axis: Axis of the classes.
        name: Default `"sparse_categorical_crossentropy"`.
        dtype: See `Loss`.

    Raises:
        ValueError: for a label that is no class index, with its value and position.

    >>> import torchkeras as keras
    >>> keras.losses.SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]])
    tensor(0.6931)
    """

    casts_targets = False
    config_quiet: ClassVar[frozenset[str]] = frozenset({"axis"})

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            ce.sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


@LOSSES.register()
class BinaryFocalCrossentropy(FunctionLoss):
    """Binary cross-entropy times `(1 - p_t) ** gamma`: easy samples count less.

    Args:
        apply_class_balancing: Whether to weight class 1 by `alpha` and class 0 by `1 - alpha`.
        alpha: Weight of class 1.
        gamma: How strongly easy samples fade; 0 is plain cross-entropy.
        from_logits: Whether predictions are values before a sigmoid.
        label_smoothing: In [0, 1]; moves labels towards 0.5 by this share.
        axis: Axis of the mean within a sample.
        reduction: See `Loss`.
        name: Default `"binary_focal_crossentropy"`.
        dtype: See `Loss`.

    Lin et al. 2017, https://arxiv.org/abs/1708.02002

    >>> import torchkeras as keras
    >>> keras.losses.BinaryFocalCrossentropy()([[1.0]], [[0.5]])
    tensor(0.1733)
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        fraction("BinaryFocalCrossentropy", "label_smoothing", label_smoothing)
        super().__init__(
            ce.binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@LOSSES.register()
class CategoricalFocalCrossentropy(FunctionLoss):
    """`-sum(alpha * (1 - p) ** gamma * y_true * log(p))`: `(batch, ..., classes) -> ()`.

    Args:
        alpha: Weight of all classes.
        gamma: How strongly easy samples fade.
        from_logits: Whether predictions are values before a softmax.
        label_smoothing: In [0, 1]; spreads this share of a label over all classes.
        axis: Axis of the classes.
        reduction: See `Loss`.
        name: Default `"categorical_focal_crossentropy"`.
        dtype: See `Loss`.

    Lin et al. 2017, https://arxiv.org/abs/1708.02002

    >>> import torchkeras as keras
    >>> keras.losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])
    tensor(0.0433)
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        fraction("CategoricalFocalCrossentropy", "label_smoothing", label_smoothing)
        super().__init__(
            ce.categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@LOSSES.register()
class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """`(1 - p ** q) / q` of the true class's probability: robust to wrong labels.

    Args:
        q: In (0, 1); near 0 it is cross-entropy, near 1 mean absolute error.
        reduction: See `Loss`.
        name: Default `"categorical_generalized_cross_entropy"`.
        dtype: See `Loss`.

    Zhang and Sabuncu 2018, https://arxiv.org/abs/1805.07836

    >>> import torchkeras as keras
    >>> keras.losses.CategoricalGeneralizedCrossEntropy()([1], [[0.0, 1.0]])
    tensor(0.)
    """

    casts_targets = False

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        fn.check_q("CategoricalGeneralizedCrossEntropy", q)
        super().__init__(fn.categorical_generalized_cross_entropy, reduction, name, dtype, q=q)


@LOSSES.register("KullbackLeiblerDivergence")
class KLDivergence(FunctionLoss):
    """Kullback-Leibler divergence, `sum(y_true * log(y_true / y_pred))`.

    Args:
        reduction: See `Loss`.
        name: Default `"kl_divergence"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])
    tensor(0.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.kl_divergence, reduction, name, dtype)


@LOSSES.register()
class Poisson(FunctionLoss):
    """Mean of `y_pred - y_true * log(y_pred)`, for counts: `(batch, ..., d) -> ()`.

    Args:
        reduction: See `Loss`.
        name: Default `"poisson"`.
        dtype: See `Loss`.

    >>> import torchkeras as keras
    >>> keras.losses.Poisson()([[1.0]], [[1.0]])
    tensor(1.0000)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(fn.poisson, reduction, name, dtype)
