"""From names, configs and values to initializers, and back."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from torchkeras.core import dtypes
from torchkeras.core.registry import INITIALIZERS
from torchkeras.core.tensor import convert_to_tensor


def get(identifier: Any) -> Callable[..., Any] | None:
    """Return the initializer that an identifier stands for; None stays None.

    Args:
        identifier: Name, config dict, class, callable `(shape, dtype) -> tensor`, or a tensor or
            array with the values themselves.

    Raises:
        ValueError: for an unknown name (with near names), or anything that cannot be called.

    >>> import torchkeras as keras
    >>> keras.initializers.get("he_normal").scale
    2.0
    """
    if isinstance(identifier, (torch.Tensor, np.ndarray)):
        return _values(convert_to_tensor(identifier))
    return INITIALIZERS.get(identifier)


def _values(tensor: torch.Tensor) -> Callable[..., torch.Tensor]:
    def initialize_fn(shape: Sequence[int], dtype: Any = None) -> torch.Tensor:
        if tuple(shape) != tuple(tensor.shape):
            raise ValueError(
                f"The weight's shape must be that of the values given as initializer, "
                f"{tuple(tensor.shape)}. Received: shape={tuple(shape)}."
            )
        # A weight owns its memory: training must not change what the user passed.
        return tensor.detach().to(dtypes.torch_dtype(dtype), copy=True)

    return initialize_fn


def serialize(initializer: Any) -> Any:
    """Return the config of an initializer.

    >>> import torchkeras as keras
    >>> keras.initializers.serialize(keras.initializers.Constant(2))["config"]
    {'value': 2}
    """
    return INITIALIZERS.serialize(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the initializer of a config.

    >>> import torchkeras as keras
    >>> keras.initializers.deserialize({"class_name": "Constant", "config": {"value": 2}}).value
    2
    """
    return INITIALIZERS.deserialize(config, custom_objects)
