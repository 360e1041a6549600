"""Depthwise convolutions: each channel has filters of its own."""

from typing import Any

import torch

from torchkeras import constraints, initializers, regularizers
from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.convolution._nd import ConvND
from torchkeras.ops.convolution import CONVOLVE


class DepthwiseND(ConvND):
    """Base of the layers that convolve depthwise."""

    def __init__(
        self,
        kernel_size: Any,
        *,
        depth_multiplier: int,
        depthwise_initializer: Any,
        depthwise_regularizer: Any,
        depthwise_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(kernel_size, **kwargs)
        owner = type(self).__name__
        self.depth_multiplier = check.positive_int(owner, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        # (k..., channels, multiplier) -> (channels, multiplier, k...) -> torch's (filters, 1, k...)
        self._to_depthwise = (self.rank, self.rank + 1, *range(self.rank))

    def _build_depthwise(self, input_shape: Any, name: str) -> int:
        """Create the depthwise kernel `(*kernel_size, channels, depth_multiplier)`."""
        channels = self._channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        kernel = self._add_kernel("depthwise", name, shape)
        setattr(self, name, kernel)
        self._filter_shape = (channels * self.depth_multiplier, 1, *self.kernel_size)
        self._groups = channels
        return channels

    def _depthwise(
        self, x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        """Return the depthwise convolution in torch's order of dimensions."""
        if x.dtype is not kernel.dtype:
            x = x.to(kernel.dtype)
        padding = self._padding
        if padding is None or self._fill is not None:
            x, padding = self._padded(x)
        if self._channels_last:
            x = x.permute(self._to_torch)
        weight = kernel.permute(self._to_depthwise).reshape(self._filter_shape)
        return CONVOLVE[self.rank](
            x, weight, bias, self.strides, padding, self.dilation_rate, self._groups
        )


class DepthwiseConv(DepthwiseND):
    """The depthwise convolution of any rank."""

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
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

    def build(self, input_shape: Any) -> None:
        """Create the kernel `(*kernel_size, channels, depth_multiplier)` and the bias."""
        channels = self._build_depthwise(input_shape, "kernel")
        self._finish_build(channels, channels * self.depth_multiplier)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(depthwise_convolution(inputs, kernel) + bias)`."""
        return self._finished(self._depthwise(inputs, self.kernel, self.bias))

    def _output_channels(self, channels: int | None) -> int | None:
        return None if channels is None else channels * self.depth_multiplier


@LAYERS.register()
class DepthwiseConv1D(DepthwiseConv):
    """Convolution over steps of each channel apart, `depth_multiplier` filters a channel.

    Args:
        kernel_size: Length of the window.
        strides: Steps from one window to the next.
        padding: `"valid"` (none) or `"same"` (`ceil(steps / strides)` outputs).
        depth_multiplier: Number of output channels for each input channel.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements.
        activation: Function of the result.
        use_bias: Whether a bias is added.
        depthwise_initializer, bias_initializer: Initial values.
        depthwise_regularizer, bias_regularizer, activity_regularizer: Penalties.
        depthwise_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, steps, channels) -> (batch, new_steps, channels * depth_multiplier)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.DepthwiseConv1D(3, depth_multiplier=2)(torch.ones(2, 10, 3)).shape
    torch.Size([2, 8, 6])
    """

    rank = 1


@LAYERS.register()
class DepthwiseConv2D(DepthwiseConv):
    """Convolution over images of each channel apart, `depth_multiplier` filters a channel.

    Args:
        kernel_size: Height and width of the window.
        strides: Pixels from one window to the next.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs).
        depth_multiplier: Number of output channels for each input channel.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements.
        activation: Function of the result.
        use_bias: Whether a bias is added.
        depthwise_initializer, bias_initializer: Initial values.
        depthwise_regularizer, bias_regularizer, activity_regularizer: Penalties.
        depthwise_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, height, width, channels) -> (batch, ..., channels * depth_multiplier)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.DepthwiseConv2D(3, padding="same")(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 8, 8, 3])
    """

    rank = 2
