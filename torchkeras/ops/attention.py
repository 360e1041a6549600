"""Scaled dot-product attention in torch's fused kernel."""

import contextlib
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from torchkeras._base.check import received
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import NN, op, promote, to_float

Tensor = torch.Tensor
_NOT_FLASH = [SDPBackend.MATH, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.CUDNN_ATTENTION]


@op(module=NN, tensors=3, named=("bias", "mask", "scale"))
def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None,
    scale: float | None = None, is_causal: bool = False, flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:  # fmt: skip
    """Return `softmax(query @ key.T * scale + bias) @ value` for each head.

    Args:
        query: `(batch, T, heads, d)`.
        key, value: `(batch, S, key_heads, d)`; `key_heads` divides `heads`.
        bias: Added to the scores; broadcasts to `(batch, heads, T, S)`.
        mask: True where a query may look; broadcasts likewise. A query that may look nowhere
            looks everywhere.
        scale: Default `1 / sqrt(d)`.
        is_causal: Whether a query sees no later position.
        flash_attention: True demands torch's flash kernel, False excludes it; None leaves it open.
        attn_logits_soft_cap: Scores become `cap * tanh(score / cap)`.

    Raises:
        ValueError: for other ranks, heads that do not divide, or if there is no flash kernel.

    Vaswani et al., 2017, https://arxiv.org/abs/1706.03762

    >>> import torch, torchkeras as keras
    >>> x = torch.ones(2, 5, 4, 8)
    >>> keras.ops.dot_product_attention(x, x, x, is_causal=True).shape
    torch.Size([2, 5, 4, 8])
    """
    query, key, value = promote(*(to_float(t) for t in (query, key, value)))
    if not query.ndim == key.ndim == value.ndim == 4:
        raise ValueError(
            "dot_product_attention: query, key and value must have the shape (batch, length, "
            f"heads, size). Received: shapes {tuple(query.shape)}, {tuple(key.shape)}, "
            f"{tuple(value.shape)}."
        )
    heads, shared = query.shape[2], key.shape[2]
    if not shared or heads % shared or value.shape[2] != shared:
        raise ValueError(
            "dot_product_attention: key and value must have one number of heads, which divides "
            f"the query's. Received: {heads}, {shared} and {value.shape[2]} heads."
        )
    query, key, value = (t.transpose(1, 2) for t in (query, key, value))
    scores = _added(query, key, bias, mask, is_causal)
    if attn_logits_soft_cap is not None:
        out = _capped(query, key, value, scores, scale, is_causal, attn_logits_soft_cap)
        return out.transpose(1, 2)
    with _kernel(flash_attention):
        try:
            out = F.scaled_dot_product_attention(
                query,
                key,
                value,
                attn_mask=scores,
                is_causal=is_causal and scores is None,
                scale=scale,
                enable_gqa=heads != shared,
            )
        except RuntimeError as e:
            if not flash_attention:
                raise
            raise ValueError(
                "dot_product_attention: torch has no flash attention for these inputs. "
                f"{received('flash_attention', flash_attention)}"
            ) from e
    return out.transpose(1, 2)


def _kernel(flash_attention: bool | None) -> Any:
    if flash_attention is None:
        return contextlib.nullcontext()
    return sdpa_kernel(SDPBackend.FLASH_ATTENTION if flash_attention else _NOT_FLASH)


def _past(query: Tensor, key: Tensor) -> Tensor:
    shape = (query.shape[-2], key.shape[-2])
    return torch.ones(shape, dtype=torch.bool, device=query.device).tril()


def _added(query: Tensor, key: Tensor, bias: Any, mask: Any, is_causal: bool) -> Tensor | None:
    """Return what is added to the scores; None if torch needs no help."""
    if bias is None and mask is None:
        return None
    seen = None if mask is None else convert_to_tensor(mask).bool()
    if is_causal:
        seen = _past(query, key) if seen is None else seen & _past(query, key)
    out = None if bias is None else convert_to_tensor(bias).to(query.dtype)
    if seen is not None:
        # The lowest number, not minus infinity, which makes a row without an open place NaN.
        low = torch.finfo(query.dtype).min
        hidden = torch.zeros(seen.shape, dtype=query.dtype, device=query.device)
        hidden = hidden.masked_fill(~seen, low)
        out = hidden if out is None else torch.where(seen, out, low)
    return out.reshape((1,) * (4 - out.ndim) + tuple(out.shape)) if out.ndim < 4 else out


def _capped(
    query: Tensor, key: Tensor, value: Tensor, added: Tensor | None, scale: float | None,
    is_causal: bool, cap: float,
) -> Tensor:  # fmt: skip
    groups = query.shape[1] // key.shape[1]
    key, value = (t.repeat_interleave(groups, 1) if groups > 1 else t for t in (key, value))
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = cap * torch.tanh(torch.matmul(query, key.transpose(-1, -2)) * (scale / cap))
    if added is not None:
        scores = scores + added
    elif is_causal:
        scores = scores.masked_fill(~_past(query, key), torch.finfo(scores.dtype).min)
    return torch.matmul(torch.softmax(scores, -1), value)
