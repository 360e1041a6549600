"""Symmetric quantization: the largest absolute value becomes the largest whole number."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op


@op(module="keras.src.quantizers.quantizers")
def abs_max_quantize(
    inputs: Any,
    axis: int | Sequence[int] | None,
    value_range: Sequence[int] = (-127, 127),
    dtype: Any = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `round(inputs * scale)` and `scale = value_range[1] / (max|inputs| + epsilon)`.

    Args:
        inputs: Tensor or array.
        axis: Axes that share a scale; None: all.
        value_range: Smallest and largest result.
        dtype: Dtype of the result.
        epsilon: Keeps zeros from a division by zero.
        to_numpy: Whether to compute in the main memory, whatever the device of `inputs`.

    >>> import torch, torchkeras as keras
    >>> keras.quantizers.abs_max_quantize(torch.tensor([[1.0, -2.0]]), axis=-1)
    (tensor([[  64, -127]], dtype=torch.int8), tensor([[63.5000]]))
    """
    x = convert_to_tensor(inputs)
    kept = x.dtype
    if to_numpy:
        x = x.cpu()
        if kept is torch.bfloat16:
            x = x.float()  # numpy has no such type, so Keras widens it there
    axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    # `amax` shares a gradient between equal maxima, which is also what Keras's does.
    largest = x.abs()
    if axis != ():  # no axis at all: each entry has a scale of its own
        largest = largest.amax(() if axis is None else axis, keepdim=axis is not None or to_numpy)
    # A number would be multiplied with a reciprocal, which rounds once more.
    high = torch.full((), value_range[1], dtype=torch.float32, device=largest.device)
    scale = (high / (largest.float() + epsilon)).to(x.dtype)
    if x.dtype is torch.float64:
        scale = (high.double() / (largest + epsilon)).to(x.dtype)
    quantized = torch.clip(torch.round(x * scale), value_range[0], value_range[1])
    return quantized.to(dtypes.torch_dtype(dtype)), scale.to(kept)
