"""SpectralNormalization: a layer whose kernel is kept at spectral norm 1."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.initializers import TruncatedNormal
from torchkeras.layers.core.wrapper import Wrapper
from torchkeras.layers.input_spec import InputSpec


@LAYERS.register()
class SpectralNormalization(Wrapper):
    """Divides the kernel of a layer by its greatest singular value, at each training call.

    The value is estimated by power iteration from a vector that is kept from call to call.

    Args:
        layer: Layer with a `kernel` or `embeddings`.
        power_iterations: Number of iterations a call.

    Raises:
        ValueError: if `power_iterations` is not positive, or the layer has no kernel.

    Miyato et al., 2018, https://arxiv.org/abs/1802.05957

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.SpectralNormalization(keras.layers.Dense(3))
    >>> layer(torch.ones(2, 4), training=True).shape
    torch.Size([2, 3])
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = check.positive_int(
            "SpectralNormalization", "power_iterations", power_iterations
        )

    def build(self, input_shape: Any) -> None:
        """Build the layer, and create the vector."""
        super().build(input_shape)
        self.input_spec = InputSpec(shape=(None, *input_shape[1:]))
        for name in ("kernel", "embeddings"):
            if hasattr(self.layer, name):
                self.kernel = getattr(self.layer, name)
                break
        else:
            raise ValueError(
                "SpectralNormalization: the layer must have a kernel or embeddings. "
                f"{received('layer', self.layer)}"
            )
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, self.kernel.shape[-1]),
            initializer=TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=self.kernel.dtype,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the layer's outputs, its kernel normalised first while training."""
        if training:
            self._normalise()
        return self.layer(inputs)

    @torch.no_grad()
    def _normalise(self) -> None:
        kernel, vector = self._parameters["kernel"], self._buffers["vector_u"]
        w = kernel.reshape(-1, kernel.shape[-1])
        u = vector.detach()
        for _ in range(self.power_iterations):
            v = F.normalize(u @ w.t(), dim=-1, eps=1e-6)
            u = F.normalize(v @ w, dim=-1, eps=1e-6)
        sigma = (v @ w @ u.t()).squeeze()
        vector.copy_(u)
        kernel.div_(sigma)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the layer's output shape."""
        return self.layer.compute_output_shape(input_shape)
