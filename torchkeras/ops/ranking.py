"""The largest values along the last axis."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import MATH, op, to_float


@op(module=MATH)
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """Return the `k` largest values along the last axis, and their indices as int32.

    Raises:
        ValueError: if there are less than `k` values.

    >>> import torchkeras as keras
    >>> keras.ops.top_k([5, 2, 7], 2)
    (tensor([7, 5], dtype=torch.int32), tensor([2, 0], dtype=torch.int32))
    """
    x = convert_to_tensor(x)
    if not x.ndim or not 0 <= k <= x.shape[-1]:
        raise ValueError(
            "top_k: k must not be greater than the size of the last axis. "
            f"Received: k={k}, x of shape {tuple(x.shape)}."
        )
    values = x.to(torch.uint8) if x.dtype is torch.bool else x
    values, indices = torch.topk(values, k, sorted=sorted)
    return values.to(x.dtype), indices.to(torch.int32)


@op("InTopK", module=MATH, tensors=2)
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Tell whether the target class is among the `k` likeliest ones; ties count as among them.

    Args:
        targets: Class numbers `(...,)`; one out of range is never among them.
        predictions: Scores `(..., classes)`; a target whose score is not finite is not.
        k: Number of classes.

    >>> import torchkeras as keras
    >>> keras.ops.in_top_k([2, 0], [[0.1, 0.2, 0.7], [0.1, 0.2, 0.7]], 2)
    tensor([ True, False])
    """
    check.positive_int("in_top_k", "k", k)
    targets, scores = convert_to_tensor(targets).long(), to_float(predictions)
    classes = scores.shape[-1]
    if targets.shape != scores.shape[:-1]:
        raise ValueError(
            "in_top_k: there must be one target for each row of predictions. Received: targets of "
            f"shape {tuple(targets.shape)}, predictions of shape {tuple(scores.shape)}."
        )
    valid = (targets >= 0) & (targets < classes)
    own = scores.gather(-1, torch.where(valid, targets, 0).unsqueeze(-1))
    ahead = (scores > own).sum(-1)
    return valid & own.squeeze(-1).isfinite() & (ahead < k)
