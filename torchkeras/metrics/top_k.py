"""Whether the right class is among the k best ones."""

from typing import Any

import torch

from torchkeras._base.check import positive_int
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import labels
from torchkeras.metrics.accuracy import as_float, class_of_row
from torchkeras.metrics.mean import MeanMetricWrapper


@METRICS.register()
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> torch.Tensor:
    """1 where the class of a one-hot label is among the `k` largest predictions.

    >>> import torchkeras as keras
    >>> keras.metrics.top_k_categorical_accuracy([[0.0, 0.0, 1.0]], [[0.5, 0.2, 0.3]], k=2)
    tensor([1.])
    """
    return sparse_top_k_categorical_accuracy(labels.best(convert_to_tensor(y_true)), y_pred, k)


@METRICS.register()
def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> torch.Tensor:
    """1 where the class index `y_true` is among the `k` largest predictions; ties count as in.

    With `from_sorted_ids`, `y_pred` holds class indices, best first.

    >>> import torchkeras as keras
    >>> keras.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.2, 0.3]], k=2)
    tensor([1.])
    """
    owner = "sparse_top_k_categorical_accuracy"
    y_pred = convert_to_tensor(y_pred)
    y_true = convert_to_tensor(y_true).to(y_pred.device)
    shape = y_true.shape  # a last axis of 1 stays, as in Keras
    y_true = class_of_row(y_true, y_pred)
    if from_sorted_ids:
        return as_float((y_pred[..., :k] == y_true.unsqueeze(-1)).any(-1)).reshape(shape)
    classes = y_pred.shape[-1]
    if k > classes:
        raise ValueError(
            f"{owner}: k must not be above the number of classes, {classes}. Received: k={k}."
        )
    ids = labels.class_ids(owner, y_true, classes)
    try:
        chosen = y_pred.gather(-1, ids.unsqueeze(-1))
    except (IndexError, RuntimeError) as e:
        raise labels.bad_class(owner, y_true, classes) from e
    least = torch.topk(y_pred, k).values[..., -1:]
    return as_float((chosen >= least).squeeze(-1)).reshape(shape)


@METRICS.register("top_k_categorical_accuracy")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose one-hot label is among the `k` largest predictions.

    Args:
        k: How many of the largest predictions count.
        name: Default `"top_k_categorical_accuracy"`.
        dtype: See `Metric`.

    >>> import torchkeras as keras
    >>> keras.metrics.TopKCategoricalAccuracy(k=1)([[0.0, 1.0]], [[0.3, 0.7]])
    tensor(1.)
    """

    _direction = "up"

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        self.k = positive_int("TopKCategoricalAccuracy", "k", k)
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


@METRICS.register("sparse_top_k_categorical_accuracy")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose class index is among the `k` largest predictions.

    Args:
        k: How many of the largest predictions count.
        name: Default `"sparse_top_k_categorical_accuracy"`.
        dtype: See `Metric`.
        from_sorted_ids: Whether predictions are class indices, best first.

    >>> import torchkeras as keras
    >>> keras.metrics.SparseTopKCategoricalAccuracy(k=1)([1], [[0.3, 0.7]])
    tensor(1.)
    """

    _direction = "up"
    config_quiet = frozenset({"from_sorted_ids"})

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        self.k = positive_int("SparseTopKCategoricalAccuracy", "k", k)
        self.from_sorted_ids = from_sorted_ids
        super().__init__(
            sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids
        )
