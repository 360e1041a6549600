"""What `keras.models` had."""

from typing import Any

from torchkeras import models
from torchkeras.compat.refused import refused
from torchkeras.core import serialize
from torchkeras.models import Functional as Container
from torchkeras.models import Functional as Network
from torchkeras.saving import text

Graph = refused("Graph", "Write a functional model: keras.Model(inputs, outputs).")
SharpnessAwareMinimization = refused(
    "SharpnessAwareMinimization", "Write the two steps in train_step() of a keras.Model."
)
_MODELS = {
    "Functional": models.Functional, "Model": models.Functional, "Sequential": models.Sequential,
}  # fmt: skip


def model_from_config(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the model, with fresh weights, of a config of any version.

    Raises:
        TypeError: for the bare list of a Sequential's layers.
        ModelFileError: for a config that no model can be made of.
    """
    if isinstance(config, list):
        raise TypeError(
            "model_from_config expects a dict; for the list of a Sequential's layers call "
            "Sequential.from_config(config)."
        )
    cls = _MODELS.get(config.get("class_name"))
    if cls is not None and "module" not in config:
        module, name = serialize.builtin_config(cls)
        config = {"module": module, **config, "class_name": name}
    return text.model_from_config(config, custom_objects, True, None)


def layer_from_config(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the layer or model of a config of any version."""
    return model_from_config(config, custom_objects)
