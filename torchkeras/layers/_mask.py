"""Masks travel on the tensors themselves, as the attribute `_keras_mask`."""

from typing import Any

import torch

from torchkeras.core import nest


def get_mask(x: Any) -> Any:
    """Return the mask of a tensor, or None."""
    return getattr(x, "_keras_mask", None)


def get_masks(x: Any) -> Any:
    """Return the masks of a structure of tensors, or None if there is none at all."""
    if not nest.is_nested(x):
        return get_mask(x)
    masks = nest.map_structure(get_mask, x)
    return masks if any(m is not None for m in nest.flatten(masks)) else None


def set_masks(outputs: Any, masks: Any) -> None:
    """Put masks on the outputs, where they have none yet."""
    flat = nest.flatten(outputs)
    if masks is None or all(get_mask(x) is not None for x in flat):
        return
    for x, mask in zip(flat, nest.flatten(masks), strict=False):
        if isinstance(x, torch.Tensor):
            x._keras_mask = mask  # type: ignore[attr-defined]
