"""BatchNormalization in the modes 1 and 2 of Keras 1."""

from typing import Any

import torch

from torchkeras import initializers, regularizers
from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register(module="torchkeras.layers.legacy")
class ModalBatchNormalization(Layer):
    """Normalises each sample (mode 1), or by the batch's statistics in all phases (mode 2).

    `gamma * (x - mean) / (sqrt(var + epsilon) + epsilon) + beta` over the last axis in mode 1;
    in mode 2 without the second epsilon, over all axes but `axis`. Keras 1 called both
    `BatchNormalization(mode=…)`; the moving averages are kept and not used, as they were there.

    Args:
        mode: 1 or 2.
        axis: The axis of the features.
        momentum: Kept as it came.
        epsilon: Added to the variance.
        beta_initializer, gamma_initializer: Initializers of the weights.
        beta_regularizer, gamma_regularizer: Penalties on them.

    >>> import torch
    >>> ModalBatchNormalization(1, epsilon=1e-9)(torch.tensor([[1.0, 3.0]])).detach()
    tensor([[-1.,  1.]])
    """

    def __init__(
        self,
        mode: int = 2,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mode = check.one_of("ModalBatchNormalization", "mode", mode, (1, 2))
        self.axis = int(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Create gamma, beta and the moving averages."""
        rank = len(input_shape)
        if not -rank <= self.axis < rank or input_shape[self.axis] is None:
            raise ValueError(
                "ModalBatchNormalization: axis must be one of the input's whose size is known. "
                f"Received: axis={self.axis}, input_shape={input_shape}."
            )
        shape = (input_shape[self.axis],)
        self.gamma = self.add_weight(
            name="gamma",
            shape=shape,
            initializer=self.gamma_initializer,
            regularizer=self.gamma_regularizer,
        )
        self.beta = self.add_weight(
            name="beta",
            shape=shape,
            initializer=self.beta_initializer,
            regularizer=self.beta_regularizer,
        )
        self.moving_mean = self.add_weight(
            name="moving_mean", shape=shape, initializer="zeros", trainable=False
        )
        self.moving_variance = self.add_weight(
            name="moving_variance", shape=shape, initializer="ones", trainable=False
        )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the normalised inputs."""
        if self.mode == 1:
            variance, mean = torch.var_mean(inputs, -1, correction=0, keepdim=True)
            x = (inputs - mean) / (torch.sqrt(variance + self.epsilon) + self.epsilon)
            return x * self.gamma + self.beta
        axis = self.axis % inputs.ndim
        over = [d for d in range(inputs.ndim) if d != axis]
        variance, mean = torch.var_mean(inputs, over, correction=0, keepdim=True)
        shape = [-1 if d == axis else 1 for d in range(inputs.ndim)]
        x = (inputs - mean) * torch.rsqrt(variance + self.epsilon)
        return x * self.gamma.view(shape) + self.beta.view(shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
