"""What `keras.models` had."""

from typing import Any

from torchkeras.compat.refused import refused
from torchkeras.layers import deserialize
from torchkeras.models import Functional as Container
from torchkeras.models import Functional as Network

Graph = refused("Graph", "Write a functional model: keras.Model(inputs, outputs).")
SharpnessAwareMinimization = refused(
    "SharpnessAwareMinimization", "Write the two steps in train_step() of a keras.Model."
)


def model_from_config(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the model, without weights, of a config of any version."""
    return layer_from_config(config, custom_objects)


def layer_from_config(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the layer or model of a config of any version."""
    if isinstance(config, list):
        raise TypeError(
            "model_from_config expects a dict; for the list of a Sequential's layers call "
            "Sequential.from_config(config)."
        )
    return deserialize(config, custom_objects)
