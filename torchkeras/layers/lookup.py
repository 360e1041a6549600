"""Layers by config."""

from typing import Any

from torch import nn

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.serialize import CustomObjectScope
from torchkeras.layers import legacy as legacy  # files name these classes
from torchkeras.saving.legacy.config import modernize


def serialize(layer: Any) -> dict[str, Any]:
    """Return the Keras config of a layer.

    >>> import torchkeras as keras
    >>> keras.layers.serialize(keras.layers.Dense(3))["config"]["units"]
    3
    """
    return LAYERS.serialize(layer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the layer (or model) of a config made by `serialize`, today or by an older Keras.

    Raises:
        ValueError: for the config of anything else.

    >>> import torchkeras as keras
    >>> keras.layers.deserialize(keras.layers.serialize(keras.layers.Dense(3))).units
    3
    """
    layer = None
    if isinstance(config, dict):
        with CustomObjectScope(custom_objects):
            layer = LAYERS.deserialize(modernize(config))
    if not isinstance(layer, nn.Module):
        raise ValueError(
            f"deserialize: the config of a layer is needed. {received('config', config)}"
        )
    return layer
