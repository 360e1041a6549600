"""Batch means of the common losses in as few kernels as torch has for them.

A training step without weights and masks needs one number, not one a sample. Each function here
gives the mean of its namesake's values for tensors of the loss's float dtype, or None if the pair
needs the general way (other shapes, broadcasting, an error to explain).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from torchkeras.losses import crossentropy as ce
from torchkeras.losses import functional as fn
from torchkeras.losses import labels

_MEAN = 1  # torch's number for reduction="mean"

BATCH_MEANS: dict[Callable, Callable[..., torch.Tensor | None]] = {}


def _of(function: Callable) -> Callable[[Callable], Callable]:
    def add(mean: Callable) -> Callable:
        BATCH_MEANS[function] = mean
        return mean

    return add


def _aligned(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor | None:
    """Return the targets in the shape and dtype of the predictions, None if they do not fit."""
    if y_true.shape != y_pred.shape:
        if y_true.ndim == y_pred.ndim - 1 and (*y_true.shape, 1) == y_pred.shape:
            y_true = y_true.unsqueeze(-1)
        elif y_true.ndim == y_pred.ndim + 1 and y_true.shape == (*y_pred.shape, 1):
            y_true = y_true.squeeze(-1)
        else:
            return None
    return y_true if y_true.dtype is y_pred.dtype else y_true.to(y_pred.dtype)


@_of(fn.mean_squared_error)
def _mse(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor | None:
    y_true = _aligned(y_true, y_pred)
    # F.mse_loss spends half its time on checks that are made above.
    return None if y_true is None else torch.ops.aten.mse_loss.default(y_pred, y_true, _MEAN)


@_of(fn.mean_absolute_error)
def _mae(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor | None:
    y_true = _aligned(y_true, y_pred)
    return None if y_true is None else (y_pred - y_true).abs().mean()


@_of(fn.huber)
def _huber(y_true: torch.Tensor, y_pred: torch.Tensor, delta: float = 1.0) -> torch.Tensor | None:
    y_true = _aligned(y_true, y_pred)
    return None if y_true is None else F.huber_loss(y_pred, y_true, "mean", delta)


@_of(ce.binary_crossentropy)
def _bce(
    y_true: torch.Tensor,
    y_pred: torch.Tensor,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> torch.Tensor | None:
    y_true = _aligned(y_true, y_pred)
    if y_true is None:
        return None
    if label_smoothing:
        y_true = ce.smooth(y_true, label_smoothing, 2)
    return ce.elementwise_bce(y_true, y_pred, from_logits, "mean")


@_of(ce.categorical_crossentropy)
def _cce(
    y_true: torch.Tensor,
    y_pred: torch.Tensor,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> torch.Tensor | None:
    if y_true.shape != y_pred.shape or y_pred.ndim < 2:
        return None
    if y_true.dtype is not y_pred.dtype:
        y_true = y_true.to(y_pred.dtype)
    if label_smoothing:
        y_true = ce.smooth(y_true, label_smoothing, y_pred.shape[axis])
    if from_logits and y_pred.ndim == 2 and axis in (-1, 1):
        return F.cross_entropy(y_pred, y_true)
    log_p = ce.log_probabilities(y_pred, from_logits, axis)
    samples = y_pred.numel() // y_pred.shape[axis]
    return torch.dot(log_p.reshape(-1), y_true.reshape(-1)) * (-1.0 / samples)


@_of(ce.sparse_categorical_crossentropy)
def _scce(
    y_true: torch.Tensor,
    y_pred: torch.Tensor,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> torch.Tensor | None:
    if axis not in (-1, y_pred.ndim - 1) or ignore_class is not None:
        return None
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true.squeeze(-1)
    if y_true.shape != y_pred.shape[:-1]:
        return None
    if from_logits and y_pred.ndim == 2 and y_true.dtype is torch.int64:
        try:
            return F.cross_entropy(y_pred, y_true, ignore_index=labels.NO_CLASS)
        except (IndexError, RuntimeError):
            return None  # the general way says which label is wrong
    log_p = ce.log_probabilities(y_pred, from_logits, -1)
    return ce.picked("sparse_categorical_crossentropy", y_true, log_p, None, "mean")
