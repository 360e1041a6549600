"""Activation: any activation function as a layer."""

from typing import Any

import torch

from torchkeras import activations
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: Name or function.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Activation("relu")(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True
        self._built_from_the_start()

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the activation of the inputs."""
        return inputs if self._activation is None else self._activation(inputs)

    def _refresh(self) -> None:
        self.__dict__["_activation"] = activations.native(self.activation)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
