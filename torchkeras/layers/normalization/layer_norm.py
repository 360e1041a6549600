"""LayerNormalization: each sample normalised over its features."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras import constraints, initializers, regularizers
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer
from torchkeras.layers.normalization._wide import widened


@LAYERS.register()
class LayerNormalization(Layer):
    """Scales each sample to mean 0 and variance 1 over axes: `gamma * (x - mean) / std + beta`.

    Args:
        axis: Axis or axes that are normalised over.
        epsilon: Added to the variance.
        center: Whether `beta` is added.
        scale: Whether `gamma` is multiplied.
        beta_initializer: Initializer of `beta`.
        gamma_initializer: Initializer of `gamma`.
        beta_regularizer: Penalty on `beta`.
        gamma_regularizer: Penalty on `gamma`.
        beta_constraint: Constraint of `beta` after each step.
        gamma_constraint: Constraint of `gamma` after each step.
        rms_scaling: Keras's deprecated form: the mean is not taken off, and there is no `beta`.

    Ba et al., 2016, https://arxiv.org/abs/1607.06450

    >>> import torch, torchkeras as keras
    >>> keras.layers.LayerNormalization()(torch.tensor([[1.0, 1.0]])).detach()
    tensor([[0., 0.]])
    """

    def __init__(
        self,
        axis: int | list[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(axis, (list, tuple)):
            self.axis: Any = list(axis)
        elif isinstance(axis, int):
            self.axis = axis
        else:
            raise TypeError(
                "LayerNormalization: axis must be an integer or a list of them. "
                f"{received('axis', axis)}"
            )
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.rms_scaling = rms_scaling
        self.autocast = False  # `call` casts, so that numbers too large for 16 bits may come in
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Create gamma and beta."""
        rank = len(input_shape)
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axis = list(axes)  # Keras writes a list once it is built
        if not all(-rank <= a < rank for a in axes):
            raise ValueError(
                f"LayerNormalization: axis must be within the input's {rank} axes. "
                f"{received('axis', self.axis)}"
            )
        axes = [a % rank for a in axes]
        shape = tuple(input_shape[a] for a in axes)
        # torch's kernel normalises over the last axes; others are moved there and back.
        self._moved = None if axes == list(range(rank - len(axes), rank)) else axes
        self._shape = shape
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the normalised inputs."""
        gamma, beta, dtype = self.gamma, self.beta, self._policy.torch_compute_dtype
        if inputs.dtype is dtype:
            return self._normalise(inputs, gamma, beta)
        return self._normalise(*widened(dtype, inputs, gamma, beta)).to(dtype)

    def _normalise(
        self, inputs: torch.Tensor, gamma: torch.Tensor | None, beta: torch.Tensor | None
    ) -> torch.Tensor:
        if self.rms_scaling:
            return self._scaled(inputs, gamma)
        if self._moved is None:
            return F.layer_norm(inputs, self._shape, gamma, beta, self.epsilon)
        last = list(range(-len(self._moved), 0))
        x = F.layer_norm(inputs.movedim(self._moved, last), self._shape, gamma, beta, self.epsilon)
        return x.movedim(last, self._moved)

    def _scaled(self, inputs: torch.Tensor, gamma: torch.Tensor | None) -> torch.Tensor:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        spread = inputs.var(axes, correction=0, keepdim=True)
        out = inputs * torch.rsqrt(spread + self.epsilon)
        if gamma is None:
            return out
        shape = [
            inputs.shape[a] if a in {b % inputs.ndim for b in axes} else 1
            for a in range(inputs.ndim)
        ]
        return out * gamma.reshape(shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
