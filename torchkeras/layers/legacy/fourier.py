"""RandomFourierFeatures: a kernel machine's features, at random."""

import math
from typing import Any

import torch

from torchkeras import initializers
from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer


class _Cauchy(initializers.Initializer):
    """Numbers of the Cauchy distribution: the spectrum of the Laplacian kernel."""

    def __call__(self, shape: Any, dtype: Any = None) -> torch.Tensor:
        uniform = initializers.RandomUniform(-0.5, 0.5)(shape, dtype)
        return torch.tan(math.pi * uniform)


_KERNELS = ("gaussian", "laplacian")


@LAYERS.register(module="torchkeras.layers.legacy")
class RandomFourierFeatures(Layer):
    """`cos(x @ kernel / scale + bias)`: a linear model of it approximates a kernel machine.

    Args:
        output_dim: Number of features.
        kernel_initializer: `"gaussian"`, `"laplacian"`, or an initializer of the kernel.
        scale: Width of the kernel; default `sqrt(features / 2)`, and 1 if it is not Gaussian.
        trainable: Whether the scale is learned.

    Shapes: `(batch, features) -> (batch, output_dim)`.

    Rahimi and Recht, 2007, "Random Features for Large-Scale Kernel Machines".

    >>> import torch
    >>> RandomFourierFeatures(4)(torch.ones(2, 3)).shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        output_dim: int,
        kernel_initializer: Any = "gaussian",
        scale: float | None = None,
        trainable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, **kwargs)
        owner = "RandomFourierFeatures"
        self.output_dim = check.positive_int(owner, "output_dim", output_dim)
        if isinstance(kernel_initializer, str) and kernel_initializer.lower() not in _KERNELS:
            check.one_of(owner, "kernel_initializer", kernel_initializer, _KERNELS)
        if scale is not None and not scale > 0:
            raise ValueError(f"{owner}: scale must be positive. {received('scale', scale)}")
        self.kernel_initializer = kernel_initializer
        if not isinstance(kernel_initializer, str):
            self.kernel_initializer = initializers.get(kernel_initializer)
        self.scale = scale

    def build(self, input_shape: Any) -> None:
        """Draw the kernel and the bias."""
        features = input_shape[-1]
        kind = self.kernel_initializer
        kind = kind.lower() if isinstance(kind, str) else kind
        known = {"gaussian": initializers.RandomNormal(stddev=1.0), "laplacian": _Cauchy()}
        scale = self.scale
        if scale is None:
            scale = math.sqrt(features / 2) if kind == "gaussian" else 1.0
        self.unscaled_kernel = self.add_weight(
            name="unscaled_kernel",
            shape=(features, self.output_dim),
            initializer=known.get(kind, kind) if isinstance(kind, str) else kind,
            trainable=False,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(self.output_dim,),
            initializer=initializers.RandomUniform(0.0, 2 * math.pi),
            trainable=False,
        )
        self.kernel_scale = self.add_weight(
            name="kernel_scale", shape=(1,), initializer=initializers.Constant(scale)
        )
        self.input_spec = InputSpec(ndim=2, axes={1: features})

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the features of the inputs."""
        return torch.cos(inputs @ (self.unscaled_kernel / self.kernel_scale) + self.bias)
