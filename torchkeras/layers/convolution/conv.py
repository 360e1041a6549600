"""Convolutions: each filter sees a window over all channels (or those of its group)."""

from typing import Any

import torch

from torchkeras import constraints, initializers, regularizers
from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.adapters.lora import LowRank
from torchkeras.layers.convolution._nd import ConvND
from torchkeras.ops.convolution import CONVOLVE


class Conv(LowRank, ConvND):
    """The convolution of any rank."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        owner = type(self).__name__
        self.filters = check.positive_int(owner, "filters", filters)
        self.groups = check.positive_int(owner, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{owner}: filters must be a multiple of groups. "
                f"Received: filters={filters}, groups={groups}."
            )
        self._refuse_strided_dilation()
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self._own_op = type(self).convolution_op is not Conv.convolution_op

    def build(self, input_shape: Any) -> None:
        """Create the kernel `(*kernel_size, channels / groups, filters)` and the bias."""
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{type(self).__name__}: the channels of the inputs must be a multiple of groups. "
                f"Received: groups={self.groups}, input_shape={input_shape}."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._add_kernel("kernel", "kernel", shape, order=self._memory)
        self._finish_build(channels, self.filters)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(convolution(inputs, kernel) + bias)`."""
        kernel, bias = self.kernel, self.bias
        if inputs.dtype is not kernel.dtype:
            inputs = inputs.to(kernel.dtype)  # integers; floats are cast before the call
        if not self._own_op:
            return self._finished(self._convolve(inputs, kernel, bias))
        y = self.convolution_op(inputs, kernel)
        if bias is not None:
            y = y + (bias if self._channels_last else bias.reshape(-1, *(1,) * self.rank))
        return self.activation(y)

    def convolution_op(self, inputs: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        """Return the convolution without bias and activation; a subclass may define its own."""
        y = self._convolve(inputs, kernel, None)
        return y.permute(self._to_keras) if self._channels_last else y

    def _convolve(
        self, x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        padding = self._padding
        if padding is None or self._fill is not None:
            x, padding = self._padded(x)
        if self._channels_last:
            x = x.permute(self._to_torch)
        return CONVOLVE[self.rank](
            x,
            kernel.permute(self._to_oihw),
            bias,
            self.strides,
            padding,
            self.dilation_rate,
            self.groups,
        )


@LAYERS.register("Convolution1D")
class Conv1D(Conv):
    """Convolution over steps: `activation(sum_k inputs[t * stride + k] @ kernel[k] + bias)`.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window.
        strides: Steps from one window to the next.
        padding: `"valid"` (none), `"same"` (`ceil(steps / strides)` outputs) or `"causal"` (an
            output sees no later step).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements; not with strides.
        groups: Number of groups of channels that are convolved apart.
        activation: Function of the result.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, steps, channels) -> (batch, new_steps, filters)`.

    Raises:
        ValueError: for arguments that exclude each other, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Conv1D(4, 3, padding="causal")(torch.ones(2, 10, 3)).shape
    torch.Size([2, 10, 4])
    """

    rank = 1
    _paddings = ("valid", "same", "causal")


@LAYERS.register("Convolution2D")
class Conv2D(Conv):
    """Convolution over images: `activation(inputs * kernel + bias)`.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the window.
        strides: Pixels from one window to the next.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements; not with strides.
        groups: Number of groups of channels that are convolved apart.
        activation: Function of the result.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, height, width, channels) -> (batch, new_height, new_width, filters)`.

    Raises:
        ValueError: for arguments that exclude each other, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Conv2D(4, 3, strides=2, padding="same")(torch.ones(1, 9, 9, 3)).shape
    torch.Size([1, 5, 5, 4])
    """

    rank = 2


@LAYERS.register("Convolution3D")
class Conv3D(Conv):
    """Convolution over volumes: `activation(inputs * kernel + bias)`.

    Args:
        filters: Number of output channels.
        kernel_size: Depth, height and width of the window.
        strides: Voxels from one window to the next.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements; not with strides.
        groups: Number of groups of channels that are convolved apart.
        activation: Function of the result.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, depth, height, width, channels) -> (batch, ..., filters)`.

    Raises:
        ValueError: for arguments that exclude each other, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Conv3D(4, 3)(torch.ones(1, 5, 5, 5, 2)).shape
    torch.Size([1, 3, 3, 3, 4])
    """

    rank = 3


# The other names that Keras has for them.
Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
