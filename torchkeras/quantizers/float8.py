"""Floats in 8 bits, with a scale that follows the largest values of past steps.

The scheme is that of NVIDIA's Transformer Engine ("FP8 Formats for Deep Learning",
https://arxiv.org/abs/2209.05433).
"""

from typing import Any

import torch

from torchkeras._base.check import one_of
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor


def compute_float8_scale(amax: Any, scale: Any, dtype_max: Any, margin: int = 0) -> torch.Tensor:
    """Return the number that stands for 1 in 8 bits: `amax / dtype_max * 2**margin`.

    Args:
        amax: Largest absolute value of the data.
        scale: Result where `amax` is 0 or not finite.
        dtype_max: Largest number of the 8-bit type.
        margin: Powers of 2 that are left free.

    >>> import torchkeras as keras
    >>> keras.quantizers.compute_float8_scale(224.0, 1.0, 448.0)
    tensor(0.5000)
    """
    amax, scale = convert_to_tensor(amax), convert_to_tensor(scale)
    usable = (amax > 0.0) & torch.isfinite(amax)
    # Tensors on both sides: a number would be multiplied with a reciprocal, which rounds once more.
    inverse = torch.as_tensor(dtype_max, dtype=amax.dtype) / amax / (2**margin)
    return torch.where(usable, torch.reciprocal(inverse), scale)


def compute_float8_amax_history(x: Any, amax_history: Any) -> torch.Tensor:
    """Return the history turned by one place, with the largest absolute value of `x` put first.

    >>> import torch, torchkeras as keras
    >>> keras.quantizers.compute_float8_amax_history(torch.tensor([-5.0]), torch.arange(4.0))
    tensor([5., 2., 3., 0.])
    """
    history = torch.roll(convert_to_tensor(amax_history), -1, 0)
    history[0] = convert_to_tensor(x).abs().max().to(history.dtype)
    return history


def quantize_and_dequantize(
    inputs: Any, scale: Any, quantized_dtype: str, compute_dtype: Any
) -> torch.Tensor:
    """Return what is left of `inputs` after a stay in 8 bits.

    Args:
        inputs: Tensor or array.
        scale: The number that stands for 1 in 8 bits.
        quantized_dtype: `"float8_e4m3fn"` or `"float8_e5m2"`; larger numbers are clipped.
        compute_dtype: Dtype of the result.

    >>> import torch, torchkeras as keras
    >>> x = torch.tensor([1.0, 1.1, 500.0])
    >>> keras.quantizers.quantize_and_dequantize(x, 1.0, "float8_e4m3fn", "float32")
    tensor([  1.0000,   1.1250, 448.0000])
    """
    names = ("float8_e4m3fn", "float8_e5m2")
    one_of("quantize_and_dequantize", "quantized_dtype", quantized_dtype, names)
    narrow, wide = dtypes.torch_dtype(quantized_dtype), dtypes.torch_dtype(compute_dtype)
    x, scale = convert_to_tensor(inputs), convert_to_tensor(scale).to(wide)
    largest = torch.finfo(narrow).max
    return torch.clip(x / scale, -largest, largest).to(narrow).to(wide) * scale
