"""Asymmetric quantization of blocks: each has a scale and the whole number that 0 becomes."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import positive_int, received
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op


def block_indices(rows: int, block_size: int, device: Any = None) -> torch.Tensor:
    """Return the number of the block that each row belongs to."""
    return torch.arange(rows, device=device) // block_size


def quantization_parameters(
    low: torch.Tensor, high: torch.Tensor, bits: int, epsilon: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scale and zero point that map `[low, high]` onto signed integers of `bits` bits.

    A range without extent is widened by 1 on both sides. The zero point is clipped to the
    integers too: a range far from zero loses its ends.
    """
    flat = low == high
    low, high = torch.where(flat, low - 1, low), torch.where(flat, high + 1, high)
    scale = (high - low + epsilon) / (2**bits - 1)
    half = 2 ** (bits - 1)
    return scale, torch.clip(torch.round(-low / scale) - half, -half, half - 1)


@op(module="keras.src.quantizers.quantizers")
def abs_max_quantize_grouped_with_zero_point(
    inputs: Any,
    block_size: int,
    value_range: Sequence[int] = (-8, 7),
    dtype: Any = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return `round(inputs / scale) + zero_point`, and both, of blocks along axis 0.

    Args:
        inputs: Matrix of shape `(rows, columns)`.
        block_size: Rows of a block; the last one is filled up with zeros.
        value_range: Smallest and largest result.
        dtype: Dtype of the result.
        epsilon: Added to the extent of a block's values.
        to_numpy: Whether to compute in the main memory, whatever the device of `inputs`.

    Shapes: `(rows, columns) -> (rows, columns), (blocks, columns), (blocks, columns)`.

    >>> import torch, torchkeras as keras
    >>> x = torch.tensor([[-1.0], [0.5], [4.0], [-3.5]])
    >>> quantized, scale, zero = keras.quantizers.abs_max_quantize_grouped_with_zero_point(x, 2)
    >>> ((quantized - zero.repeat_interleave(2, 0)) * scale.repeat_interleave(2, 0)).flatten()
    tensor([-1.0000,  0.5000,  4.0000, -3.5000])
    """
    owner = "abs_max_quantize_grouped_with_zero_point"
    x = convert_to_tensor(inputs)
    if x.ndim != 2:
        raise ValueError(f"{owner}: inputs must be a matrix. {received('shape', tuple(x.shape))}")
    block_size = min(positive_int(owner, "block_size", block_size), x.shape[0])
    if to_numpy:
        x = x.cpu()
    rows, columns = x.shape
    blocks = -(-rows // block_size)
    grouped = torch.nn.functional.pad(x, (0, 0, 0, blocks * block_size - rows))
    grouped = grouped.view(blocks, block_size, columns)
    low, high = value_range
    bits = (int(high) - int(low) + 1).bit_length() - 1
    scale, zero = quantization_parameters(grouped.amin(1), grouped.amax(1), bits, epsilon)
    quantized = torch.clip(torch.round(grouped / scale[:, None]) + zero[:, None], low, high)
    quantized = quantized.reshape(-1, columns)[:rows].to(dtypes.torch_dtype(dtype))
    return quantized, scale, zero.to(torch.int8)
