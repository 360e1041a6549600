"""ActivityRegularization: a penalty on what passes through."""

from typing import Any

from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer
from torchkeras.regularizers import L1L2


@LAYERS.register()
class ActivityRegularization(Layer):
    """Returns its inputs, and adds `l1 * sum(|x|) + l2 * sum(x^2)`, per sample, to the loss.

    Args:
        l1: Factor of the absolute values.
        l2: Factor of the squares.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.ActivityRegularization(l1=0.5)
    >>> layer(torch.ones(1, 4)), layer.losses
    (tensor([[1., 1., 1., 1.]]), [tensor(2.)])
    """

    config_skip = frozenset({"activity_regularizer"})

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1 = l1
        self.l2 = l2
        self._built_from_the_start()

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
