"""Scaled dot-product attention in torch's fused kernel."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from torchkeras._base import config
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
            looks everywhere alike: it gets the mean of the values.
        scale: Default `1 / sqrt(d)`.
        is_causal: Whether a query sees no later position.
        flash_attention: True demands torch's flash kernel, False excludes it; None: torch chooses,
            unless `config.disable_flash_attention()` excludes it.
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
    query, scores = hide(query, key, bias, mask, is_causal)
    if attn_logits_soft_cap is not None:
        out = _capped(query, key, value, scores, scale, is_causal, attn_logits_soft_cap)
        return out.transpose(1, 2)
    out = fused_attention(
        query,
        key,
        value,
        flash_attention,
        attn_mask=scores,
        is_causal=is_causal and scores is None,
        scale=scale,
        enable_gqa=heads != shared,
    )
    return out.transpose(1, 2)


def fused_attention(
    query: Tensor, key: Tensor, value: Tensor, flash: bool | None, **options: Any
) -> Tensor:
    """Run torch's attention: with its flash kernel, without it, or as `config` says (None).

    Raises:
        ValueError: if flash attention is demanded and torch has none for the inputs.
    """
    if flash is None:
        flash = config.is_flash_attention_enabled()
        if flash is None:
            return F.scaled_dot_product_attention(query, key, value, **options)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION if flash else _NOT_FLASH):
        try:
            return F.scaled_dot_product_attention(query, key, value, **options)
        except RuntimeError as e:
            if not flash:
                raise
            raise ValueError(
                "flash_attention: torch has no flash kernel for these inputs. "
                f"{received('flash_attention', flash)}"
            ) from e


def _past(query: Tensor, key: Tensor) -> Tensor:
    shape = (query.shape[-2], key.shape[-2])
    return torch.ones(shape, dtype=torch.bool, device=query.device).tril()


def hide(
    query: Tensor, key: Tensor, bias: Any, mask: Any, is_causal: bool
) -> tuple[Tensor, Tensor | None]:
    """Return the query, and what is added to the scores; None if torch needs no help."""
    if bias is None and mask is None:
        return query, None
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
        if torch.is_grad_enabled():
            # In such a row, the kernels give gradients as many times too great as there are keys:
            # beside the lowest number, the logarithm of their count is lost. Scores of 0 are alike.
            blind = ~seen.any(-1, keepdim=True)
            query, out = query.masked_fill(blind, 0), out.masked_fill(blind, 0)
    if out.ndim < 4:
        out = out.reshape((1,) * (4 - out.ndim) + tuple(out.shape))
    return query, out


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
