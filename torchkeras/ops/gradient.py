"""custom_gradient: a function whose gradient the user writes."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch

from torchkeras.core import nest, serialize
from torchkeras.ops._op import op


class _WithGradient(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, f: Callable[..., Any], structure: Any, form: list[Any], *flat: Any
    ) -> Any:
        outputs, ctx.grad = f(*nest.pack_as(structure, flat))
        form.append(outputs)
        ctx.structure = structure
        ctx.places = [i for i, x in enumerate(flat) if isinstance(x, torch.Tensor)]
        ctx.others = [None if isinstance(x, torch.Tensor) else x for x in flat]
        ctx.save_for_backward(*(x for x in flat if isinstance(x, torch.Tensor)))
        leaves = tuple(nest.flatten(outputs))
        return leaves if len(leaves) > 1 else leaves[0]

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> Any:
        flat = list(ctx.others)
        for i, t in zip(ctx.places, ctx.saved_tensors, strict=True):
            flat[i] = t
        given = upstream[0] if len(upstream) == 1 else upstream
        if _takes_upstream(ctx.grad):
            grads = ctx.grad(*nest.pack_as(ctx.structure, flat), upstream=given)
        else:  # as on JAX and TensorFlow
            grads = ctx.grad(*upstream)
        grads = nest.flatten(grads)
        if len(grads) > len(flat):
            raise ValueError(
                f"custom_gradient: there must be one gradient for each of {len(flat)} arguments. "
                f"Received: {len(grads)} gradients."
            )
        grads += [None] * (len(flat) - len(grads))
        return (None, None, None, *(g if i in ctx.places else None for i, g in enumerate(grads)))


def _takes_upstream(grad: Callable[..., Any]) -> bool:
    parameters = inspect.signature(grad).parameters
    if list(parameters)[:1] == ["upstream"]:  # alone: grad(upstream)
        return False
    return "upstream" in parameters or any(
        p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
    )


@op("CustomGradient", module="torchkeras.ops")
def _custom_gradient(args: Any, f: Callable[..., Any]) -> Any:
    if isinstance(f, dict):  # as a file holds it
        f = serialize.deserialize_keras_object(f)
    args = list(args)
    form: list[Any] = []
    out = _WithGradient.apply(f, args, form, *nest.flatten(args))
    return nest.pack_as(form[0], out if isinstance(out, tuple) else (out,))


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that returns its output and the function of its gradient.

    Args:
        f: `f(*args) -> (output, grad)`. `grad(*args, upstream)` (or `grad(upstream)`, as on JAX)
            returns one gradient an argument; `upstream` is the output's, a tuple for several.

    >>> import torch, torchkeras as keras
    >>> @keras.ops.custom_gradient
    ... def double(x):
    ...     return 2 * x, lambda *args, upstream: 10 * upstream
    >>> x = torch.ones(1, requires_grad=True)
    >>> double(x).backward()
    >>> x.grad
    tensor([10.])
    """
    if not callable(f):
        raise TypeError(f"custom_gradient: f must be callable. Received: f={f!r}.")

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return _custom_gradient(list(args), functools.partial(f, **kwargs) if kwargs else f)

    return wrapped
