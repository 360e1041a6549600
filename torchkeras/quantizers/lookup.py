"""From names and configs to quantizers, and back."""

import inspect
from typing import Any

from torchkeras.core.registry import QUANTIZERS


def get(identifier: Any, **kwargs: Any) -> Any:
    """Return the quantizer that a name, config, class or callable stands for; None stays None.

    Args:
        identifier: Name, config dict, class or callable.
        kwargs: Arguments for a class or the class of a name.

    Raises:
        ValueError: for an unknown name (with near names), or what is no quantizer.

    >>> import torchkeras as keras
    >>> keras.quantizers.get("abs_max_quantizer", axis=0).axis
    (0,)
    """
    if isinstance(identifier, str):
        identifier = QUANTIZERS.lookup(identifier)
    if inspect.isclass(identifier):
        return identifier(**kwargs)
    return QUANTIZERS.get(identifier)


def serialize(initializer: Any) -> Any:
    """Return the config of a quantizer (its parameter is called as in Keras).

    >>> import torchkeras as keras
    >>> keras.quantizers.serialize(keras.quantizers.AbsMaxQuantizer())["class_name"]
    'AbsMaxQuantizer'
    """
    return QUANTIZERS.serialize(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the quantizer of a config.

    >>> import torchkeras as keras
    >>> keras.quantizers.deserialize({"class_name": "AbsMaxQuantizer", "config": {}}).epsilon
    1e-07
    """
    return QUANTIZERS.deserialize(config, custom_objects)
