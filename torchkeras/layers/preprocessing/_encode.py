"""Indices as vectors: one-hot, multi-hot and counts."""

import torch


def encoded_shape(shape: tuple[int | None, ...], mode: str, depth: int) -> tuple[int | None, ...]:
    """Return the shape of `encode`'s result for the shape of its indices."""
    if mode == "int":
        return tuple(shape)
    if mode == "one_hot":
        kept = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
        return (*(kept or (1,)), depth)
    return (*shape[:1], *shape[2:], depth) if len(shape) > 1 else (depth,)


def encode(
    indices: torch.Tensor,
    mode: str,
    depth: int,
    dtype: torch.dtype,
    weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Turn indices into vectors of `depth` entries, as Keras's categorical layers do.

    One-hot takes the place of a last axis of size 1, and else is a new one. The other modes add
    up over axis 1, or over all that there is of a single sample. Negative indices count for none.

    Args:
        indices: Integers below `depth`.
        mode: `"one_hot"`, `"multi_hot"` or `"count"`.
        depth: Size of the vectors.
        dtype: Dtype of the result.
        weights: For `"count"`: what each index counts, in the shape of the indices.
    """
    shape = encoded_shape(tuple(indices.shape), mode, depth)
    indices = indices.long()
    if mode == "one_hot":
        indices = indices.reshape(*shape[:-1], 1)
        return torch.zeros(shape, dtype=dtype, device=indices.device).scatter_(
            -1, *_present(indices, torch.ones((), dtype=dtype, device=indices.device))
        )
    weights = torch.ones((), device=indices.device) if weights is None else weights
    weights = weights.to(dtype)
    if indices.ndim > 1:
        indices = indices.movedim(1, -1)
        weights = weights.movedim(1, -1) if weights.ndim > 1 else weights
    else:
        indices, weights = indices.reshape(-1), weights.reshape(-1) if weights.ndim else weights
    counts = torch.zeros(shape, dtype=dtype, device=indices.device)
    counts.scatter_add_(-1, *_present(indices, weights))
    return counts if mode == "count" else (counts > 0).to(dtype)


def _present(indices: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Give negative indices the weight 0, at a place that exists."""
    present = indices >= 0
    return indices.clamp_min(0), torch.where(present, weights, 0).expand(indices.shape)


def check_range(owner: str, indices: torch.Tensor, depth: int) -> None:
    """Refuse indices that have no place in a vector of `depth` entries.

    Raises:
        ValueError: if an index is `depth` or more.
    """
    if indices.is_meta or torch.compiler.is_compiling() or not indices.numel():
        return
    largest = int(indices.max())
    if largest >= depth:
        raise ValueError(
            f"{owner}: inputs must be integers in 0 <= value < num_tokens={depth}. "
            f"Received: an input of {largest}."
        )
