"""MultiHeadAttention, on torch's fused kernel."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers._mask import get_mask
from torchkeras.layers.activation.advanced import Softmax, masked_softmax
from torchkeras.layers.adapters.quantized import policies_within
from torchkeras.layers.core.einsum_dense import EinsumDense
from torchkeras.layers.layer import Layer
from torchkeras.layers.regularization.dropout import Dropout
from torchkeras.ops.attention import fused_attention, hide

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _project_in(rank: int) -> tuple[str, str]:
    """Return equation and bias axes of `(batch, ..., d) -> (batch, ..., heads, size)`."""
    free, d, heads = _LETTERS[: rank - 1], _LETTERS[rank - 1], _LETTERS[rank : rank + 2]
    return f"{free}{d},{d}{heads}->{free}{heads}", heads


def _project_out(rank: int, out: int) -> tuple[str, str]:
    """Return equation and bias axes of `(batch, ..., heads, size) -> (batch, ..., *out)`."""
    free, heads = _LETTERS[: rank - 1], _LETTERS[rank - 1 : rank + 1]
    result = _LETTERS[rank + 1 : rank + 1 + out]
    return f"{free}{heads},{heads}{result}->{free}{result}", result


@LAYERS.register()
class MultiHeadAttention(Layer):
    """Attention of queries to keys and values, in several heads side by side.

    `softmax(q @ k.T / sqrt(key_dim)) @ v` in each head; the heads' results are projected together.

    Args:
        num_heads: Number of heads.
        key_dim: Size of a head's queries and keys.
        value_dim: Size of a head's values; default `key_dim`.
        dropout: Share of the attention that is dropped while training.
        use_bias: Whether the projections have biases.
        output_shape: Sizes of the output's last axes; default those of the query.
        attention_axes: Axes that attention goes over; default all but the batch and the features.
        sliding_window: Largest distance, plus 1, of a key that a query attends to.
        flash_attention: True demands torch's flash kernel, False excludes it; None: torch chooses,
            unless `config.disable_flash_attention()` excludes it.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        activity_regularizer, kernel_constraint, bias_constraint: Of each projection.
        use_gate: Whether a sigmoid gate, made of the query, is multiplied to the heads' results.
        seed: Whole number for the dropout.

    Shapes: query `(batch, T, d)`, value and key `(batch, S, e)` -> `(batch, T, d)`; with
    `return_attention_scores` also `(batch, heads, T, S)`.

    Vaswani et al., 2017, https://arxiv.org/abs/1706.03762

    >>> import torch, torchkeras as keras
    >>> x = torch.ones(1, 5, 8)
    >>> keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
    torch.Size([1, 5, 8])
    """

    config_skip = frozenset({"flash_attention"})
    writes_absent_regularizer = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
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
        super().__init__(**kwargs)
        self.supports_masking = True
        self.num_heads = check.positive_int("MultiHeadAttention", "num_heads", num_heads)
        self.key_dim = check.positive_int("MultiHeadAttention", "key_dim", key_dim)
        if value_dim is not None:
            check.positive_int("MultiHeadAttention", "value_dim", value_dim)
        self.value_dim = key_dim if value_dim is None else value_dim
        self.dropout = check.fraction("MultiHeadAttention", "dropout", dropout)
        self.use_bias = use_bias
        if isinstance(output_shape, int):
            output_shape = (output_shape,)
        elif output_shape is not None and not isinstance(output_shape, (list, tuple)):
            raise ValueError(
                "MultiHeadAttention: output_shape must be an integer, a tuple of them or None. "
                f"{received('output_shape', output_shape)}"
            )
        self.output_size = None if output_shape is None else tuple(output_shape)
        if isinstance(attention_axes, int):
            attention_axes = (attention_axes,)
        elif attention_axes is not None and not isinstance(attention_axes, (list, tuple)):
            raise ValueError(
                "MultiHeadAttention: attention_axes must be an integer, a list of them or None. "
                f"{received('attention_axes', attention_axes)}"
            )
        self.attention_axes = None if attention_axes is None else tuple(attention_axes)
        if sliding_window is not None:
            check.positive_int("MultiHeadAttention", "sliding_window", sliding_window)
        self.sliding_window = sliding_window
        if flash_attention and self.dropout:
            raise ValueError(
                "MultiHeadAttention: flash_attention=True needs dropout=0. "
                f"{received('dropout', dropout)}"
            )
        self.flash_attention = flash_attention
        self.use_gate = use_gate
        self.seed = seed
        # Each projection gets initializers of its own, made of the same config.
        template = EinsumDense(
            "ab,bc->ac",
            1,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            activity_regularizer=activity_regularizer,
            name=f"{self.name}_template",
        )
        self.__dict__["_common"] = {n: getattr(template, n) for n in _SHARED}
        for n in _SHARED:
            self.__dict__[n] = getattr(template, n)
        self.activity_regularizer = None
        self.__dict__["_outputs_regularizer"] = template.activity_regularizer

    def _config_overrides(self) -> dict[str, Any]:
        return {
            **super()._config_overrides(),
            "output_shape": self.output_size,
            "activity_regularizer": self._outputs_regularizer,
            "dtype": policies_within(self),
        }

    def _dense(self, rank: int, size: int, name: str) -> EinsumDense:
        equation, bias_axes = _project_in(rank)
        shape = (*(None,) * (rank - 2), self._heads_of(name), size)
        return self._make(equation, shape, bias_axes, name)

    def _heads_of(self, name: str) -> int:
        return self.num_heads

    def _shared(self, x: torch.Tensor) -> torch.Tensor:
        """Return keys or values with as many heads as the queries."""
        return x

    def _make(self, equation: str, shape: Any, bias_axes: str, name: str) -> EinsumDense:
        common = {}
        for n, value in self._common.items():
            # An initializer without a seed would give all projections the same first values.
            clone = hasattr(value, "from_config") and n.endswith("initializer")
            common[n] = type(value).from_config(value.get_config()) if clone else value
        dense = EinsumDense(
            equation,
            shape,
            bias_axes=bias_axes if self.use_bias else None,
            name=name,
            dtype=self.dtype_policy,
            activity_regularizer=self._outputs_regularizer,
            **common,
        )
        dense.supports_masking = True  # its input's mask is this layer's business
        return dense

    @property
    def query_dense(self) -> EinsumDense:
        """Projection of the query."""
        return self._query_dense

    @property
    def key_dense(self) -> EinsumDense:
        """Projection of the key."""
        return self._key_dense

    @property
    def value_dense(self) -> EinsumDense:
        """Projection of the value."""
        return self._value_dense

    @property
    def output_dense(self) -> EinsumDense:
        """Projection of the heads' outputs."""
        return self._output_dense

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Create the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        if value_shape[1:-1] != key_shape[1:-1]:
            raise ValueError(
                "MultiHeadAttention: value and key must have equal axes but for the last. "
                f"Received: value_shape={value_shape}, key_shape={key_shape}."
            )
        rank = len(query_shape)
        if self.attention_axes is None:
            self.attention_axes = tuple(range(1, rank - 1))
        else:
            self.attention_axes = tuple(a % rank for a in self.attention_axes)
        self._query_dense = self._dense(rank, self.key_dim, "query")
        self._query_dense.build(query_shape)
        self._key_dense = self._dense(len(key_shape), self.key_dim, "key")
        self._key_dense.build(key_shape)
        self._gate_dense = None
        if self.use_gate:
            self._gate_dense = self._dense(rank, self.value_dim, "gate")
            self._gate_dense._activation = torch.sigmoid
            self._gate_dense.build(query_shape)
        self._value_dense = self._dense(len(value_shape), self.value_dim, "value")
        self._value_dense.build(value_shape)
        n = len(self.attention_axes)
        self._softmax = Softmax(axis=-1 if n == 1 else list(range(-n, 0)), dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)
        out = self.output_size or (query_shape[-1],)
        equation, bias_axes = _project_out(rank, len(out))
        shape = (*(None,) * (rank - 2), *out)
        self._output_dense = self._make(equation, shape, bias_axes, "attention_output")
        self._output_dense.build((*query_shape[:-1], self.num_heads, self.value_dim))
        self._scale = self.key_dim**-0.5

    def call(
        self,
        query: torch.Tensor,
        value: torch.Tensor,
        key: torch.Tensor | None = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attend; True in a mask shows a position, False hides it.

        A query that sees nothing gets 0; or as in Keras, if no scores are asked for, the query has
        three axes and there is no dropout, the mean of all values.
        """
        key = value if key is None else key
        query_mask = self._query_mask(query, query_mask)
        mask = self._mask(
            query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask
        )
        if key is value is query and not torch.is_grad_enabled():
            q, k, v = self._project_at_once(query)
        else:
            q, k, v = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        if not q.dtype is k.dtype is v.dtype:  # a map of policies has them differ
            dtype = torch.promote_types(torch.promote_types(q.dtype, k.dtype), v.dtype)
            q, k, v = q.to(dtype), k.to(dtype), v.to(dtype)
        asked = {"return_attention_scores": True} if return_attention_scores else {}
        out, scores = self._compute_attention(
            q, k, v, attention_mask=mask, training=training, **asked
        )
        if self._gate_dense is not None:
            out = out * self._gate_dense(query)
        out = self._output_dense(out)
        return (out, scores) if return_attention_scores else out

    def _compute_attention(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Attend with projected tensors of the shape `(batch, ..., heads, size)`.

        Subclasses, those of keras_hub among them, call it or replace it; `call` has the causal
        mask in `attention_mask`.
        """
        mask, rank = attention_mask, query.ndim
        if use_causal_mask:
            past = self._near(query, value, causal=True)
            mask = past if mask is None else mask.bool() & past
        # (batch, ..., heads, positions, size): attention goes over the last axis but one.
        axes = self.attention_axes
        sizes = [query.shape[a] for a in axes], [key.shape[a] for a in axes]
        q, k, v = (
            self._heads_out(query),
            self._shared(self._heads_out(key)),
            self._shared(self._heads_out(value)),
        )
        if mask is not None:
            mask = self._fit_mask(mask, q.ndim - 2 + 2 * len(axes), sizes)
        rate = self.dropout if training else 0.0
        if return_attention_scores and self.flash_attention:
            raise ValueError(
                "MultiHeadAttention: flash attention has no scores to return. "
                "Received: return_attention_scores=True, flash_attention=True."
            )
        if not return_attention_scores and (rate == 0.0 or self.seed is None):
            if mask is not None and not self.dropout and rank == 4:
                q, mask = hide(q, k, None, mask, False)
            out = fused_attention(
                q, k, v, self.flash_attention, attn_mask=mask, dropout_p=rate, scale=self._scale
            )
            return self._heads_back(out, sizes[0]), None
        scores = torch.matmul(q * self._scale, k.transpose(-1, -2))
        scores = F.softmax(scores, -1) if mask is None else masked_softmax(scores, mask)
        out = torch.matmul(self._dropout_layer(scores, training=training), v)
        scores = scores.view(*scores.shape[:-2], *sizes[0], *sizes[1])
        return self._heads_back(out, sizes[0]), scores

    def _project_at_once(self, x: torch.Tensor) -> Any:
        """Project for self-attention in one matrix product, which is quicker in inference.

        While training it is not: the gradients of three kernels must be cut from one again.
        """
        layers = self._query_dense, self._key_dense, self._value_dense
        # An adapter computes by itself.
        plain = self.use_bias and all(d._fast and "call" not in d.__dict__ for d in layers)
        if not plain or x.dtype is not layers[0]._torch_dtype:
            return [d(x) for d in layers]
        d = x.shape[-1]
        kernel = torch.cat([layer.kernel.reshape(d, -1) for layer in layers], 1)
        bias = torch.cat([layer.bias.reshape(-1) for layer in layers])
        joined = torch.addmm(bias, x.reshape(-1, d), kernel)
        parts = joined.split([layer.bias.numel() for layer in layers], 1)
        return [
            part.view(*x.shape[:-1], *layer.bias.shape)
            for part, layer in zip(parts, layers, strict=True)
        ]

    def _heads_out(self, x: torch.Tensor) -> torch.Tensor:
        """Move `(batch, ..., heads, size)` to `(batch, other..., heads, positions, size)`."""
        axes = self.attention_axes
        if len(axes) == 1 and x.ndim == 4:
            return x.transpose(1, 2)
        n = len(axes)
        return x.movedim(axes, list(range(-n - 1, -1))).flatten(-n - 1, -2)

    def _heads_back(self, x: torch.Tensor, sizes: list[int]) -> torch.Tensor:
        axes = self.attention_axes
        if len(axes) == 1 and x.ndim == 4:
            return x.transpose(1, 2)
        n = len(axes)
        return x.unflatten(-2, sizes).movedim(list(range(-n - 1, -1)), axes)

    def _query_mask(self, query: torch.Tensor, given: Any) -> Any:
        """Return the mask of the query: that which it carries, as Keras."""
        return get_mask(query)

    def _mask(
        self, query: Any, value: Any, query_mask: Any, value_mask: Any, key_mask: Any,
        attention_mask: Any, causal: bool,
    ) -> Any:  # fmt: skip
        """Join all masks into one of `(batch, T, S)`; None if there is none."""
        parts = []
        if query_mask is not None:
            parts.append(query_mask.bool().unsqueeze(-1))
        if value_mask is not None:
            parts.append(value_mask.bool().unsqueeze(-2))
        if key_mask is not None:
            parts.append(key_mask.bool().unsqueeze(-2))
        if causal or self.sliding_window is not None:
            parts.append(self._near(query, value, causal))
        if attention_mask is not None:
            parts.append(torch.as_tensor(attention_mask, device=query.device).bool())
        out = parts[0] if parts else None
        for part in parts[1:]:
            out = out & part
        return out

    def _near(self, query: torch.Tensor, value: torch.Tensor, causal: bool) -> torch.Tensor:
        """Return the positions that are in the sliding window, and not later if it is causal."""
        shape = (1, query.shape[1], value.shape[1])
        near = torch.ones(shape, dtype=torch.bool, device=query.device)
        if causal:
            near = near.tril()
        if self.sliding_window is not None:
            far = self.sliding_window - 1
            near = near.tril(far).triu(-far)
        return near

    def _fit_mask(self, mask: torch.Tensor, rank: int, sizes: tuple[list[int], list[int]]) -> Any:
        """Give a mask the axes of the scores, its positions flattened as theirs."""
        n = len(self.attention_axes)
        while mask.ndim < rank:
            mask = mask.unsqueeze(-2 * n - 1)
        if n == 1:
            return mask
        mask = mask.expand(*mask.shape[: -2 * n], *sizes[0], *sizes[1])
        return mask.flatten(-n).flatten(-n - 1, -2)

    def compute_output_shape(
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> tuple[Any, ...]:
        """Return the query's shape with the output's last sizes."""
        key_shape = value_shape if key_shape is None else key_shape
        if value_shape[1:-1] != key_shape[1:-1]:
            raise ValueError(
                "MultiHeadAttention: value and key must have equal axes but for the last. "
                f"{received('shapes', (value_shape, key_shape))}"
            )
        return (*query_shape[:-1], *(self.output_size or (query_shape[-1],)))

    def compute_output_spec(self, query: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the symbolic output, and the scores if they are asked for."""
        arguments = self._arguments((query, value, *args), kwargs)
        key = arguments.get("key")
        shapes = [tuple(x.shape) for x in (query, value)]
        shape = self.compute_output_shape(*shapes, None if key is None else tuple(key.shape))
        out = type(query)(shape, self.compute_dtype)
        if not arguments.get("return_attention_scores"):
            return out
        axes = self.attention_axes
        others = [d for i, d in enumerate(shapes[0][:-1]) if i not in axes]
        attended = [shapes[0][a] for a in axes] + [shapes[1][a] for a in axes]
        scores = (*others, self.num_heads, *attended)
        return out, type(query)(scores, self.compute_dtype)


_SHARED = (
    "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
    "kernel_constraint", "bias_constraint",
)  # fmt: skip
