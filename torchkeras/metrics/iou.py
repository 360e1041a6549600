"""Intersection over union of predicted and true areas, from a confusion matrix."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import positive_int, received
from torchkeras.core import dtypes
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import labels
from torchkeras.metrics.base import Metric
from torchkeras.metrics.confusion import ratio, weight_like


class _ConfusionIoU(Metric):
    """Counts of (true, predicted) classes; the mean of `tp / (tp + fp + fn)` over classes."""

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        classes: Sequence[int],
        name: str | None,
        dtype: Any,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        # Counts are whole numbers, unless another dtype is asked for or weights are none.
        super().__init__(name=name, dtype="int32" if dtype is None else dtype)
        self.num_classes = positive_int(type(self).__name__, "num_classes", num_classes)
        bad = [c for c in classes if not -num_classes <= c < num_classes]
        if bad:
            raise ValueError(
                f"{type(self).__name__}: target_class_ids must be in [0, {num_classes}). "
                f"{received('target_class_ids', classes)}"
            )
        self._classes = list(classes)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_confusion_matrix = self.add_variable(
            (num_classes, num_classes), "zeros", name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of classes (or of one value a class, on `axis`), and weights.

        Raises:
            ValueError: for a class outside of `[0, num_classes)` that is not `ignore_class`.
        """
        owner = type(self).__name__
        y_pred = convert_to_tensor(y_pred).detach()
        y_true = convert_to_tensor(y_true).to(y_pred.device)
        y_true = y_true if self.sparse_y_true else labels.best(y_true, self.axis)
        y_pred = y_pred if self.sparse_y_pred else labels.best(y_pred, self.axis)
        weight = None
        if sample_weight is not None:
            weight = convert_to_tensor(sample_weight).to(y_pred.device)
            weight = weight_like(weight, y_true).reshape(-1)
        y_true, y_pred = y_true.reshape(-1).long(), y_pred.reshape(-1).long()
        if y_true.shape != y_pred.shape:
            raise labels.different_shapes(owner, y_true, y_pred)
        n = self.num_classes
        if self.ignore_class is not None:
            kept = y_true != self.ignore_class
            y_true, y_pred = y_true[kept], y_pred[kept]
            weight = None if weight is None else weight[kept]
        for classes in (y_true, y_pred):
            if labels.no_class(classes, n).any():
                raise labels.bad_class(owner, classes, n)
        total = self.total_confusion_matrix
        if weight is not None and weight.is_floating_point() and not total.is_floating_point():
            total.data = total.data.to(weight.dtype)
        counts = torch.bincount(y_true * n + y_pred, weight, n * n).view(n, n)
        self._add(total, counts.to(total.dtype))

    def result(self) -> torch.Tensor:
        """Return the mean over the classes that came up, 0 if none did."""
        counts = self.total_confusion_matrix.detach()
        counts = counts.to(dtypes.torch_dtype(None)) if not counts.is_floating_point() else counts
        hits, union = counts.diagonal(), counts.sum(0) + counts.sum(1) - counts.diagonal()
        hits, union = hits[self._classes], union[self._classes]
        return ratio(ratio(hits, union).sum(), (union != 0).sum())


@METRICS.register()
class IoU(_ConfusionIoU):
    """Mean of `tp / (tp + fp + fn)` over chosen classes.

    Args:
        num_classes: Number of classes.
        target_class_ids: Classes whose mean is taken.
        name: Default `"io_u"`, made unique.
        dtype: Type of the counts; default int32, and float32 once a weight is fractional.
        ignore_class: True class of entries that do not count, such as 255.
        sparse_y_true: Whether `y_true` holds classes, not one value for each of them.
        sparse_y_pred: Whether `y_pred` holds classes, not one value for each of them.
        axis: Where the values of the classes are.

    >>> import torchkeras as keras
    >>> keras.metrics.IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])
    tensor(0.3333)
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, sparse_y_true,
            sparse_y_pred, axis,
        )  # fmt: skip
        self.target_class_ids = list(target_class_ids)


@METRICS.register()
class BinaryIoU(_ConfusionIoU):
    """Mean of `tp / (tp + fp + fn)` over the classes 0 and 1, or one of them.

    Args:
        target_class_ids: Classes whose mean is taken.
        threshold: Predictions from here on are class 1; None: they are classes already.
        name: Default `"binary_io_u"`, made unique.
        dtype: As in `IoU`.

    >>> import torchkeras as keras
    >>> keras.metrics.BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
    tensor(0.3333)
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float | None = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.target_class_ids = list(target_class_ids)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of classes 0 and 1, predictions, and weights."""
        y_pred = convert_to_tensor(y_pred)
        if self.threshold is not None:
            y_pred = y_pred >= self.threshold
        super().update_state(y_true, y_pred, sample_weight)


@METRICS.register()
class MeanIoU(_ConfusionIoU):
    """Mean of `tp / (tp + fp + fn)` over all classes that come up.

    Args:
        num_classes: Number of classes.
        name: Default `"mean_io_u"`, made unique.
        dtype: As in `IoU`.
        ignore_class: True class of entries that do not count, such as 255.
        sparse_y_true: Whether `y_true` holds classes, not one value for each of them.
        sparse_y_pred: Whether `y_pred` holds classes, not one value for each of them.
        axis: Where the values of the classes are.

    >>> import torchkeras as keras
    >>> keras.metrics.MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])
    tensor(0.3333)
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true,
            sparse_y_pred, axis,
        )  # fmt: skip


@METRICS.register()
class OneHotIoU(_ConfusionIoU):
    """`IoU` of labels that are one-hot.

    Args:
        num_classes: Number of classes.
        target_class_ids: Classes whose mean is taken.
        name: Default `"one_hot_io_u"`, made unique.
        dtype: As in `IoU`.
        ignore_class: True class of entries that do not count.
        sparse_y_pred: Whether `y_pred` holds classes, not one value for each of them.
        axis: Where the values of the classes are.

    >>> import torchkeras as keras
    >>> metric = keras.metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
    >>> metric([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]])
    tensor(0.5000)
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )
        self.target_class_ids = list(target_class_ids)


@METRICS.register()
class OneHotMeanIoU(_ConfusionIoU):
    """`MeanIoU` of labels that are one-hot.

    Args:
        num_classes: Number of classes.
        name: Default `"one_hot_mean_io_u"`, made unique.
        dtype: As in `IoU`.
        ignore_class: True class of entries that do not count.
        sparse_y_pred: Whether `y_pred` holds classes, not one value for each of them.
        axis: Where the values of the classes are.

    >>> import torchkeras as keras
    >>> metric = keras.metrics.OneHotMeanIoU(num_classes=2)
    >>> metric([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]])
    tensor(0.2500)
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, range(num_classes), name, dtype, ignore_class, False, sparse_y_pred, axis
        )
