"""From names to activations and back, and the bare torch functions for hot paths."""

import functools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras.activations import along_axis, piecewise, smooth
from torchkeras.core.registry import ACTIVATIONS

# Our function -> the torch function that does the same on a tensor with default arguments (None:
# nothing is to be done). A layer that has a tensor in hand calls it without our checks.
NATIVE: dict[Callable[..., Any], Callable[..., Any] | None] = {
    piecewise.linear: None,
    piecewise.relu: torch.relu,
    piecewise.relu6: F.relu6,
    piecewise.hard_tanh: F.hardtanh,
    piecewise.hard_sigmoid: F.hardsigmoid,
    piecewise.hard_silu: F.hardswish,
    piecewise.hard_shrink: F.hardshrink,
    piecewise.soft_shrink: F.softshrink,
    smooth.sigmoid: torch.sigmoid,
    smooth.log_sigmoid: F.logsigmoid,
    smooth.tanh: torch.tanh,
    smooth.exponential: torch.exp,
    smooth.silu: F.silu,
    smooth.gelu: F.gelu,
    smooth.mish: F.mish,
    smooth.elu: F.elu,
    smooth.celu: torch.celu,
    smooth.selu: torch.selu,
    smooth.softplus: F.softplus,
    smooth.softsign: F.softsign,
    along_axis.softmax: functools.partial(torch.softmax, dim=-1),
    along_axis.log_softmax: functools.partial(torch.log_softmax, dim=-1),
    along_axis.glu: F.glu,
}


def native(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the bare torch function of an activation: None for `linear`, else itself."""
    return NATIVE.get(function, function)


def get(identifier: Any) -> Callable[..., Any]:
    """Return the activation that a name, config, layer or function stands for.

    Args:
        identifier: Name, config dict, any callable (a layer too), or None for `linear`.

    Raises:
        ValueError: for an unknown name (with near names), or anything that cannot be called.

    >>> import torchkeras as keras
    >>> keras.activations.get("relu") is keras.activations.relu
    True
    """
    if identifier is None:
        return piecewise.linear
    if isinstance(identifier, dict):
        return deserialize(identifier)
    return ACTIVATIONS.get(identifier)


def serialize(activation: Callable[..., Any]) -> Any:
    """Return the name of a built-in activation, or the config of another one.

    >>> import torchkeras as keras
    >>> keras.activations.serialize(keras.activations.swish)
    'silu'
    """
    return ACTIVATIONS.serialize(activation)


def deserialize(
    config: Any, custom_objects: dict[str, Any] | None = None
) -> Callable[..., Any] | None:
    """Return the activation of a name or config.

    >>> import torchkeras as keras
    >>> keras.activations.deserialize("tanh") is keras.activations.tanh
    True
    """
    if isinstance(config, dict):
        name = config.get("class_name")
        if "module" not in config and isinstance(name, str) and name in ACTIVATIONS.names:
            return ACTIVATIONS.names[name]  # {"class_name": "relu"} of older configs
    return ACTIVATIONS.deserialize(config, custom_objects)
