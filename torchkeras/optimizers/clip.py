"""Clipping of gradients, on lists; nothing is read back from the device."""

from collections.abc import Sequence

import torch


def _norms(grads: Sequence[torch.Tensor]) -> torch.Tensor:
    # The squares of half-precision gradients would overflow.
    wide = None if any(g.dtype is torch.float64 for g in grads) else torch.float32
    norms = torch._foreach_norm(grads, 2, dtype=wide)
    return torch.stack([n.to(norms[0]) for n in norms])


def clip_by_norm(grads: Sequence[torch.Tensor], limit: float) -> list[torch.Tensor]:
    """Scale down each gradient whose L2 norm is above `limit`.

    >>> clip_by_norm([torch.tensor([3.0, 4.0])], 1.0)
    (tensor([0.6000, 0.8000]),)
    """
    scales = limit / _norms(grads).clamp_(min=limit)
    return torch._foreach_mul(grads, [s.to(g.device) for s, g in zip(scales, grads, strict=True)])


def clip_by_global_norm(grads: Sequence[torch.Tensor], limit: float) -> list[torch.Tensor]:
    """Scale all gradients by one factor, so that the norm of all together is at most `limit`.

    A norm that is not finite makes all gradients NaN, as in Keras.

    >>> clip_by_global_norm([torch.tensor([3.0]), torch.tensor([4.0])], 1.0)
    (tensor([0.6000]), tensor([0.8000]))
    """
    norm = torch.linalg.vector_norm(_norms(grads))
    scale = limit / norm.clamp(min=limit) + (norm - norm)
    if all(g.device == scale.device for g in grads):
        return torch._foreach_mul(grads, scale)
    return [g * scale.to(g.device) for g in grads]


def clip_by_value(grads: Sequence[torch.Tensor], limit: float) -> list[torch.Tensor]:
    """Limit each entry to [-limit, limit].

    >>> clip_by_value([torch.tensor([-3.0, 0.5])], 1.0)
    (tensor([-1.0000,  0.5000]),)
    """
    clipped = torch._foreach_clamp_min(grads, -limit)
    torch._foreach_clamp_max_(clipped, limit)
    return clipped
