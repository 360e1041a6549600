"""Transposed convolutions: the gradient of a convolution, used to go from small to large."""

from typing import Any

import torch

from torchkeras import constraints, initializers, regularizers
from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.convolution._nd import ConvND
from torchkeras.ops import _window
from torchkeras.ops.convolution import TRANSPOSED


class ConvTranspose(ConvND):
    """The transposed convolution of any rank."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        output_padding: int | tuple[int, ...] | None = None,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
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
        self._refuse_strided_dilation()
        self.output_padding = self._checked_output_padding(owner, output_padding)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        growths = [self._growth(axis) for axis in range(self.rank)]
        self._padding, self._grow, self._trim = _window.crop(self._windows, growths)

    def _checked_output_padding(self, owner: str, value: Any) -> tuple[int, ...] | None:
        if value is None:
            return None
        value = check.ntuple(owner, "output_padding", value, self.rank, minimum=0)
        if any(o >= s for o, s in zip(value, self.strides, strict=True)):
            raise ValueError(
                f"{owner}: output_padding must be smaller than strides in every dimension. "
                f"Received: output_padding={value}, strides={self.strides}."
            )
        return value

    def _growth(self, axis: int) -> int:
        """Return the output's size less `(size - 1) * stride`."""
        more = None if self.output_padding is None else self.output_padding[axis]
        return _window.growth(self._windows[axis], self.strides[axis], self.padding, more)

    def build(self, input_shape: Any) -> None:
        """Create the kernel `(*kernel_size, filters, channels)` and the bias."""
        channels = self._channels(input_shape)
        shape = (*self.kernel_size, self.filters, channels)
        self.kernel = self._add_kernel("kernel", "kernel", shape, order=self._memory)
        self._finish_build(channels, self.filters)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(transposed_convolution(inputs, kernel) + bias)`."""
        kernel = self.kernel
        if inputs.dtype is not kernel.dtype:
            inputs = inputs.to(kernel.dtype)
        if self._channels_last:
            inputs = inputs.permute(self._to_torch)
        y = TRANSPOSED[self.rank](
            inputs,
            kernel.permute(self._to_oihw),
            None,
            self.strides,
            self._padding,
            self._grow,
            1,
            self.dilation_rate,
        )
        if self.bias is not None:  # torch's CPU kernel is several times slower with a bias
            y = y + self.bias.view(-1, *(1,) * self.rank)
        return self._finished(y)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        owner = type(self).__name__
        shape = _window.checked_shape(owner, input_shape, self.rank)
        spatial, _ = _window.split(shape, self._channels_last)
        out = tuple(
            None if n is None else (n - 1) * s + self._growth(axis)
            for axis, (n, s) in enumerate(zip(spatial, self.strides, strict=True))
        )
        if any(n is not None and n <= 0 for n in out):
            raise ValueError(
                f"{owner}: the output would be empty. {received('input_shape', shape)}"
            )
        return _window.join(shape[0], out, self.filters, self._channels_last)


@LAYERS.register("Convolution1DTranspose")
class Conv1DTranspose(ConvTranspose):
    """Transposed convolution over steps, from few to many.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window.
        strides: Steps of the output to one of the input.
        padding: `"valid"` (all that the windows reach) or `"same"` (`steps * strides`).
        output_padding: Steps added at the end, less than `strides`; None: as `padding` says.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements; not with strides.
        activation: Function of the result.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, steps, channels) -> (batch, new_steps, filters)`.

    Raises:
        ValueError: for arguments that exclude each other.

    Dumoulin and Visin, 2016, https://arxiv.org/abs/1603.07285

    >>> import torch, torchkeras as keras
    >>> keras.layers.Conv1DTranspose(4, 3, strides=2)(torch.ones(2, 10, 3)).shape
    torch.Size([2, 21, 4])
    """

    rank = 1


@LAYERS.register("Convolution2DTranspose")
class Conv2DTranspose(ConvTranspose):
    """Transposed convolution over images, from small to large.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the window.
        strides: Pixels of the output to one of the input.
        padding: `"valid"` (all that the windows reach) or `"same"` (`size * strides`).
        output_padding: Pixels added at the end, less than `strides`; None: as `padding` says.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements; not with strides.
        activation: Function of the result.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, height, width, channels) -> (batch, new_height, new_width, filters)`.

    Raises:
        ValueError: for arguments that exclude each other.

    Dumoulin and Visin, 2016, https://arxiv.org/abs/1603.07285

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")
    >>> layer(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 16, 16, 4])
    """

    rank = 2


@LAYERS.register("Convolution3DTranspose")
class Conv3DTranspose(ConvTranspose):
    """Transposed convolution over volumes, from small to large.

    Args:
        filters: Number of output channels.
        kernel_size: Depth, height and width of the window.
        strides: Voxels of the output to one of the input.
        padding: `"valid"` (all that the windows reach) or `"same"` (`size * strides`).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        output_padding: Voxels added at the end, less than `strides`; None: as `padding` says.
        dilation_rate: Distance between the window's elements; not with strides.
        activation: Function of the result.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties.
        kernel_constraint, bias_constraint: Constraints after each step.

    Shapes: `(batch, depth, height, width, channels) -> (batch, ..., filters)`.

    Raises:
        ValueError: for arguments that exclude each other.

    Dumoulin and Visin, 2016, https://arxiv.org/abs/1603.07285

    >>> import torch, torchkeras as keras
    >>> keras.layers.Conv3DTranspose(4, 2, strides=2)(torch.ones(1, 3, 3, 3, 2)).shape
    torch.Size([1, 6, 6, 6, 4])
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: int | tuple[int, ...] | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
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
        # Keras has data_format and output_padding in another order here than in 1D and 2D.
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


# The other names that Keras has for them.
Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
