"""Activations with arguments or weights that Keras 3 has no more."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras import initializers
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register(module="keras._legacy.layers")
class ThresholdedReLU(Layer):
    """`x` where it is above `theta`, else 0.

    Args:
        theta: The threshold.

    Raises:
        ValueError: if `theta` is negative or no number.

    >>> import torch
    >>> ThresholdedReLU(1.0)(torch.tensor([0.5, 1.0, 1.5]))
    tensor([0.0000, 0.0000, 1.5000])
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(theta, (int, float)) or isinstance(theta, bool) or not theta >= 0:
            raise ValueError(
                f"ThresholdedReLU: theta must be a number >= 0. {received('theta', theta)}"
            )
        self.theta = float(theta)
        self.supports_masking = True
        self._built_from_the_start()

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs above the threshold."""
        return F.threshold(inputs, self.theta, 0.0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape


class _PerFeature(Layer):
    """Base of activations with weights for each feature, or shared along axes."""

    def __init__(self, shared_axes: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if shared_axes is not None and not isinstance(shared_axes, (list, tuple)):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)
        self.supports_masking = True

    def _shape(self, input_shape: Any) -> tuple[int, ...]:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError(
                f"{type(self).__name__}: sizes of the input must be known, or shared. "
                f"{received('input_shape', input_shape)}"
            )
        return tuple(shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape


@LAYERS.register(module="torchkeras.layers.legacy")
class ParametricSoftplus(_PerFeature):
    """`alpha * log(1 + exp(beta * x))` with learned `alpha` and `beta` (Keras 1).

    Args:
        alpha_init: Value of `alpha` at the beginning.
        beta_init: Value of `beta` at the beginning.
        shared_axes: Axes (counted from 1) along which they are shared.

    Stevenson et al., 2011, "Inferring Nonlinear Neuronal Computation Based on Physiologically
    Plausible Inputs".

    >>> import torch
    >>> ParametricSoftplus(1.0, 1.0)(torch.zeros(1, 2)).detach()
    tensor([[0.6931, 0.6931]])
    """

    def __init__(
        self,
        alpha_init: float = 0.2,
        beta_init: float = 5.0,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes, **kwargs)
        self.alpha_init = alpha_init
        self.beta_init = beta_init

    def build(self, input_shape: Any) -> None:
        """Create `alpha` and `beta`."""
        shape = self._shape(input_shape)
        self.alpha = self.add_weight(
            name="alpha", shape=shape, initializer=initializers.Constant(self.alpha_init)
        )
        self.beta = self.add_weight(
            name="beta", shape=shape, initializer=initializers.Constant(self.beta_init)
        )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the activation of the inputs."""
        return F.softplus(self.beta * inputs) * self.alpha


@LAYERS.register(module="torchkeras.layers.legacy")
class SReLU(_PerFeature):
    """Three lines with learned ends and slopes (Keras 1).

    With `right = left + |t_right|`: `left + a_left * (x - left)` below `left = t_left`, `x` between
    them, and `right + a_right * (x - right)` above.

    Args:
        t_left_initializer: Initializer of the left end.
        a_left_initializer: Initializer of the slope below it.
        t_right_initializer: Initializer of the distance of the right end.
        a_right_initializer: Initializer of the slope above that.
        shared_axes: Axes (counted from 1) along which they are shared.

    Jin et al., 2015, https://arxiv.org/abs/1512.07030

    >>> import torch
    >>> layer = SReLU(a_left_initializer="zeros", t_right_initializer="ones", name="s")
    >>> layer(torch.tensor([[-1.0, 0.5, 3.0]])).detach()
    tensor([[0.0000, 0.5000, 3.0000]])
    """

    def __init__(
        self,
        t_left_initializer: Any = "zeros",
        a_left_initializer: Any = "glorot_uniform",
        t_right_initializer: Any = "glorot_uniform",
        a_right_initializer: Any = "ones",
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes, **kwargs)
        self.t_left_initializer = initializers.get(t_left_initializer)
        self.a_left_initializer = initializers.get(a_left_initializer)
        self.t_right_initializer = initializers.get(t_right_initializer)
        self.a_right_initializer = initializers.get(a_right_initializer)

    def build(self, input_shape: Any) -> None:
        """Create ends and slopes."""
        shape = self._shape(input_shape)
        for name in ("t_left", "a_left", "t_right", "a_right"):
            initializer = getattr(self, f"{name}_initializer")
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=initializer))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the activation of the inputs."""
        left = self.t_left
        right = left + torch.abs(self.t_right)
        below = self.a_left * torch.relu(left - inputs)
        middle = torch.minimum(torch.relu(inputs - left), right - left)
        return left - below + middle + self.a_right * torch.relu(inputs - right)
