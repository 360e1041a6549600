"""`tf.GradientTape`, `tf.function` and what goes with them."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch

from torchkeras import tree
from torchkeras.core.variable import Variable

UnconnectedGradients = {"NONE": "none", "ZERO": "zero"}


class GradientTape:
    """Derivatives of what is computed in a block: torch's autograd in TensorFlow's words.

    Args:
        persistent: Whether `gradient` may be called more than once.
        watch_accessed_variables: Only True has an effect: torch watches all that asks for it.

    >>> import torchkeras as keras
    >>> x = keras.Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = x * x
    >>> float(tape.gradient(y, x))
    6.0
    """

    _open: list["GradientTape"] = []  # noqa: RUF012

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._used = False
        self._watched: list[torch.Tensor] = []
        self._grad = torch.enable_grad()

    def __enter__(self) -> "GradientTape":
        self._grad.__enter__()
        GradientTape._open.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        GradientTape._open.remove(self)
        self._grad.__exit__(*exc)

    def watch(self, tensor: Any) -> None:
        """Ask for derivatives with respect to tensors that are no variables."""
        for t in tree.flatten(tensor):
            if not isinstance(t, torch.Tensor) or not t.is_floating_point():
                raise TypeError(f"GradientTape.watch: a float tensor is needed. Received: {t!r}.")
            if not t.requires_grad:
                t.requires_grad_()
            self._watched.append(t)

    def watched_variables(self) -> tuple[torch.Tensor, ...]:
        """Return what `watch` was called with."""
        return tuple(self._watched)

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """Return the derivative of the sum of the targets for each source; None if unconnected."""
        self._check_use()
        flat = tree.flatten(sources)
        wanted = [s for s in flat if isinstance(s, torch.Tensor) and s.requires_grad]
        targets = [t for t in tree.flatten(target) if _is_tracked(t)]
        found: list[Any] = [None] * len(wanted)
        if targets and wanted:
            weights = None
            if output_gradients is not None:
                weights = tree.flatten(output_gradients)
            else:
                weights = [torch.ones_like(t) for t in targets]
            nested = bool(GradientTape._open)
            found = list(
                torch.autograd.grad(
                    targets,
                    wanted,
                    grad_outputs=weights,
                    retain_graph=self._persistent or nested or None,
                    create_graph=nested,
                    allow_unused=True,
                )
            )
        by_source = {id(s): g for s, g in zip(wanted, found, strict=True)}
        grads = [by_source.get(id(s)) for s in flat]
        if unconnected_gradients in ("zero", "ZERO"):
            grads = [
                torch.zeros_like(s) if g is None else g for s, g in zip(flat, grads, strict=True)
            ]
        return tree.pack_sequence_as(sources, grads) if tree.is_nested(sources) else grads[0]

    def jacobian(self, target: torch.Tensor, sources: Any, **kwargs: Any) -> Any:
        """Return the derivatives of each element of the target."""
        self._check_use()
        flat = tree.flatten(sources)
        rows = [
            torch.autograd.grad(t, flat, retain_graph=True, allow_unused=True)
            for t in target.reshape(-1)
        ]
        out = []
        for i, source in enumerate(flat):
            parts = [torch.zeros_like(source) if row[i] is None else row[i] for row in rows]
            out.append(torch.stack(parts).reshape(*target.shape, *source.shape))
        return tree.pack_sequence_as(sources, out) if tree.is_nested(sources) else out[0]

    def batch_jacobian(self, target: torch.Tensor, source: torch.Tensor, **kwargs: Any) -> Any:
        """Return the derivatives of each sample's elements with respect to that sample."""
        full = self.jacobian(target, source)
        n = target.shape[0]
        at = (torch.arange(n), *[slice(None)] * (target.ndim - 1), torch.arange(n))
        return full[at]

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Compute something that no derivative goes through."""
        with torch.no_grad():
            yield

    def reset(self) -> None:
        """Forget what was watched."""
        self._watched.clear()
        self._used = False

    def _check_use(self) -> None:
        if self._used and not self._persistent:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients; "
                "make it with persistent=True."
            )
        self._used = True


def _is_tracked(t: Any) -> bool:
    return isinstance(t, torch.Tensor) and t.requires_grad


def function(func: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Return the function as it is: torch runs Python, options have no effect."""
    if func is None:
        return functools.partial(function, **options)
    return func


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """Return a tensor that no gradient goes through."""
    return input.detach()


def gradients(ys: Any, xs: Any, **kwargs: Any) -> list[Any]:
    """Return the derivatives of a sum of tensors for each of several variables."""
    flat = tree.flatten(xs)
    ys = tree.flatten(ys)
    ones = [torch.ones_like(y) for y in ys]
    return list(
        torch.autograd.grad(ys, flat, grad_outputs=ones, retain_graph=True, allow_unused=True)
    )


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function its own derivative: it returns its value and `grad(upstream)`."""

    @functools.wraps(f)
    def call(*args: Any) -> Any:
        class Custom(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *inputs: torch.Tensor) -> torch.Tensor:
                with torch.enable_grad():
                    value, ctx.grad = f(*[x.detach().requires_grad_() for x in inputs])
                return value.detach()

            @staticmethod
            def backward(ctx: Any, upstream: torch.Tensor) -> Any:
                return ctx.grad(upstream)

        return Custom.apply(*args)

    return call


def is_variable(x: Any) -> bool:
    """Tell whether something is a variable."""
    return isinstance(x, Variable)
