"""Activation functions that are layers of their own, with arguments or weights."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras import activations, constraints, initializers, regularizers
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers._mask import get_mask
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer


def _not_negative(owner: str, name: str, value: Any) -> float:
    if value is None or isinstance(value, bool) or value < 0:
        raise ValueError(f"{owner}: {name} must be a number >= 0. {received(name, value)}")
    return value


class _Elementwise(Layer):
    """What the layers here share: no state before the build, shapes and masks unchanged."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._built_from_the_start()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape


@LAYERS.register()
class ReLU(_Elementwise):
    """`max(x, 0)`, with an optional ceiling, slope below, and threshold.

    Args:
        max_value: Largest output; None for no limit.
        negative_slope: Slope below the threshold.
        threshold: Value below which the slope applies.

    >>> import torch, torchkeras as keras
    >>> keras.layers.ReLU(max_value=1.5)(torch.tensor([-1.0, 1.0, 2.0]))
    tensor([0.0000, 1.0000, 1.5000])
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if max_value is not None:
            max_value = _not_negative("ReLU", "max_value", max_value)
        self.max_value = max_value
        self.negative_slope = _not_negative("ReLU", "negative_slope", negative_slope)
        self.threshold = _not_negative("ReLU", "threshold", threshold)
        self._plain = max_value is None and negative_slope == 0 and threshold == 0

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the rectified inputs."""
        if self._plain:
            return torch.relu(inputs)
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@LAYERS.register()
class LeakyReLU(_Elementwise):
    """`x`, or `negative_slope * x` below zero.

    Args:
        negative_slope: Slope below zero.

    >>> import torch, torchkeras as keras
    >>> keras.layers.LeakyReLU(0.5)(torch.tensor([-2.0, 3.0]))
    tensor([-1.,  3.])
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:  # its name in older scripts
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        self.negative_slope = _not_negative("LeakyReLU", "negative_slope", negative_slope)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the rectified inputs."""
        return F.leaky_relu(inputs, self.negative_slope)


@LAYERS.register()
class ELU(_Elementwise):
    """`x`, or `alpha * (exp(x) - 1)` below zero.

    Args:
        alpha: Size of the negative part.

    >>> import torch, torchkeras as keras
    >>> keras.layers.ELU()(torch.tensor([0.0, 3.0]))
    tensor([0., 3.])
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the activation of the inputs."""
        return F.elu(inputs, self.alpha)


@LAYERS.register()
class PReLU(_Elementwise):
    """`x`, or `alpha * x` below zero, with learned slopes.

    Args:
        alpha_initializer: Initializer of the slopes.
        alpha_regularizer: Penalty on the slopes.
        alpha_constraint: Constraint of the slopes after each step.
        shared_axes: Axes (counted from 1) along which the slopes are shared.

    >>> import torch, torchkeras as keras
    >>> keras.layers.PReLU()(torch.tensor([[-2.0, 3.0]])).detach()
    tensor([[0., 3.]])
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.built = False
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if shared_axes is not None and not isinstance(shared_axes, (list, tuple)):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)

    def build(self, input_shape: Any) -> None:
        """Create the slopes."""
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        self.alpha = self.add_weight(
            shape=tuple(shape),
            name="alpha",
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        shared = self.shared_axes or ()
        self._shared = 0  # leading axes with one slope
        while self._shared + 1 in shared:
            self._shared += 1
        axes = {i: input_shape[i] for i in range(1, len(input_shape)) if i not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the rectified inputs."""
        alpha = self.alpha
        # torch's kernel takes a slope for each column, and has another gradient at 0.
        if alpha.shape[self._shared :] == inputs.shape[1 + self._shared :] and not (
            torch.is_grad_enabled() or inputs.dtype is not alpha.dtype
        ):
            columns = inputs.reshape(-1, alpha.numel())
            return F.prelu(columns, alpha.reshape(-1)).view(inputs.shape)
        return torch.relu(inputs) - alpha * torch.relu(-inputs)


@LAYERS.register()
class Softmax(_Elementwise):
    """`exp(x)` divided by its sum along axes; masked entries get nothing.

    Args:
        axis: Axis or axes of the sum.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Softmax()(torch.zeros(1, 2))
    tensor([[0.5000, 0.5000]])
    """

    def __init__(self, axis: int | list[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Return the shares."""
        if mask is not None:
            _check_mask(inputs, mask)
            out = masked_softmax(inputs, mask, self.axis)
            if get_mask(inputs) is not None:
                out._keras_mask = get_mask(inputs)  # type: ignore[attr-defined]
            return out
        if isinstance(self.axis, int):
            return torch.softmax(inputs, self.axis)
        return activations.softmax(inputs, self.axis)


def _check_mask(x: torch.Tensor, mask: torch.Tensor) -> None:
    sizes = x.shape[x.ndim - mask.ndim :]
    if mask.ndim > x.ndim or any(m not in (1, n) for m, n in zip(mask.shape, sizes, strict=True)):
        raise ValueError(
            "Softmax: the mask must have the inputs' shape, or broadcast to it. "
            f"Received: mask of shape {tuple(mask.shape)}, inputs of shape {tuple(x.shape)}."
        )


def masked_softmax(x: torch.Tensor, mask: torch.Tensor, axis: Any = -1) -> torch.Tensor:
    """Return the shares of what the mask shows: nothing where all is hidden."""
    mask = mask if mask.dtype is torch.bool else mask.bool()
    x = x.masked_fill(~mask, torch.finfo(x.dtype).min)
    out = torch.softmax(x, axis) if isinstance(axis, int) else activations.softmax(x, axis)
    return out * mask
