"""Metrics by name and config."""

from typing import Any

from torchkeras.core import serialize as core_serialize
from torchkeras.core.registry import METRICS
from torchkeras.metrics import legacy as legacy  # names of Keras 1


def get(identifier: Any) -> Any:
    """Return the metric that a name, config dict, class or object stands for; None stays None.

    Raises:
        ValueError: for an unknown name; the message has near ones.

    >>> import torchkeras as keras
    >>> keras.metrics.get("mse")
    <MeanSquaredError name=mean_squared_error>
    """
    return METRICS.get(identifier)


def serialize(metric: Any) -> Any:
    """Return the Keras config of a metric.

    >>> import torchkeras as keras
    >>> keras.metrics.serialize(keras.metrics.Precision(top_k=2))["config"]["top_k"]
    2
    """
    return METRICS.serialize(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the metric of a config made by `serialize`, or of a name.

    >>> import torchkeras as keras
    >>> keras.metrics.deserialize(keras.metrics.serialize(keras.metrics.Mean(name="m"))).name
    'm'
    """
    if isinstance(config, dict) and config.get("class_name") == "function":
        # A loss function serves as a metric as well.
        return core_serialize.deserialize_keras_object(config, custom_objects)
    return METRICS.deserialize(config, custom_objects)
