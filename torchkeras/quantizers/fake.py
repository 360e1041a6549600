"""Rounding to a grid of few values, with gradients as if nothing had been rounded."""

from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op


class _FakeQuant(torch.autograd.Function):
    """Rounds; gradients go to the inputs inside the range, else to the end that they passed."""

    @staticmethod
    def forward(ctx: Any, x: Any, low: Any, high: Any, first: int, last: int) -> torch.Tensor:  # type: ignore[override]
        scale = (high - low) / (last - first)
        zero = torch.clip(torch.round(first - low / scale), first, last)
        lowest, highest = scale * (first - zero), scale * (last - zero)  # 0 is a value between
        ctx.save_for_backward(x, lowest, highest)
        ctx.shapes = low.shape, high.shape
        inside = torch.minimum(torch.maximum(x, lowest), highest) - lowest
        return torch.floor(inside / scale + (first - zero) + 0.5) * scale

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:  # type: ignore[override]
        x, lowest, highest = ctx.saved_tensors
        below, above = x < lowest, x > highest
        zero = grad.new_zeros(())
        return (
            torch.where(below | above, zero, grad),
            torch.where(below, grad, zero).sum_to_size(ctx.shapes[0]),
            torch.where(above, grad, zero).sum_to_size(ctx.shapes[1]),
            None,
            None,
        )


@op("FakeQuantWithMinMaxVars", module="keras.src.quantizers.quantizers", tensors=3)
def fake_quant_with_min_max_vars(
    inputs: Any,
    min_vals: Any,
    max_vals: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    axis: int | None = None,
) -> torch.Tensor:
    """Return `inputs` clipped to a range and rounded to the values that `num_bits` bits can have.

    The range is moved a little, so that 0 is one of the values. Gradients pass the rounding: they
    go to the inputs within the range, and to `min_vals` or `max_vals` from beyond it.

    Args:
        inputs: Floating tensor.
        min_vals, max_vals: Ends of the range: numbers, or one for each place along `axis`.
        num_bits: Number of bits.
        narrow_range: Whether the lowest value is left out (`2**num_bits - 1` values).
        axis: Axis of the channels that have a range each; None: one range.

    >>> import torch, torchkeras as keras
    >>> x = torch.tensor([-2.0, 0.1, 0.6])
    >>> keras.quantizers.fake_quant_with_min_max_vars(x, -1.0, 1.0, num_bits=3)
    tensor([-0.8571,  0.0000,  0.5714])
    """
    x = convert_to_tensor(inputs)
    values = x if x.dtype == torch.float64 else x.to(torch.float32)  # 16 bits are too coarse
    ends = [convert_to_tensor(v).to(values.dtype) for v in (min_vals, max_vals)]
    if axis is not None:
        shape = [1] * x.ndim
        shape[axis] = -1
        ends = [e.reshape(shape) if e.ndim == 1 else e for e in ends]
    out = _FakeQuant.apply(values, *ends, int(narrow_range), 2**num_bits - 1)
    return out.to(x.dtype)
