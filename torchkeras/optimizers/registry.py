"""Optimizers by name, config or torch object."""

import inspect
from typing import Any

import torch

from torchkeras.core.registry import OPTIMIZERS
from torchkeras.optimizers.base import Optimizer
from torchkeras.optimizers.wrap_torch import TorchOptimizer


def get(identifier: Any) -> Optimizer | None:
    """Return the optimizer that a name, config, class or object stands for.

    Args:
        identifier: Name in any case (`"adam"`), config, optimizer or its class; also torch's:
            an object of `torch.optim`, a class, or a callable that makes one from parameters.

    Raises:
        ValueError: for an unknown name, with near ones.

    >>> get("sgd").name
    'sgd'
    >>> get(torch.optim.Adam)._make
    <class 'torch.optim.adam.Adam'>
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        lower = identifier.lower()
        name = lower if lower in OPTIMIZERS.names else identifier
        return OPTIMIZERS.get(name)
    if inspect.isclass(identifier) and issubclass(identifier, Optimizer):
        return identifier()
    if isinstance(identifier, torch.optim.Optimizer) or callable(identifier):
        return TorchOptimizer(identifier)
    return OPTIMIZERS.get(identifier)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Return the config of an optimizer.

    >>> serialize(get("sgd"))["class_name"]
    'SGD'
    """
    return OPTIMIZERS.serialize(optimizer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
    """Return the optimizer of a config.

    >>> deserialize({"class_name": "SGD", "config": {"momentum": 0.5}}).momentum
    0.5
    """
    return OPTIMIZERS.deserialize(config, custom_objects)
