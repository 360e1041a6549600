"""AddLoss: a loss of a functional model that is made of its own tensors."""

from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class AddLoss(Layer):
    """Hand on the first input; the second one is added to the training loss.

    What `model.add_loss(tensor)` of Keras 2 puts before an output of a functional model.

    >>> import torchkeras as keras
    >>> inputs = keras.Input((2,))
    >>> model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    >>> model.add_loss(keras.ops.mean(model.output**2))
    >>> model.layers[-1].name
    'add_loss'
    """

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the first of the two inputs."""
        output, loss = inputs
        self.add_loss(loss)
        return output

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the first input."""
        return tuple(input_shape[0])
