"""Products of int8 and of float8 numbers, with the gradients of the floats that they stand for."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras.quantizers import (
    compute_float8_amax_history,
    compute_float8_scale,
    quantize_and_dequantize,
)

# Sums of up to this many products of two int8 numbers are exact in float32.
_EXACT = 2**24 // 128**2


def int8_matmul(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the int32 product of two int8 matrices."""
    if a.device.type in ("cpu", "meta"):
        return torch._int_mm(a, b)
    wide = torch.float32 if a.shape[1] <= _EXACT else torch.float64
    return (a.to(wide) @ b.to(wide)).to(torch.int32)


def int8_einsum(equation: str, terms: int, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the einsum of int8 tensors; each entry is a sum of `terms` products."""
    wide = torch.float32 if terms <= _EXACT else torch.float64
    return torch.einsum(equation, a.to(wide), b.to(wide))


class _StraightThrough(torch.autograd.Function):
    """Has one value, and the gradient of another function of the same tensor."""

    @staticmethod
    def forward(ctx: Any, x: Any, value: Any, function: Any) -> torch.Tensor:  # type: ignore[override]
        ctx.function = function
        ctx.like = x.shape, x.dtype, x.device
        return value

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:  # type: ignore[override]
        shape, dtype, device = ctx.like
        with torch.enable_grad():
            # The function is linear: where its gradient is taken makes no difference.
            x = torch.zeros(shape, dtype=dtype, device=device, requires_grad=True)
            y = ctx.function(x)
        return torch.autograd.grad(y, x, grad)[0], None, None


def straight_through(
    x: torch.Tensor,
    value: torch.Tensor,
    function: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Return `value`, with the gradient to `x` that the linear `function(x)` would have."""
    if not (x.requires_grad and torch.is_grad_enabled()):
        return value
    return _StraightThrough.apply(x, value.detach(), function)


class Float8Input(torch.autograd.Function):
    """Rounds to float8; the "gradients" of scale and history are their next values."""

    @staticmethod
    def forward(ctx: Any, x: Any, scale: Any, history: Any, training: bool) -> torch.Tensor:  # type: ignore[override]
        ctx.training = training
        if training:
            largest = torch.finfo(torch.float8_e4m3fn).max
            ctx.save_for_backward(
                compute_float8_scale(history.max(), scale, largest),
                compute_float8_amax_history(x, history),
            )
        return quantize_and_dequantize(x, scale, "float8_e4m3fn", x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:  # type: ignore[override]
        scale, history = ctx.saved_tensors if ctx.training else (None, None)
        return grad, scale, history, None


class Float8Gradient(torch.autograd.Function):
    """Leaves its input as it is, and rounds the gradient that comes back to float8."""

    @staticmethod
    def forward(ctx: Any, x: Any, scale: Any, history: Any) -> torch.Tensor:  # type: ignore[override]
        ctx.save_for_backward(scale, history)
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:  # type: ignore[override]
        scale, history = ctx.saved_tensors
        largest = torch.finfo(torch.float8_e5m2).max
        return (
            quantize_and_dequantize(grad, scale, "float8_e5m2", grad.dtype),
            compute_float8_scale(history.max(), scale, largest),
            compute_float8_amax_history(grad, history),
        )
