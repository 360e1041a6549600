"""Embedding: whole numbers to vectors."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras import constraints, initializers, regularizers
from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.adapters.embedding import EmbeddingAdapters
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Embedding(EmbeddingAdapters, Layer):
    """Table of vectors, looked up by index.

    Args:
        input_dim: Number of indices: the largest one plus 1.
        output_dim: Size of a vector.
        embeddings_initializer: Initializer of the table, of shape `(input_dim, output_dim)`.
        embeddings_regularizer: Penalty on the table.
        embeddings_constraint: Constraint of the table after each step.
        mask_zero: Whether 0 stands for padding that later layers must not see.
        weights: Initial table, or a list of it.
        lora_rank, lora_alpha: See `enable_lora`, which `build` then calls.
        quantization_config: Quantizers of a layer with a dtype such as `"int8_from_float32"`.

    Shapes: `(batch, ...) -> (batch, ..., output_dim)`.

    Raises:
        ValueError: for an index out of range; a negative one counts from the end.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Embedding(10, 4)(torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 4])
    """

    config_skip = frozenset({"weights"})
    _usual_shape = (None, None)
    writes_absent_regularizer = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        input_length = kwargs.pop("input_length", None)
        if input_length is not None:
            kwargs.setdefault("input_shape", (input_length,))
        super().__init__(
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            quantization_config=quantization_config,
            **kwargs,
        )
        self.input_dim = check.positive_int("Embedding", "input_dim", input_dim)
        self.output_dim = check.positive_int("Embedding", "output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = bool(mask_zero)
        self.makes_mask = self.supports_masking = self.mask_zero
        self.autocast = False  # indices are no numbers to be rounded
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, (list, tuple)) else [weights])

    def build(self, input_shape: Any = None) -> None:
        """Create the table."""
        if self.built:
            return
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the vectors of the indices."""
        inputs, table = self._whole(inputs), self.embeddings
        try:
            return F.embedding(inputs, table)
        except IndexError:
            return F.embedding(self._wrapped(inputs), table)

    def _whole(self, inputs: torch.Tensor) -> torch.Tensor:
        whole = inputs.dtype is torch.int64 or inputs.dtype is torch.int32
        return inputs if whole else inputs.to(torch.int32)

    def _indices(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return indices that are all within the table."""
        inputs = self._whole(inputs)
        if inputs.device.type == "meta" or not inputs.numel():
            return inputs
        low, high = inputs.aminmax()
        return inputs if low >= 0 and high < self.input_dim else self._wrapped(inputs)

    def _wrapped(self, indices: torch.Tensor) -> torch.Tensor:
        """Let negative indices count from the end; name the first that is out of range."""
        outside = (indices < -self.input_dim) | (indices >= self.input_dim)
        if outside.any():
            place = tuple(outside.nonzero()[0].tolist())
            raise ValueError(
                f"Embedding: indices must be below input_dim={self.input_dim}. "
                f"Received: {indices[place].item()} at position {place}."
            )
        return torch.where(indices < 0, indices + self.input_dim, indices)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where the index is not 0, if 0 is padding."""
        return convert_to_tensor(inputs) != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return `(..., output_dim)`."""
        return (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the symbolic output."""
        if type(self).compute_output_shape is not Embedding.compute_output_shape:
            return super().compute_output_spec(inputs)  # it may have several outputs
        if type(self).call is not Embedding.call:
            return self._infer_spec(inputs)  # likewise
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)
