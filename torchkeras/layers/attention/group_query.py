"""GroupQueryAttention: several query heads share the heads of keys and values."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.attention.multi_head import MultiHeadAttention


@LAYERS.register("grouped_query_attention", name="GroupQueryAttention")
class GroupedQueryAttention(MultiHeadAttention):
    """Attention in many query heads and fewer heads of keys and values.

    Args:
        head_dim: Size of a head.
        num_query_heads: Number of query heads, a multiple of `num_key_value_heads`.
        num_key_value_heads: Number of heads of keys and values; 1 for multi-query attention.
        dropout: Share of the attention that is dropped while training.
        use_bias: Whether the projections have biases.
        sliding_window: Largest distance, plus 1, of a key that a query attends to.
        flash_attention: As in `MultiHeadAttention`.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        activity_regularizer, kernel_constraint, bias_constraint: Of each projection.
        use_gate: Whether a sigmoid gate, made of the query, is multiplied to the heads' results.
        seed: Whole number for the dropout.

    Shapes: query `(batch, T, d)`, value and key `(batch, S, e)` -> `(batch, T, d)`.

    Ainslie et al., 2023, https://arxiv.org/abs/2305.13245

    >>> import torch, torchkeras as keras
    >>> x = torch.ones(1, 5, 8)
    >>> keras.layers.GroupQueryAttention(4, num_query_heads=4, num_key_value_heads=2)(x, x).shape
    torch.Size([1, 5, 8])
    """

    config_skip = frozenset(
        {"num_heads", "key_dim", "value_dim", "output_shape", "attention_axes", "flash_attention"}
    )

    # Keras has no such names here, and its files are named accordingly.
    query_dense = key_dense = value_dense = output_dense = None  # type: ignore[assignment]

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        owner = "GroupQueryAttention"
        check.positive_int(owner, "head_dim", head_dim)
        check.positive_int(owner, "num_query_heads", num_query_heads)
        check.positive_int(owner, "num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{owner}: num_query_heads must be divisible by num_key_value_heads. Received: "
                f"num_query_heads={num_query_heads}, num_key_value_heads={num_key_value_heads}."
            )
        super().__init__(
            num_query_heads,
            head_dim,
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
            **kwargs,
        )
        # Keras applies it to the result as well as to the projections.
        self.activity_regularizer = self._outputs_regularizer
        self.head_dim = head_dim
        self.num_query_heads = num_query_heads
        self.num_key_value_heads = num_key_value_heads

    def _heads_of(self, name: str) -> int:
        return self.num_key_value_heads if name in ("key", "value") else self.num_query_heads

    def _query_mask(self, query: torch.Tensor, given: Any) -> Any:
        return given

    def _shared(self, x: torch.Tensor) -> torch.Tensor:
        """Repeat each head of keys or values for the query heads that share it."""
        times = self.num_query_heads // self.num_key_value_heads
        return x if times == 1 else x.repeat_interleave(times, 1)
