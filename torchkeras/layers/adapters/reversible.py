"""Adapters of ReversibleEmbedding: those of Embedding, in both directions."""

import torch

from torchkeras.layers.adapters import modes
from torchkeras.layers.adapters.embedding import EmbeddingAdapters
from torchkeras.layers.adapters.product import int8_matmul, straight_through


class ReversibleAdapters(EmbeddingAdapters):
    """LoRA, int8 and int4 for tables that are also multiplied with."""

    @property
    def _targets(self) -> tuple[str, ...]:
        return ("embeddings",) if self.tie_weights else ("embeddings", "reverse_embeddings")

    def _lora_call(self, inputs: torch.Tensor, reverse: bool = False) -> torch.Tensor:
        if not reverse:
            return super()._lora_call(inputs)
        return self._scores(inputs, self._reverse_table())

    def _int8_call(self, inputs: torch.Tensor, reverse: bool = False) -> torch.Tensor:
        if not reverse:
            return super()._int8_call(inputs)
        return self._reversed(inputs, "int8")

    def _int4_call(self, inputs: torch.Tensor, reverse: bool = False) -> torch.Tensor:
        if not reverse:
            return super()._int4_call(inputs)
        if modes.block_size(self) is None:
            return self._reversed(inputs, "int4")
        table = self._reverse_matrix("int4", decoded=True)
        return self._capped(self._reverse_update(inputs, _product(inputs, table)))

    def _reversed(self, inputs: torch.Tensor, mode: str) -> torch.Tensor:
        """Return the scores of vectors, by a table with one scale for each index."""
        quantizer = self.inputs_quantizer
        numbers = self._reverse_matrix(mode)
        dtype = self._policy.torch_compute_dtype
        scale = getattr(self, f"{self._reverse_name()}_scale")
        if quantizer is None:
            scores = _product(inputs, numbers.to(inputs.dtype)).to(dtype) / scale
        else:
            quantized, input_scale = quantizer(inputs.detach(), axis=-1)
            sums = int8_matmul(quantized.reshape(-1, self.output_dim), numbers)
            sums = sums.view(*inputs.shape[:-1], self.input_dim).to(dtype)
            scores = straight_through(
                inputs,
                sums / (input_scale * scale),
                lambda x: x @ (numbers.to(x.dtype) / scale.to(x.dtype)),
            )
        return self._capped(self._reverse_update(inputs, scores))

    def _reverse_name(self) -> str:
        return "embeddings" if self.tie_weights else "reverse_embeddings"

    def _reverse_matrix(self, mode: str, decoded: bool = False) -> torch.Tensor:
        """Return the table of the way back, of shape `(output_dim, input_dim)`."""
        name, form = self._reverse_name(), self._modes[mode]
        table = form.decode(self, name) if decoded else form.numbers(self, name)
        return self._to_matrix(name, table)

    def _reverse_update(self, inputs: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if not (self.lora_enabled and self.tie_weights):
            return scores
        a, b, share = self._factors()
        return torch.add(scores, _product(_product(inputs, b.t()), a.t()), alpha=share)


def _product(x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    dtype = torch.promote_types(x.dtype, table.dtype)
    return x.to(dtype) @ table.to(dtype)
