"""UnitNormalization: vectors scaled to length 1."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class UnitNormalization(Layer):
    """Scales to Euclidean length 1 over axes: `x / max(sqrt(sum(x^2)), 1e-12)`.

    Args:
        axis: Axis or axes of the sum.

    Raises:
        TypeError: if `axis` is neither an integer nor a list of them.

    >>> import torch, torchkeras as keras
    >>> keras.layers.UnitNormalization()(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    def __init__(self, axis: int | list[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(axis, (list, tuple)):
            self.axis: Any = list(axis)
        elif isinstance(axis, int):
            self.axis = axis
        else:
            raise TypeError(
                "UnitNormalization: axis must be an integer or a list of them. "
                f"{received('axis', axis)}"
            )
        self.supports_masking = True
        self._built_from_the_start()

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the scaled inputs."""
        if not inputs.is_floating_point():
            inputs = inputs.to(self._policy.torch_compute_dtype)
        if torch.is_grad_enabled() and inputs.dtype in (torch.float32, torch.float64):
            # The same, with a backward pass half as long; 16 bits are too few for the squares.
            squares = inputs.square().sum(self.axis, keepdim=True)
            return inputs * squares.clamp_min(1e-24).rsqrt()
        return F.normalize(inputs, dim=self.axis, eps=1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
