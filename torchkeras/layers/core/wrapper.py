"""Wrapper: base of the layers that hold another one."""

from typing import Any, Self

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Wrapper(Layer):
    """Base of layers that hold another one, as their attribute `layer`; a subclass gives `call`.

    Args:
        layer: The layer.

    Raises:
        ValueError: if `layer` is no layer.

    >>> import torch, torchkeras as keras
    >>> class Twice(keras.layers.Wrapper):
    ...     def call(self, inputs):
    ...         return 2 * self.layer(inputs)
    >>> Twice(keras.layers.ReLU())(torch.ones(1, 2))
    tensor([[2., 2.]])
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"{type(self).__name__}: layer must be a layer. {received('layer', layer)}"
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer that is held."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Make the layer of a config, with the layer that it holds."""
        layer = config["layer"]
        if isinstance(layer, dict):
            layer = LAYERS.deserialize(layer, custom_objects)
        return super().from_config({**config, "layer": layer})
