"""Pipeline: preprocessing layers one after the other, as one layer."""

from typing import Any, Self

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Pipeline(Layer):
    """Applies layers one after the other, to tensors or to dicts of images, labels, boxes, masks.

    Unlike a `Sequential` model it is a plain layer; called by itself it counts as training, as
    the layers of `torchkeras.layers.preprocessing` do.

    Args:
        layers: List of layers.

    Raises:
        ValueError: if `layers` is no list of layers.

    >>> import torch, torchkeras as keras
    >>> pipeline = keras.layers.Pipeline([
    ...     keras.layers.RandomBrightness((0.2, 0.2)), keras.layers.RandomInvert((1, 1))
    ... ])
    >>> pipeline(torch.zeros(1, 1, 3))
    tensor([[[204., 204., 204.]]])
    """

    config_skip = frozenset({"trainable", "dtype", "autocast", "activity_regularizer"})

    def __init__(self, layers: list[Layer], name: str | None = None) -> None:
        super().__init__(name=name)
        if not isinstance(layers, (list, tuple)) or not all(isinstance(x, Layer) for x in layers):
            raise ValueError(
                f"Pipeline: layers must be a list of layers. {received('layers', layers)}"
            )
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return list(self._pipeline_layers)

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        """Return what the last layer returns."""
        for layer in self._pipeline_layers:
            kwargs = {}
            if layer._call_spec.has_training:
                kwargs["training"] = training
            if mask is not None and "mask" in layer._call_spec.names:
                kwargs["mask"] = mask
            inputs = layer(inputs, **kwargs)
            mask = getattr(inputs, "_keras_mask", None)
        return inputs

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the pipeline of a config, with its layers."""
        if not isinstance(config.get("layers"), (list, tuple)):
            raise ValueError(
                "Pipeline: a config must hold a list of layers. "
                f"{received('layers', config.get('layers'))}"
            )
        layers = [LAYERS.deserialize(layer) for layer in config["layers"]]
        return super().from_config(config | {"layers": layers})
