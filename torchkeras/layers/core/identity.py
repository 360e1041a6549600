"""Identity: the layer that does nothing."""

from typing import Any

from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Identity(Layer):
    """Returns its inputs.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Identity()(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
