"""ReversibleEmbedding: indices to vectors, and vectors to the scores of all indices."""

from typing import Any

import torch

from torchkeras.core import dtypes
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers.adapters.reversible import ReversibleAdapters
from torchkeras.layers.core.embedding import Embedding


@LAYERS.register()
class ReversibleEmbedding(ReversibleAdapters, Embedding):
    """An embedding that also runs backwards: `layer(x, reverse=True)` is `x @ embeddings.T`.

    Args:
        input_dim: Number of indices.
        output_dim: Size of a vector.
        tie_weights: Whether both directions share one table; else the way back has its own,
            `reverse_embeddings` of shape `(output_dim, input_dim)`.
        embeddings_initializer: Initializer of the tables.
        embeddings_regularizer: Penalty on the first table.
        embeddings_constraint: Constraint of the first table after each step.
        mask_zero: Whether 0 stands for padding that later layers must not see.
        reverse_dtype: Dtype that the way back is computed in.
        logit_soft_cap: Bound of the scores: `cap * tanh(scores / cap)`.

    Shapes: `(batch, ...) -> (batch, ..., output_dim)`, and with `reverse=True`
    `(batch, ..., output_dim) -> (batch, ..., input_dim)`.

    See "Using the Output Embedding to Improve Language Models", https://arxiv.org/abs/1608.05859.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.ReversibleEmbedding(10, 4)
    >>> layer(layer(torch.tensor([[1, 2, 3]])), reverse=True).shape
    torch.Size([1, 3, 10])
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights = tie_weights  # before the base, which builds if it gets `weights`
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.reverse_dtype = reverse_dtype
        self._torch_reverse = None if reverse_dtype is None else dtypes.torch_dtype(reverse_dtype)
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        """Create the tables."""
        if self.built:
            return
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )

    def call(self, inputs: torch.Tensor, reverse: bool = False) -> torch.Tensor:
        """Return vectors of indices, or scores of vectors."""
        if not reverse:
            return super().call(inputs)
        return self._scores(inputs, self._reverse_table())

    def _reverse_table(self) -> torch.Tensor:
        return self.embeddings.t() if self.tie_weights else self.reverse_embeddings

    def _scores(self, inputs: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        dtype = self._torch_reverse or torch.promote_types(inputs.dtype, table.dtype)
        return self._capped(inputs.to(dtype) @ table.to(dtype))

    def _capped(self, scores: torch.Tensor) -> torch.Tensor:
        cap = self.logit_soft_cap
        return scores if cap is None else torch.tanh(scores / cap) * cap

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where an index is not 0, if 0 is padding; scores have no mask."""
        if not self.mask_zero or dtypes.is_float(inputs.dtype):
            return None
        return inputs != 0

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> tuple[Any, ...]:
        """Return `(..., output_dim)`, or `(..., input_dim)` for the way back."""
        if reverse:
            return (*input_shape[:-1], self.input_dim)
        return super().compute_output_shape(input_shape)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> KerasTensor:
        """Return the symbolic output."""
        shape = self.compute_output_shape(inputs.shape, reverse)
        if not reverse:
            return KerasTensor(shape, self.compute_dtype)
        return KerasTensor(shape, self.reverse_dtype or self.compute_dtype)
