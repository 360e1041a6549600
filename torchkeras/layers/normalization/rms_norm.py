"""RMSNormalization: each sample scaled to mean square 1."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class RMSNormalization(Layer):
    """Divides by the root of the mean square: `x / sqrt(mean(x^2) + epsilon) * scale`.

    Args:
        axis: Axis or axes of the mean.
        epsilon: Added to the mean square.

    Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467

    >>> import torch, torchkeras as keras
    >>> keras.layers.RMSNormalization()(torch.tensor([[2.0, 2.0]])).detach()
    tensor([[1.0000, 1.0000]])
    """

    def __init__(self, axis: int | list[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Create the scale."""
        rank = len(input_shape)
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        self.axis = axes  # Keras writes a list once it is built
        if not all(-rank <= a < rank for a in axes):
            raise ValueError(
                f"RMSNormalization: axis must be within the input's {rank} axes. "
                f"{received('axis', self.axis)}"
            )
        axes = [a % rank for a in axes]
        self._shape = tuple(input_shape[a] for a in axes)
        # torch's kernel normalises over the last axes; others are moved there and back.
        self._moved = None if axes == list(range(rank - len(axes), rank)) else axes
        self.scale = self.add_weight(name="scale", shape=self._shape, initializer="ones")

    def call(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scaled inputs."""
        if not x.is_floating_point():
            x = x.to(self._policy.torch_compute_dtype)
        if self._moved is None:
            return F.rms_norm(x, self._shape, self.scale, self.epsilon)
        last = list(range(-len(self._moved), 0))
        x = F.rms_norm(x.movedim(self._moved, last), self._shape, self.scale, self.epsilon)
        return x.movedim(last, self._moved)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
