"""Circle: embeddings of one class drawn together, those of others apart."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base.check import received
from torchkeras.core.registry import LOSSES
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses.base import FunctionLoss
from torchkeras.losses.recorded import loss_function

_NEVER = -1e9  # in a sum of exponentials


@loss_function()
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> torch.Tensor:
    """`log(1 + sum_n exp(gamma a_n (s_n - m)) sum_p exp(-gamma a_p (s_p - 1 + m)))`, a sample.

    `s` are the similarities to references of the same class (p) and of others (n), weighted by
    `a_p = max(1 + m - s_p, 0)` and `a_n = max(s_n + m, 0)`.

    Args:
        y_true: Labels `(batch,)` or `(batch, 1)`.
        y_pred: Embeddings `(batch, size)` of length 1.
        ref_labels: Labels of the references; default `y_true`.
        ref_embeddings: Embeddings of the references; default `y_pred`.
        remove_diagonal: Whether sample `i` has no use for reference `i`.
        gamma: Scale.
        margin: `m` above.

    Raises:
        ValueError: for embeddings that are no matrix.

    Sun et al. 2020, https://arxiv.org/abs/2002.10857

    >>> import torchkeras as keras
    >>> keras.losses.circle([0, 0], [[1.0, 0.0], [1.0, 0.0]])
    tensor([0., 0.])
    """
    embeddings = convert_to_tensor(y_pred)
    if embeddings.ndim != 2:
        raise ValueError(
            "circle: y_pred must have the shape (batch, size). "
            f"{received('y_pred.shape', tuple(embeddings.shape))}"
        )
    own = convert_to_tensor(y_true).reshape(-1)
    references = embeddings if ref_embeddings is None else convert_to_tensor(ref_embeddings)
    theirs = own if ref_labels is None else convert_to_tensor(ref_labels).reshape(-1)
    if len(own) != len(embeddings) or len(theirs) != len(references):
        raise ValueError(
            "circle: there must be a label for each embedding. Received: "
            f"{len(own)} and {len(theirs)} labels, {len(embeddings)} and {len(references)} "
            "embeddings."
        )
    similarity = embeddings @ references.to(embeddings.dtype).mT
    same = own[:, None] == theirs[None]
    others = ~same
    if remove_diagonal:
        same = same & ~torch.eye(*same.shape, dtype=torch.bool, device=same.device)
    near = -gamma * F.relu(1 + margin - similarity) * (similarity - (1 - margin))
    far = gamma * F.relu(similarity + margin) * (similarity - margin)
    values = F.softplus(
        torch.logsumexp(near.masked_fill(~same, _NEVER), 1)
        + torch.logsumexp(far.masked_fill(~others, _NEVER), 1)
    )
    # A sample without another one of its class says nothing, and counts in no mean.
    values._keras_mask = same.any(1)  # type: ignore[attr-defined]
    return values


@LOSSES.register()
class Circle(FunctionLoss):
    """Draws embeddings of one class together and pushes those of others away; see `circle`.

    The model ends in `UnitNormalization`; targets are integer labels.

    Args:
        gamma: Scale.
        margin: Below this distance others are pushed harder, and the same class less.
        remove_diagonal: Whether a sample is not compared with itself.
        reduction: See `Loss`.
        name: Default `"circle"`.
        dtype: See `Loss`.

    Sun et al. 2020, https://arxiv.org/abs/2002.10857

    >>> import torchkeras as keras
    >>> keras.losses.Circle()([0, 0], [[1.0, 0.0], [1.0, 0.0]])
    tensor(0.)
    """

    casts_targets = False

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            circle,
            reduction,
            name,
            dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
