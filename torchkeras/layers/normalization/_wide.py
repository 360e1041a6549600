"""Inputs of another dtype than the layer's."""

import torch


def widened(dtype: torch.dtype, *tensors: torch.Tensor | None) -> tuple[torch.Tensor | None, ...]:
    """Return tensors in the dtype to normalise inputs in that do not have the layer's `dtype`.

    It has 32 bits at least: what is too large for 16 bits is not when it is normalised.
    """
    wide = torch.promote_types(dtype, torch.float32)
    return tuple(t if t is None else t.to(wide) for t in tensors)
