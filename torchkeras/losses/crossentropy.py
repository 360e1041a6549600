"""Cross-entropies and their focal forms: pure functions, one value a sample."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import config
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import labels
from torchkeras.losses.functional import as_pair
from torchkeras.losses.recorded import loss_function
from torchkeras.ops.crossentropy import log_probabilities


def smooth(y_true: torch.Tensor, label_smoothing: float, classes: int) -> torch.Tensor:
    """Mix labels with the uniform distribution over the classes."""
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes


@loss_function("bce", "BCE")
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> torch.Tensor:
    """Mean of `-(y_true * log(p) + (1 - y_true) * log(1 - p))` over `axis`.

    >>> import torchkeras as keras
    >>> keras.losses.binary_crossentropy([[1.0]], [[0.5]])
    tensor([0.6931])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise labels.different_shapes("binary_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 2)
    return elementwise_bce(y_true, y_pred, from_logits, "none").mean(axis)


def elementwise_bce(
    y_true: torch.Tensor, y_pred: torch.Tensor, from_logits: bool, reduction: str
) -> torch.Tensor:
    """Binary cross-entropy of tensors of one shape, in torch's kernels."""
    if from_logits:
        return F.binary_cross_entropy_with_logits(y_pred, y_true, reduction=reduction)
    least = config.epsilon()
    p = torch.clamp(y_pred, least, 1.0 - least)
    try:
        return F.binary_cross_entropy(p, y_true, reduction=reduction)
    except RuntimeError:
        if not torch.isnan(y_pred).any():
            raise labels.bad_probability("binary_crossentropy", y_true) from None
        # The kernel refuses NaN predictions; a diverged model must show a NaN loss instead.
        values = -(y_true * torch.log(p) + (1.0 - y_true) * torch.log(1.0 - p))
        return values.mean() if reduction == "mean" else values


@loss_function("cce", "CCE")
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> torch.Tensor:
    """`-sum(y_true * log(p))` over the classes in `axis`; `y_true` is one-hot.

    >>> import torchkeras as keras
    >>> keras.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
    tensor([0.6931])
    """
    y_true, y_pred = _class_pair("categorical_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, y_pred.shape[axis])
    return -(y_true * log_probabilities(y_pred, from_logits, axis)).sum(axis)


def _class_pair(owner: str, y_true: Any, y_pred: Any) -> tuple[torch.Tensor, torch.Tensor]:
    y_true, y_pred = as_pair(y_true, y_pred)
    if y_true.shape != y_pred.shape:
        hint = (
            ""
            if owner != "categorical_crossentropy"
            else (" (class indices instead of one-hot labels need sparse_categorical_crossentropy)")
        )
        raise labels.different_shapes(owner, y_true, y_pred, hint)
    return y_true, y_pred


@loss_function("scce", "SCCE")
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> torch.Tensor:
    """`-log(p[y_true])`: `y_true` holds class indices, `(batch,)` or `(batch, 1)`.

    `ignore_class` is a label whose samples count as 0 and are masked in the mean.

    Raises:
        ValueError: for a label that is no class index, with its value and position.

    >>> import torchkeras as keras
    >>> keras.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]])
    tensor([0.6931])
    """
    owner = "sparse_categorical_crossentropy"
    y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
    if not y_pred.dtype.is_floating_point:
        y_pred = y_pred.to(torch.get_default_dtype())
    axis = axis % y_pred.ndim
    if y_true.ndim == y_pred.ndim and y_true.shape[axis] == 1:
        y_true = y_true.squeeze(axis)
    if y_true.shape != y_pred.shape[:axis] + y_pred.shape[axis + 1 :]:
        raise ValueError(
            f"{owner}: y_true must hold one class index for each row of classes in y_pred. "
            f"Received: y_true.shape={tuple(y_true.shape)}, y_pred.shape={tuple(y_pred.shape)}."
        )
    log_p = log_probabilities(y_pred, from_logits, axis).movedim(axis, -1)
    values = picked(owner, y_true.to(y_pred.device), log_p, ignore_class, "none").view(y_true.shape)
    if ignore_class is not None:
        values._keras_mask = y_true != ignore_class
    return values


def picked(
    owner: str,
    y_true: torch.Tensor,
    log_p: torch.Tensor,
    ignore_class: int | None,
    reduction: str,
) -> torch.Tensor:
    """Return minus the log probability of each true class; classes are in the last axis."""
    classes = log_p.shape[-1]
    ids = labels.class_ids(owner, y_true, classes)
    if log_p.ndim != 2:
        ids, log_p = ids.reshape(-1), log_p.reshape(-1, classes)
    skip = labels.NO_CLASS if ignore_class is None else ignore_class
    try:
        return F.nll_loss(log_p, ids, ignore_index=skip, reduction=reduction)
    except (IndexError, RuntimeError) as e:
        raise labels.bad_class(owner, y_true, classes, ignore_class) from e


@loss_function()
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> torch.Tensor:
    """Binary cross-entropy times `(1 - p_t) ** gamma`: easy samples count less.

    `apply_class_balancing` weights class 1 by `alpha` and class 0 by `1 - alpha`.
    Lin et al. 2017, https://arxiv.org/abs/1708.02002

    >>> import torchkeras as keras
    >>> keras.losses.binary_focal_crossentropy([[1.0]], [[0.5]])
    tensor([0.1733])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise labels.different_shapes("binary_focal_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 2)
    if from_logits:
        y_pred = torch.sigmoid(y_pred)
    values = elementwise_bce(y_true, y_pred, False, "none")
    p_t = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    values = torch.pow(1.0 - p_t, gamma) * values
    if apply_class_balancing:
        values = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * values
    return values.mean(axis)


@loss_function()
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> torch.Tensor:
    """`-sum(alpha * (1 - p) ** gamma * y_true * log(p))` over the classes in `axis`.

    Lin et al. 2017, https://arxiv.org/abs/1708.02002

    >>> import torchkeras as keras
    >>> keras.losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
    tensor([0.0433])
    """
    y_true, y_pred = _class_pair("categorical_focal_crossentropy", y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, y_pred.shape[axis])
    if from_logits:
        y_pred = torch.softmax(y_pred, axis)
    p = y_pred / y_pred.sum(axis, keepdim=True)
    least = config.epsilon()
    p = torch.clamp(p, least, 1.0 - least)
    return (-alpha * torch.pow(1.0 - p, gamma) * y_true * torch.log(p)).sum(axis)
