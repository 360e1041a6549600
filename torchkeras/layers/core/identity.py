"""Identity: the layer that does nothing."""

from typing import Any

from torchkeras.core import dtypes, nest
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
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
        self._built_from_the_start()

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return KerasTensors like the inputs: whole numbers stay whole."""
        return nest.map_structure(self._like, inputs)

    def _like(self, x: Any) -> KerasTensor:
        return KerasTensor(x.shape, self.compute_dtype if dtypes.is_float(x.dtype) else x.dtype)
