"""How values, masks and sample weights become one number; losses and metrics share it."""

from typing import Any

import torch

from torchkeras._base import config

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)
MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")


def get_mask(x: Any) -> torch.Tensor | None:
    """Return the mask that a layer left on its output, or None."""
    return getattr(x, "_keras_mask", None)


def match_ranks(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Bring ranks that differ by a last dimension of 1 to the same: `(n,)` and `(n, 1)`, say.

    A vector gains the dimension, anything longer loses it.
    """
    difference = a.ndim - b.ndim
    if difference == 1 and a.shape[-1] == 1:
        return (a, b.unsqueeze(-1)) if b.ndim == 1 else (a.squeeze(-1), b)
    if difference == -1 and b.shape[-1] == 1:
        return (a.unsqueeze(-1), b) if a.ndim == 1 else (a, b.squeeze(-1))
    return a, b


def apply_mask(
    sample_weight: torch.Tensor | None,
    mask: torch.Tensor,
    dtype: torch.dtype,
    reduction: str | None,
) -> torch.Tensor:
    """Join a mask and weights to weights.

    A mean counts unmasked entries only: their weights grow by what the masked ones leave out.
    """
    weights = mask.to(dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        valid = weights.sum().clamp(min=config.epsilon())  # all may be masked
        weights = weights * (weights.numel() / valid)
    if sample_weight is None:
        return weights
    sample_weight, weights = match_ranks(sample_weight, weights)
    return _product("sample_weight", sample_weight, "mask", weights)


def _product(name_a: str, a: torch.Tensor, name_b: str, b: torch.Tensor) -> torch.Tensor:
    try:
        return a * b
    except RuntimeError as e:
        shapes = f"{name_a}.shape={tuple(a.shape)}, {name_b}.shape={tuple(b.shape)}"
        raise ValueError(
            f"{name_a} and {name_b} must have shapes that broadcast: one weight a sample of "
            f"per-step values has the shape (batch, 1). Received: {shapes}."
        ) from e


def reduce_values(values: torch.Tensor, reduction: str | None) -> torch.Tensor:
    """Reduce unweighted values: `"sum"`, a mean, or nothing."""
    if reduction in MEANS:
        return values.mean() if values.numel() else values.sum()
    return values.sum() if reduction == "sum" else values


def reduce_weighted(
    values: torch.Tensor,
    sample_weight: torch.Tensor | None,
    mask: torch.Tensor | None,
    reduction: str | None,
) -> torch.Tensor:
    """Weight, mask and reduce per-sample values.

    `"sum_over_batch_size"` and `"mean"` divide by the number of values,
    `"mean_with_sample_weight"` by the sum of the weights, unless there is one value only.
    """
    if mask is not None:
        sample_weight = apply_mask(sample_weight, mask, values.dtype, reduction)
    if sample_weight is None:
        return reduce_values(values, reduction)
    values, sample_weight = match_ranks(values, sample_weight)
    weighted = _product("values", values, "sample_weight", sample_weight)
    if reduction == "mean_with_sample_weight" and weighted.ndim:
        total = sample_weight.sum()
        return torch.where(total == 0, 0.0, weighted.sum() / torch.where(total == 0, 1.0, total))
    return reduce_values(weighted, reduction)
