"""A jax function called within torch: memory is shared, gradients go through `jax.vjp`."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras._base.optional import require
from torchkeras.core import dtypes

Tensors = tuple[torch.Tensor, ...]


def jax() -> Any:
    """Return the package, or say how to install it."""
    return require("jax", "jax")


def to_jax(x: torch.Tensor) -> Any:
    """Return a tensor as a jax array on the same memory; jax computes in 32 bits by default."""
    x = x.detach()
    if x.dtype.itemsize == 8 and not jax().config.jax_enable_x64:
        narrow = {torch.int64: torch.int32, torch.float64: torch.float32}
        x = x.to(narrow.get(x.dtype, x.dtype))
    return jax().dlpack.from_dlpack(x.contiguous())


def to_torch(x: Any) -> torch.Tensor:
    """Return a jax array as a tensor."""
    return torch.from_dlpack(jax().block_until_ready(x))


def spec(x: Any, size: int | None = None, floats: str | None = None) -> Any:
    """Return jax's description of a tensor, or of a symbol whose unknown sizes are `size`.

    Floating ones are described as of the dtype `floats`.
    """
    dtype = dtypes.standardize_dtype(x.dtype)
    dtype = floats if floats and dtypes.is_float(dtype) else dtype
    if not jax().config.jax_enable_x64:
        dtype = {"int64": "int32", "float64": "float32"}.get(dtype, dtype)
    shape = tuple(size if d is None else int(d) for d in x.shape)
    return jax().ShapeDtypeStruct(shape, jax().numpy.dtype(dtype))


class Compiled:
    """A function of two flat lists of arrays, compiled alone and together with its derivative.

    Args:
        function: `(trained, fixed) -> (outputs, state)`, all flat lists; there are gradients of
            the outputs to `trained`.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        def forward(trained: Any, fixed: Any) -> Any:
            return jax().vjp(lambda *t: function(list(t), fixed), *trained, has_aux=True)

        self.plain = jax().jit(function)
        self.forward = jax().jit(forward)
        self.backward = jax().jit(lambda pull, grads: pull(grads))

    def __call__(self, trained: Tensors, fixed: Tensors) -> tuple[Tensors, Tensors]:
        """Return outputs, which torch can differentiate, and the new state."""
        state: list[torch.Tensor] = []
        outputs = _Call.apply(self, state, len(trained), *trained, *fixed)
        return outputs, tuple(state)


class _Call(torch.autograd.Function):
    """One call as a node of torch's graph."""

    @staticmethod
    def forward(ctx: Any, compiled: Compiled, state: list[Any], n: int, *tensors: Any) -> Tensors:
        arrays = [to_jax(t) for t in tensors]
        if any(ctx.needs_input_grad[3 : 3 + n]):
            outputs, pull, new = compiled.forward(arrays[:n], arrays[n:])
            ctx.compiled, ctx.pull, ctx.count = compiled, pull, len(tensors)
            ctx.kinds = [t.dtype for t in tensors[:n]]
            ctx.forms = [(o.shape, o.dtype) for o in outputs]
            # jax may hold on to a parameter's memory: torch tells if it is changed before backward.
            ctx.save_for_backward(*tensors[:n])
        else:
            outputs, new = compiled.plain(arrays[:n], arrays[n:])
        given = {t.data_ptr() for t in tensors}
        made = [to_torch(o) for o in outputs]
        made = [t.clone() if t.data_ptr() in given else t for t in made]
        state.extend(to_torch(s) for s in new)
        ctx.mark_non_differentiable(*(t for t in made if not t.is_floating_point()))
        return tuple(made)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        ctx.saved_tensors  # noqa: B018  # the check of versions
        numpy = jax().numpy
        cotangents = [
            to_jax(g)
            if numpy.issubdtype(dtype, numpy.floating)
            else require("numpy").zeros(shape, jax().dtypes.float0)
            for g, (shape, dtype) in zip(grads, ctx.forms, strict=True)
        ]
        found = ctx.compiled.backward(ctx.pull, cotangents)
        given = [
            to_torch(g).to(dtype) if need and dtype.is_floating_point else None
            for g, dtype, need in zip(found, ctx.kinds, ctx.needs_input_grad[3:], strict=False)
        ]
        return (None, None, None, *given, *[None] * (ctx.count - len(given)))
