"""Separable convolutions: one over space for each channel, then one over the channels."""

from typing import Any

import torch

from torchkeras import constraints, initializers, regularizers
from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.convolution.depthwise import DepthwiseND
from torchkeras.ops.convolution import CONVOLVE


class SeparableConv(DepthwiseND):
    """The separable convolution of any rank."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides=strides,
            padding=padding,
            depth_multiplier=depth_multiplier,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.filters = check.positive_int(type(self).__name__, "filters", filters)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)
        self._ones, self._zeros = (1,) * self.rank, (0,) * self.rank

    def build(self, input_shape: Any) -> None:
        """Create `(*kernel_size, channels, multiplier)`, `(1..., channels * multiplier, filters)`.

        And the bias, of shape `(filters,)`.
        """
        channels = self._build_depthwise(input_shape, "depthwise_kernel")
        shape = (*self._ones, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self._add_kernel(
            "pointwise", "pointwise_kernel", shape, order=self._memory
        )
        self._finish_build(channels, self.filters)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(pointwise(depthwise(inputs)) + bias)`."""
        y = CONVOLVE[self.rank](
            self._depthwise(inputs, self.depthwise_kernel, None),
            self.pointwise_kernel.permute(self._to_oihw),
            self.bias,
            self._ones,
            self._zeros,
            self._ones,
            1,
        )
        return self._finished(y)


@LAYERS.register("SeparableConvolution1D")
class SeparableConv1D(SeparableConv):
    """Depthwise convolution over steps, then a mix of the channels.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window.
        strides: Steps from one window to the next.
        padding: `"valid"` (none) or `"same"` (`ceil(steps / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements.
        depth_multiplier: Number of channels in between for each input channel.
        activation: Function of the result.
        use_bias: Whether a bias is added, at the end.
        depthwise_initializer, pointwise_initializer, bias_initializer: Initial values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer:
            Penalties.
        depthwise_constraint, pointwise_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, steps, channels) -> (batch, new_steps, filters)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.SeparableConv1D(4, 3)(torch.ones(2, 10, 3)).shape
    torch.Size([2, 8, 4])
    """

    rank = 1


@LAYERS.register("SeparableConvolution2D")
class SeparableConv2D(SeparableConv):
    """Depthwise convolution over images, then a mix of the channels.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the window.
        strides: Pixels from one window to the next.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements.
        depth_multiplier: Number of channels in between for each input channel.
        activation: Function of the result.
        use_bias: Whether a bias is added, at the end.
        depthwise_initializer, pointwise_initializer, bias_initializer: Initial values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer:
            Penalties.
        depthwise_constraint, pointwise_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, height, width, channels) -> (batch, new_height, new_width, filters)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    Chollet, 2017, https://arxiv.org/abs/1610.02357

    >>> import torch, torchkeras as keras
    >>> keras.layers.SeparableConv2D(4, 3, padding="same")(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 8, 8, 4])
    """

    rank = 2


# The other names that Keras has for them.
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
