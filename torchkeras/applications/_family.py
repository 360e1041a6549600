"""Functions that make the architectures of a family: one signature, many names."""

from collections.abc import Callable
from typing import Any, TypeVar

from torchkeras.applications._build import Arguments
from torchkeras.models import Model

F = TypeVar("F", bound=Callable[..., Model])


def named(function: F, module: str, name: str, size: int) -> F:
    """Give a function the name and the docstring of an architecture, as if it were written so."""
    function.__module__, function.__name__, function.__qualname__ = module, name, name
    function.__doc__ = f"Return {name} for images of {size}x{size}."
    return function


def architecture(module: str, owner: str, build: Callable[..., Model], *table: Any, **kinds: Any):
    """Return the function of an architecture that takes the usual arguments.

    Args:
        module: Where it stands.
        owner: Its name.
        build: Makes the network from `(owner, given, *table)`.
        *table: What is special to this one.
        **kinds: `name`, of the model, default: the owner's in lower case; `size`, of the images,
            default: 224.
    """
    model_name = kinds.get("name", owner.lower())

    def make(
        include_top: bool = True,
        weights: str | None = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = model_name,
    ) -> Model:
        given = Arguments(
            include_top,
            weights,
            input_tensor,
            input_shape,
            pooling,
            classes,
            classifier_activation,
            name,
        )
        return build(owner, given, *table)

    return named(make, module, owner, kinds.get("size", 224))
