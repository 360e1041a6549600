"""Pure loss functions of regression, margins, distributions and overlap: one value a sample."""

import math
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import config
from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import labels
from torchkeras.losses.recorded import loss_function
from torchkeras.losses.reduction import match_ranks

Axis = int | tuple[int, ...] | list[int] | None


def as_pair(y_true: Any, y_pred: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Return both as tensors of the predictions' float dtype, of equal rank where possible."""
    y_pred = convert_to_tensor(y_pred)
    if not y_pred.dtype.is_floating_point:
        y_pred = y_pred.to(dtypes.torch_dtype(config.floatx()))
    y_true = convert_to_tensor(y_true).to(y_pred)
    return match_ranks(y_true, y_pred)


@loss_function("mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Mean of `(y_true - y_pred) ** 2` over the last axis: `(batch, d) -> (batch,)`.

    >>> import torchkeras as keras
    >>> keras.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]])
    tensor([0.5000])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return torch.square(y_pred - y_true).mean(-1)


@loss_function("mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Mean of `|y_true - y_pred|` over the last axis: `(batch, d) -> (batch,)`.

    >>> import torchkeras as keras
    >>> keras.losses.mean_absolute_error([[0.0, 1.0]], [[1.0, 1.0]])
    tensor([0.5000])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return torch.abs(y_pred - y_true).mean(-1)


@loss_function("mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Mean of `100 * |y_true - y_pred| / max(|y_true|, epsilon)` over the last axis.

    >>> import torchkeras as keras
    >>> keras.losses.mean_absolute_percentage_error([[2.0, 1.0]], [[1.0, 1.0]])
    tensor([25.])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    size = torch.clip(torch.abs(y_true), min=config.epsilon())
    return 100.0 * torch.abs((y_true - y_pred) / size).mean(-1)


@loss_function("msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Mean of `(log(y_true + 1) - log(y_pred + 1)) ** 2` over the last axis, both kept positive.

    >>> import torchkeras as keras
    >>> keras.losses.mean_squared_logarithmic_error([[0.0]], [[0.0]])
    tensor([0.])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    least = y_pred.new_tensor(config.epsilon())
    first = torch.log(torch.maximum(y_pred, least) + 1.0)
    second = torch.log(torch.maximum(y_true, least) + 1.0)
    return torch.square(first - second).mean(-1)


@loss_function()
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> torch.Tensor:
    """Mean of `e ** 2 / 2` where `|e| <= delta`, else `delta * |e| - delta ** 2 / 2`.

    >>> import torchkeras as keras
    >>> keras.losses.huber([[0.0, 0.0]], [[1.0, 3.0]])
    tensor([1.5000])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return F.huber_loss(*torch.broadcast_tensors(y_pred, y_true), "none", delta).mean(-1)


@loss_function("logcosh")
def log_cosh(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Mean of `log(cosh(y_pred - y_true))` over the last axis.

    >>> import torchkeras as keras
    >>> keras.losses.log_cosh([[0.0]], [[0.0]])
    tensor([0.])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    x = y_pred - y_true
    return (torch.logaddexp(x, -x) - math.log(2.0)).mean(-1)


@loss_function()
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> torch.Tensor:
    """`-sum(l2_norm(y_true) * l2_norm(y_pred))` over `axis`: -1 is the same direction.

    >>> import torchkeras as keras
    >>> keras.losses.cosine_similarity([[0.0, 2.0]], [[0.0, 1.0]])
    tensor([-1.])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    least = config.epsilon()
    product = F.normalize(y_true, dim=axis, eps=least) * F.normalize(y_pred, dim=axis, eps=least)
    return -product.sum(axis)


def signed(y_true: torch.Tensor) -> torch.Tensor:
    """Turn labels 0 and 1 into -1 and 1; any other labels stay as they are."""
    binary = ((y_true == 0) | (y_true == 1)).all()
    return torch.where(binary, 2.0 * y_true - 1.0, y_true)


@loss_function()
def hinge(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Mean of `max(1 - y_true * y_pred, 0)` over the last axis; labels -1/1 or 0/1.

    >>> import torchkeras as keras
    >>> keras.losses.hinge([[-1.0, 1.0]], [[0.5, 0.5]])
    tensor([1.])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return torch.maximum(1.0 - signed(y_true) * y_pred, y_pred.new_zeros(())).mean(-1)


@loss_function()
def squared_hinge(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Mean of `max(1 - y_true * y_pred, 0) ** 2` over the last axis; labels -1/1 or 0/1.

    >>> import torchkeras as keras
    >>> keras.losses.squared_hinge([[1.0, 1.0]], [[0.0, 1.0]])
    tensor([0.5000])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    margin = torch.maximum(1.0 - signed(y_true) * y_pred, y_pred.new_zeros(()))
    return torch.square(margin).mean(-1)


@loss_function()
def categorical_hinge(y_true: Any, y_pred: Any) -> torch.Tensor:
    """`max(neg - pos + 1, 0)`, `pos = sum(y_true * y_pred)`, `neg = max((1 - y_true) * y_pred)`.

    >>> import torchkeras as keras
    >>> keras.losses.categorical_hinge([[0.0, 1.0]], [[0.5, 0.5]])
    tensor([1.])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    positive = (y_true * y_pred).sum(-1)
    negative = torch.amax((1.0 - y_true) * y_pred, -1)
    return torch.maximum(negative - positive + 1.0, y_pred.new_zeros(()))


@loss_function("kld", "KLD", "kullback_leibler_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> torch.Tensor:
    """`sum(y_true * log(y_true / y_pred))` over the last axis, both clipped to [epsilon, 1].

    >>> import torchkeras as keras
    >>> keras.losses.kl_divergence([[0.5, 0.5]], [[0.5, 0.5]])
    tensor([0.])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    y_true = torch.clip(y_true, config.epsilon(), 1.0)
    y_pred = torch.clip(y_pred, config.epsilon(), 1.0)
    return (y_true * torch.log(y_true / y_pred)).sum(-1)


@loss_function()
def poisson(y_true: Any, y_pred: Any) -> torch.Tensor:
    """Mean of `y_pred - y_true * log(y_pred + epsilon)` over the last axis.

    >>> import torchkeras as keras
    >>> keras.losses.poisson([[1.0]], [[1.0]])
    tensor([1.0000])
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return (y_pred - y_true * torch.log(y_pred + config.epsilon())).mean(-1)


def _overlap(y_true: Any, y_pred: Any, axis: Axis) -> tuple[torch.Tensor, torch.Tensor, Any]:
    y_true, y_pred = as_pair(y_true, y_pred)
    dims = tuple(range(y_pred.ndim)) if axis is None else axis
    return y_true, y_pred, tuple(dims) if isinstance(dims, list) else dims


@loss_function()
def dice(y_true: Any, y_pred: Any, axis: Axis = None) -> torch.Tensor:
    """`1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred) + epsilon)`.

    `axis=None` sums over everything; `(1, 2, 3)` gives one value an image. Where both are empty,
    the loss is 1, as in Keras.

    >>> import torchkeras as keras
    >>> keras.losses.dice([[1.0, 0.0]], [[1.0, 0.0]])
    tensor(0.)
    """
    y_true, y_pred, axis = _overlap(y_true, y_pred, axis)
    both = (y_true * y_pred).sum(axis)
    size = y_true.sum(axis) + y_pred.sum(axis)
    return 1.0 - 2.0 * both / (size + config.epsilon())


@loss_function()
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None
) -> torch.Tensor:
    """`1 - tp / (tp + alpha * fn + beta * fp + epsilon)`, all three soft counts.

    As Keras computes it: `alpha` weights what was missed, `beta` what was wrongly found.
    Salehi et al. 2017, https://arxiv.org/abs/1706.05721

    >>> import torchkeras as keras
    >>> keras.losses.tversky([[1.0, 0.0]], [[0.5, 0.5]])
    tensor(0.5000)
    """
    y_true, y_pred, axis = _overlap(y_true, y_pred, axis)
    hits = (y_true * y_pred).sum(axis)
    false_alarms = ((1.0 - y_true) * y_pred).sum(axis)
    misses = (y_true * (1.0 - y_pred)).sum(axis)
    return 1.0 - hits / (hits + alpha * misses + beta * false_alarms + config.epsilon())


def check_q(owner: str, q: float) -> None:
    """Refuse a `q` outside of (0, 1)."""
    if not 0 < q < 1:
        raise ValueError(f"{owner}: q must be a number in (0, 1). {received('q', q)}")


@loss_function()
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> torch.Tensor:
    """`(1 - p ** q) / q` of the probability `p` of the true class: robust to wrong labels.

    `y_true` holds class indices, `0 < q < 1`. Zhang and Sabuncu 2018,
    https://arxiv.org/abs/1805.07836

    >>> import torchkeras as keras
    >>> keras.losses.categorical_generalized_cross_entropy([1], [[0.0, 1.0]], q=0.5)
    tensor([0.])
    """
    owner = "categorical_generalized_cross_entropy"
    check_q(owner, q)
    y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
    ids = labels.class_ids(owner, y_true, y_pred.shape[-1])
    if ids.ndim == y_pred.ndim and ids.shape[-1] == 1:
        ids = ids.squeeze(-1)
    try:
        chosen = y_pred.gather(-1, ids.unsqueeze(-1)).squeeze(-1)
    except (IndexError, RuntimeError) as e:
        raise labels.bad_class(owner, y_true, y_pred.shape[-1]) from e
    return (1.0 - torch.pow(chosen, q)) / q
