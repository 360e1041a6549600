"""GroupNormalization: each sample normalised over groups of its features."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras import constraints, initializers, regularizers
from torchkeras._base.check import positive_int, received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer
from torchkeras.layers.normalization._wide import widened


@LAYERS.register()
class GroupNormalization(Layer):
    """Scales each group of features of a sample to mean 0 and variance 1; `gamma * x + beta`.

    Args:
        groups: Number of groups, which divides the number of features; -1 for one per feature.
        axis: Axis of the features.
        epsilon: Added to the variance.
        center: Whether `beta` is added.
        scale: Whether `gamma` is multiplied.
        beta_initializer, gamma_initializer: Initializers.
        beta_regularizer, gamma_regularizer: Penalties.
        beta_constraint, gamma_constraint: Constraints after each step.

    Raises:
        ValueError: if the features cannot be divided into the groups.

    Wu and He, 2018, https://arxiv.org/abs/1803.08494

    >>> import torch, torchkeras as keras
    >>> keras.layers.GroupNormalization(groups=2)(torch.ones(1, 3, 4)).abs().max().item()
    0.0
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # `call` casts, so that numbers too large for 16 bits may come in
        self.supports_masking = True
        self.groups = (
            groups if groups == -1 else positive_int(type(self).__name__, "groups", groups)
        )
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Any) -> None:
        """Create gamma and beta."""
        rank = len(input_shape)
        if not -rank <= self.axis < rank:
            raise ValueError(
                f"GroupNormalization: axis must be within the input's {rank} axes. "
                f"{received('axis', self.axis)}"
            )
        features = input_shape[self.axis]
        if features is None:
            raise ValueError(
                "GroupNormalization: the size of the axis must be known. "
                f"Received: axis={self.axis}, input_shape={input_shape}."
            )
        if self.groups == -1:
            self.groups = features
        if self.groups < 1 or features % self.groups:
            raise ValueError(
                f"GroupNormalization: groups must divide the {features} features. "
                f"{received('groups', self.groups)}"
            )
        self._axis = self.axis % rank
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=(features,),
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=(features,),
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self.input_spec = InputSpec(ndim=rank, axes={self._axis: features})

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the normalised inputs."""
        gamma, beta, dtype = self.gamma, self.beta, self._policy.torch_compute_dtype
        if inputs.dtype is not dtype:
            inputs, gamma, beta = widened(dtype, inputs, gamma, beta)
        x = inputs if self._axis == 1 else inputs.movedim(self._axis, 1)
        if not x.requires_grad and torch.is_grad_enabled():
            # torch 2.13 crashes in the backward pass of channels-last data that need no gradient
            x = x.contiguous()
        if gamma is None and beta is not None:  # torch has no gradient for that
            x = F.group_norm(x, self.groups, None, None, self.epsilon)
            x = x + beta.view(-1, *(1,) * (x.ndim - 2))
        else:
            x = F.group_norm(x, self.groups, gamma, beta, self.epsilon)
        x = x if x.dtype is dtype else x.to(dtype)
        return x if self._axis == 1 else x.movedim(1, self._axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
