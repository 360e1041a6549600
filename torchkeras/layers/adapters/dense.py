"""Adapters of Dense."""

from typing import Any

import torch

from torchkeras.layers.adapters.matrix import MatrixAdapters
from torchkeras.layers.adapters.product import int8_matmul, straight_through


class DenseAdapters(MatrixAdapters):
    """LoRA, int8, int4, float8, GPTQ and AWQ for Dense."""

    def _product(self, x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        return x @ kernel

    def _low_rank_product(self, x: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (x @ a) @ b

    def _int8_product(self, x: Any, kernel: Any, scale: Any, quantizer: Any) -> torch.Tensor:
        numbers, input_scale = quantizer(x.detach(), axis=-1)
        sums = int8_matmul(numbers.reshape(-1, x.shape[-1]), kernel)
        sums = sums.view(*x.shape[:-1], kernel.shape[-1])
        value = sums.to(x.dtype) / (input_scale * scale)
        return straight_through(x, value, lambda t: t @ (kernel.to(t.dtype) / scale))

    def _int4_product(self, inputs: torch.Tensor, quantizer: Any) -> torch.Tensor:
        kernel = self._unpack("kernel", self._kernel).contiguous()
        if quantizer is None:
            return (inputs @ kernel.to(inputs.dtype)) / self.kernel_scale
        return self._int8_product(inputs, kernel, self.kernel_scale, quantizer)

    def _reduced_axes(self, name: str) -> int:
        return 0

    def _scale_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[1],)

    def _as_scale(self, name: str, scale: torch.Tensor) -> torch.Tensor:
        return scale.squeeze(0)

    def _weight_scale(self, name: str, scale: torch.Tensor) -> torch.Tensor:
        return scale
