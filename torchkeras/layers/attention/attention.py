"""Attention and AdditiveAttention: one head, no projections."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.layer import Layer
from torchkeras.ops.attention import fused_attention
from torchkeras.random import SeedGenerator, dropout


@LAYERS.register()
class Attention(Layer):
    """Weights values by how well a query fits their keys: `softmax(q @ k.T) @ v`.

    Called on `[query, value]` or `[query, value, key]`; `mask` is `[query_mask, value_mask]`.

    Args:
        use_scale: Whether a learned number is multiplied to the scores.
        score_mode: `"dot"`, or `"concat"` for `w * sum(tanh(q + k))` with a learned `w`.
        dropout: Share of the attention that is dropped while training.
        seed: Whole number for the dropout.

    Shapes: `(batch, T, d)`, `(batch, S, e)`, `(batch, S, d)` -> `(batch, T, e)`; with
    `return_attention_scores` also `(batch, T, S)`.

    Luong et al., 2015, https://arxiv.org/abs/1508.04025

    >>> import torch, torchkeras as keras
    >>> keras.layers.Attention()([torch.ones(1, 2, 3), torch.ones(1, 4, 3)]).shape
    torch.Size([1, 2, 3])
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.use_scale = use_scale
        self.score_mode = check.one_of(owner, "score_mode", score_mode, ("dot", "concat"))
        self.dropout = check.fraction(owner, "dropout", dropout)
        self.seed = seed
        if dropout > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Create the learned factors."""
        self._check(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                name="concat_score_weight", shape=(), initializer="ones"
            )

    def _check(self, inputs: Any, mask: Any = None) -> None:
        owner = type(self).__name__
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise ValueError(
                f"{owner} must be called on a list [query, value] or [query, value, key]. "
                f"{received('inputs', inputs)}"
            )
        if isinstance(inputs[0], (int, type(None))):
            raise ValueError(f"{owner} must be called on a list. {received('input_shape', inputs)}")
        if mask is not None and (
            not isinstance(mask, (list, tuple)) or not 2 <= len(mask) <= len(inputs)
        ):
            raise ValueError(
                f"{owner}: mask must be a list [query_mask, value_mask]. {received('mask', mask)}"
            )

    def _calculate_scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        if self.score_mode == "dot":
            scores = torch.matmul(query, key.transpose(-1, -2))
            return scores if self.scale is None else scores * self.scale
        both = query.unsqueeze(-2) + key.unsqueeze(-3)
        if self.scale is not None:
            both = both * self.scale
        return self.concat_score_weight * torch.tanh(both).sum(-1)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attend; True in a mask shows a position, False hides it."""
        self._check(inputs, mask)
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (None, None) if mask is None else mask[:2]
        bias = self._bias(query, key, value_mask, use_causal_mask)
        rate = self.dropout if training else 0.0
        scores = None
        if self.score_mode == "dot" and not return_attention_scores and not rate:
            if self.scale is not None:
                query = query * self.scale
            out = fused_attention(query, key, value, None, attn_mask=bias, scale=1.0)
        else:
            scores = self._calculate_scores(query, key)
            scores = F.softmax(scores if bias is None else scores + bias, -1)
            if rate:
                scores = dropout(scores, rate, seed=self.seed and self.seed_generator)
            out = torch.matmul(scores, value)
        if query_mask is not None:
            out = out * query_mask.unsqueeze(-1).to(out.dtype)
        return (out, scores) if return_attention_scores else out

    def _bias(self, query: Any, key: Any, value_mask: Any, causal: bool) -> Any:
        """Return what is added to the scores: a great negative number at what is hidden."""
        seen = None if value_mask is None else value_mask.bool().unsqueeze(-2)
        if causal:
            shape = (1, query.shape[-2], key.shape[-2])
            past = torch.ones(shape, dtype=torch.bool, device=query.device).tril()
            seen = past if seen is None else seen & past
        if seen is None:
            return None
        low = -3e4 if query.dtype is torch.float16 else -1e9
        return torch.zeros(seen.shape, dtype=query.dtype, device=query.device).masked_fill_(
            ~seen, low
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the query's mask."""
        self._check(inputs, mask)
        if mask is None or mask[0] is None:
            return None
        return convert_to_tensor(mask[0])

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return the query's shape with the value's size."""
        self._check(input_shape)
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the symbolic output, and the scores if they are asked for."""
        self._check(inputs, mask)
        shapes = [tuple(x.shape) for x in inputs]
        out = KerasTensor(self.compute_output_shape(shapes), self.compute_dtype)
        if not return_attention_scores:
            return out
        return out, KerasTensor((*shapes[0][:-1], shapes[1][-2]), self.compute_dtype)


@LAYERS.register()
class AdditiveAttention(Attention):
    """Attention by a sum: `softmax(sum(scale * tanh(q + k))) @ v`.

    Called on `[query, value]` or `[query, value, key]`; `mask` is `[query_mask, value_mask]`.

    Args:
        use_scale: Whether the sum has a learned factor for each feature.
        dropout: Share of the attention that is dropped while training.

    Shapes: `(batch, T, d)`, `(batch, S, e)`, `(batch, S, d)` -> `(batch, T, e)`.

    Bahdanau et al., 2014, https://arxiv.org/abs/1409.0473

    >>> import torch, torchkeras as keras
    >>> keras.layers.AdditiveAttention()([torch.ones(1, 2, 3), torch.ones(1, 4, 3)]).shape
    torch.Size([1, 2, 3])
    """

    config_skip = frozenset({"score_mode"})

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)
        self.score_mode = "additive"

    def build(self, input_shape: Any) -> None:
        """Create the factors."""
        self._check(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(
                name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform"
            )

    def _calculate_scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        both = torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))
        return both.sum(-1) if self.scale is None else torch.matmul(both, self.scale)
