"""Adapters of Embedding and ReversibleEmbedding."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from torchkeras.layers.adapters import modes
from torchkeras.layers.adapters.quantized import Quantizable


class EmbeddingAdapters(Quantizable):
    """LoRA, int8 and int4 for tables that rows are looked up in.

    As a matrix, a table has a column for each row: a vector's entries are the inputs that share a
    scale.
    """

    _target = "embeddings"
    _lora_method = "_lora_call"
    _modes: ClassVar[dict[str, modes.Mode]] = {"int8": modes.Int8(), "int4": modes.Int4()}

    # ------------------------------------------------------------------ calls

    def _lora_call(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = self._indices(inputs)
        return self._updated(inputs, F.embedding(inputs, self._embeddings))

    def _int8_call(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = self._indices(inputs)
        scale = self.embeddings_scale[inputs].unsqueeze(-1)
        rows = self._embeddings[inputs].to(self._policy.torch_compute_dtype)
        return self._updated(inputs, rows / scale)

    def _int4_call(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = self._indices(inputs)
        numbers = modes.unpack(self._embeddings[inputs], self.output_dim, -1)
        scale = self.embeddings_scale[inputs]
        numbers = numbers.to(self._policy.torch_compute_dtype)
        if modes.block_size(self) is None:
            return self._updated(inputs, numbers / scale.unsqueeze(-1))
        index = self.g_idx.long()
        zero = self.embeddings_zero[inputs].to(numbers.dtype)
        return self._updated(inputs, (numbers - zero[..., index]) * scale[..., index])

    def _updated(self, inputs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Add the rows of the update."""
        if not self.lora_enabled:
            return rows
        a, b, share = self._factors()
        return torch.add(rows, F.embedding(inputs, a) @ b, alpha=share)

    # ------------------------------------------------------------------ the table as a matrix

    def _reduced_axes(self, name: str) -> int:
        return -1 if name == "embeddings" else 0

    def _scale_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (self.input_dim,)

    def _as_scale(self, name: str, scale: torch.Tensor) -> torch.Tensor:
        return scale.squeeze(self._reduced_axes(name))

    def _weight_scale(self, name: str, scale: torch.Tensor) -> torch.Tensor:
        return scale.unsqueeze(self._reduced_axes(name))

    def _matrix_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, int]:
        return self.output_dim, self.input_dim

    def _to_matrix(self, name: str, value: torch.Tensor) -> torch.Tensor:
        return value.t() if name == "embeddings" else value

    def _int4_axes(self, name: str) -> int:
        return self._reduced_axes(name)

    def _int4_form(self, name: str, matrix: torch.Tensor) -> torch.Tensor:
        return self._to_matrix(name, matrix)

    def _from_matrix(self, name: str, matrix: torch.Tensor) -> torch.Tensor:
        return matrix.t() if name == "embeddings" else matrix

    def _packed_shape(self, name: str, rows: int, columns: int) -> tuple[int, int]:
        half = -(-rows // 2)
        return (columns, half) if name == "embeddings" else (half, columns)

    def _pack(self, name: str, numbers: torch.Tensor) -> torch.Tensor:
        return self._from_matrix(name, modes.pack(numbers, 0))

    def _unpack(self, name: str, packed: torch.Tensor) -> torch.Tensor:
        return modes.unpack(self._to_matrix(name, packed), self.output_dim, 0)

    def _block_shape(self, name: str, blocks: int, columns: int) -> tuple[int, int]:
        return (columns, blocks) if name == "embeddings" else (blocks, columns)

    def _to_table(self, name: str, table: torch.Tensor) -> torch.Tensor:
        return self._to_matrix(name, table)

    def _zero_dtype(self, name: str) -> Any:
        return "int8" if name == "embeddings" else self.variable_dtype
