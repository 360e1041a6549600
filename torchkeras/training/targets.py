"""Checks of targets against outputs, made once before anything is trained."""

from typing import Any

import numpy as np
import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import crossentropy as ce
from torchkeras.losses import functional as fn
from torchkeras.losses import labels
from torchkeras.losses.base import FunctionLoss

# Losses that would broadcast targets of another shape in silence.
ENTRYWISE = {
    fn.mean_squared_error, fn.mean_absolute_error, fn.mean_absolute_percentage_error,
    fn.mean_squared_logarithmic_error, fn.huber, fn.log_cosh, fn.cosine_similarity, fn.hinge,
    fn.squared_hinge, fn.categorical_hinge, fn.kl_divergence, fn.poisson, fn.dice, fn.tversky,
    ce.binary_crossentropy, ce.binary_focal_crossentropy, ce.categorical_crossentropy,
    ce.categorical_focal_crossentropy,
}  # fmt: skip
_BINARY = {ce.binary_crossentropy, ce.binary_focal_crossentropy}
_CHUNK = 1 << 20  # labels looked at in one go: memory stays flat for any size of data

Shape = tuple[int | None, ...]


def check_shapes(loss: Any, y_true: Shape, y_pred: Shape, where: str) -> None:
    """Refuse targets whose shape a loss would broadcast, or not take; None is any size.

    Raises:
        ValueError: with both shapes.
    """
    function = getattr(loss, "fn", None)
    if function in ENTRYWISE:
        fits = _same(y_true, y_pred) or _same((*y_true, 1), y_pred) or _same(y_true, (*y_pred, 1))
        accepted = "the same shape"
    elif function is ce.sparse_categorical_crossentropy and _axis(loss) in (-1, len(y_pred) - 1):
        rows = y_pred[:-1]
        fits = _same(y_true, rows) or _same(y_true, (*rows, 1))
        accepted = "one class index a row of classes, so the same leading axes"
    else:
        return
    if not fits:
        hint = ""
        if function is ce.categorical_crossentropy and len(y_true) <= len(y_pred):
            hint = "; class indices need loss='sparse_categorical_crossentropy'"
        raise ValueError(
            f"{loss.name}: targets{where} must have {accepted} as the outputs{hint}. Received: "
            f"y_true.shape={y_true}, y_pred.shape={y_pred}."
        )


def _axis(loss: Any) -> int:
    return getattr(loss, "axis", -1)  # a bare function is called with its defaults


def _same(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and all(
        x == y or x is None or y is None for x, y in zip(a, b, strict=True)
    )


def check_labels(loss: Any, y_true: Any, y_pred_shape: Shape) -> None:
    """Refuse labels that are no class index, or no probability, wherever they are in the data.

    Raises:
        ValueError: with value, position and the allowed range.
    """
    if not isinstance(loss, FunctionLoss) or not isinstance(y_true, (np.ndarray, torch.Tensor)):
        return
    sparse = loss.fn is ce.sparse_categorical_crossentropy
    classes = y_pred_shape[_axis(loss)] if sparse else None
    if (classes is None and loss.fn not in _BINARY) or y_true.ndim == 0:
        return
    ignored = getattr(loss, "ignore_class", None)
    rows = max(1, _CHUNK // max(1, int(np.prod(y_true.shape[1:], dtype=np.int64))))
    for start in range(0, len(y_true), rows):
        part = convert_to_tensor(y_true[start : start + rows])
        if sparse:
            if bool(labels.no_class(part, classes, ignored).any()):
                raise labels.bad_class(loss.name, part, classes, ignored, start)
        elif bool(labels.no_probability(part).any()):
            raise labels.bad_probability(loss.name, part, start)
