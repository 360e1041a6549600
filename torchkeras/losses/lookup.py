"""Losses by name and config."""

from typing import Any

from torchkeras.core.registry import LOSSES


def get(identifier: Any) -> Any:
    """Return the loss that a name, config dict, class or object stands for; None stays None.

    A lower-case name such as `"mse"` gives the function, a class name an object of the class.

    Raises:
        ValueError: for an unknown name; the message has near ones.

    >>> import torchkeras as keras
    >>> keras.losses.get("mse").__name__
    'mean_squared_error'
    """
    return LOSSES.get(identifier)


def serialize(loss: Any) -> Any:
    """Return the Keras config of a loss.

    >>> import torchkeras as keras
    >>> keras.losses.serialize(keras.losses.Huber(delta=2.0))["config"]["delta"]
    2.0
    """
    return LOSSES.serialize(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the loss of a config made by `serialize`, or of a name.

    >>> import torchkeras as keras
    >>> keras.losses.deserialize(keras.losses.serialize(keras.losses.Huber(delta=2.0))).delta
    2.0
    """
    return LOSSES.deserialize(name, custom_objects)
