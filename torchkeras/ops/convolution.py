"""Convolutions of any rank, with kernels in Keras's order."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base import check, config
from torchkeras.ops import _window
from torchkeras.ops._op import NN, op, promote, to_float

Tensor = torch.Tensor
Sizes = int | Sequence[int]


def conv1d(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> Tensor:  # fmt: skip
    """Convolve as an image of height 1: `torch.conv1d` copies what is not channels first."""
    return torch.conv2d(
        x.unsqueeze(2),
        weight.unsqueeze(2),
        bias,
        (1, *stride),
        (0, *padding),
        (1, *dilation),
        groups,
    ).squeeze(2)


def conv_transpose1d(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Tensor:  # fmt: skip
    """Work on an image of height 1, as `conv1d` does."""
    return torch.conv_transpose2d(
        x.unsqueeze(2),
        weight.unsqueeze(2),
        bias,
        (1, *stride),
        (0, *padding),
        (0, *output_padding),
        groups,
        (1, *dilation),
    ).squeeze(2)


# torch's kernels by rank.
CONVOLVE = {1: conv1d, 2: torch.conv2d, 3: torch.conv3d}
TRANSPOSED = {1: conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}


class _Geometry:
    """The checked arguments of one convolution."""

    def __init__(
        self, owner: str, inputs: Any, kernels: Sequence[Any], strides: Sizes, padding: str,
        data_format: str | None, dilation_rate: Sizes,
    ) -> None:  # fmt: skip
        x, *self.kernels = promote(*(to_float(t) for t in (inputs, *kernels)))
        self.owner, self.rank = owner, x.ndim - 2
        if self.rank not in CONVOLVE or any(k.ndim != x.ndim for k in self.kernels):
            raise ValueError(
                f"{owner}: inputs and kernel must have 3, 4 or 5 dimensions, both as many. "
                f"Received: inputs of shape {tuple(x.shape)}, kernel of shape "
                f"{tuple(self.kernels[0].shape)}."
            )
        self.last = config.standardize_data_format(data_format, owner) == "channels_last"
        self.padding = check.one_of(owner, "padding", padding, ("valid", "same"))
        self.strides = check.ntuple(owner, "strides", strides, self.rank)
        self.dilations = check.ntuple(owner, "dilation_rate", dilation_rate, self.rank)
        self.size = tuple(self.kernels[0].shape[: self.rank])
        self.windows = tuple(
            (k - 1) * d + 1 for k, d in zip(self.size, self.dilations, strict=True)
        )
        self.x = x.permute(_window.to_torch(self.rank)) if self.last else x
        self.channels = self.x.shape[1]

    def out(self, y: Tensor) -> Tensor:
        return y.permute(_window.to_keras(self.rank)) if self.last else y

    def refuse(self, what: str) -> ValueError:
        return ValueError(
            f"{self.owner}: {what}. Received: {self.channels} channels, kernel of shape "
            f"{tuple(self.kernels[0].shape)}."
        )

    def convolve(self, kernel: Tensor, groups: int) -> Tensor:
        """Convolve with a kernel of the order `(*size, channels of a group, filters)`."""
        spatial = self.x.shape[2:]
        _window.output_sizes(
            self.owner, tuple(self.x.shape), spatial, self.windows, self.strides, self.padding
        )
        x, padding = self.x, (0,) * self.rank
        if self.padding == "same":
            padding, more = _window.same_padding(spatial, self.windows, self.strides)
            if 1 in more:
                x = torch.constant_pad_nd(x, _window.around([(0, n) for n in more], False))
        return CONVOLVE[self.rank](
            x, self._oihw(kernel), None, self.strides, padding, self.dilations, groups
        )

    def _oihw(self, kernel: Tensor) -> Tensor:
        return kernel.permute(self.rank + 1, self.rank, *range(self.rank))

    def pointwise(self, x: Tensor, kernel: Tensor) -> Tensor:
        ones, zeros = (1,) * self.rank, (0,) * self.rank
        return CONVOLVE[self.rank](x, self._oihw(kernel), None, ones, zeros, ones, 1)

    def depthwise(self) -> Tensor:
        kernel = self.kernels[0]
        if kernel.shape[-2] != self.channels:
            raise self.refuse("the kernel must have the shape (*size, channels, multiplier)")
        return self.convolve(kernel.reshape(*self.size, 1, -1), self.channels)

    def transposed(self, output_padding: Sizes | None) -> Tensor:
        if self.kernels[0].shape[-1] != self.channels:
            raise self.refuse("the kernel must have the shape (*size, filters, channels)")
        more: Sequence[int | None] = (None,) * self.rank
        if output_padding is not None:
            more = check.ntuple(self.owner, "output_padding", output_padding, self.rank, minimum=0)
            if any(m >= s for m, s in zip(more, self.strides, strict=True)):
                raise ValueError(
                    f"{self.owner}: output_padding must be smaller than strides in every "
                    f"dimension. Received: output_padding={more}, strides={self.strides}."
                )
        growths = [
            _window.growth(w, s, self.padding, m)
            for w, s, m in zip(self.windows, self.strides, more, strict=True)
        ]
        padding, grow, trim = _window.crop(self.windows, growths)
        y = TRANSPOSED[self.rank](
            self.x,
            self._oihw(self.kernels[0]),
            None,
            self.strides,
            padding,
            grow,
            1,
            self.dilations,
        )
        return y if trim is None else y[trim]


@op("Conv", module=NN, tensors=2)
def _conv(
    inputs: Any, kernel: Any, strides: Sizes = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Sizes = 1,
) -> Any:  # fmt: skip
    g = _Geometry("conv", inputs, (kernel,), strides, padding, data_format, dilation_rate)
    kernel = g.kernels[0]
    groups, rest = divmod(g.channels, kernel.shape[-2] or 1)
    if rest or not groups or kernel.shape[-1] % groups:
        raise g.refuse("the kernel's channels must divide the inputs', in groups of the filters")
    return g.out(g.convolve(kernel, groups))


@op("DepthwiseConv", module=NN, tensors=2)
def _depthwise_conv(
    inputs: Any, kernel: Any, strides: Sizes = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Sizes = 1,
) -> Any:  # fmt: skip
    owner = "depthwise_conv"
    g = _Geometry(owner, inputs, (kernel,), strides, padding, data_format, dilation_rate)
    return g.out(g.depthwise())


@op("SeparableConv", module=NN, tensors=3)
def _separable_conv(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Sizes = 1,
    padding: str = "valid", data_format: str | None = None, dilation_rate: Sizes = 1,
) -> Any:  # fmt: skip
    kernels = (depthwise_kernel, pointwise_kernel)
    g = _Geometry("separable_conv", inputs, kernels, strides, padding, data_format, dilation_rate)
    y = g.depthwise()
    if g.kernels[1].shape[:-1] != (*(1,) * g.rank, y.shape[1]):
        raise ValueError(
            "separable_conv: pointwise_kernel must have the shape (1, ..., channels * multiplier, "
            f"filters). Received: pointwise_kernel of shape {tuple(g.kernels[1].shape)}."
        )
    return g.out(g.pointwise(y, g.kernels[1]))


@op("ConvTranspose", module=NN, tensors=2)
def _conv_transpose(
    inputs: Any, kernel: Any, strides: Sizes = 1, padding: str = "valid",
    output_padding: Sizes | None = None, data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Any:  # fmt: skip
    owner = "conv_transpose"
    g = _Geometry(owner, inputs, (kernel,), strides, padding, data_format, dilation_rate)
    return g.out(g.transposed(output_padding))


def conv(
    inputs: Any, kernel: Any, strides: Sizes = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Sizes = 1,
) -> Tensor:  # fmt: skip
    """Convolve over one, two or three dimensions.

    Args:
        inputs: `(batch, *spatial, channels)`, or channels first.
        kernel: `(*size, channels, filters)`; with fewer channels than the inputs, in groups.
        strides: Steps from one window to the next.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        dilation_rate: Distance between the window's elements.

    Raises:
        ValueError: for shapes that do not fit, or an empty output.

    >>> import torch, torchkeras as keras
    >>> keras.ops.conv(torch.ones(1, 8, 8, 3), torch.ones(3, 3, 3, 4), padding="same").shape
    torch.Size([1, 8, 8, 4])
    """
    data_format = config.standardize_data_format(data_format, "conv")
    return _conv(inputs, kernel, strides, str(padding).lower(), data_format, dilation_rate)


def depthwise_conv(
    inputs: Any, kernel: Any, strides: Sizes = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Sizes = 1,
) -> Tensor:  # fmt: skip
    """Convolve each channel by itself; `kernel` is `(*size, channels, multiplier)`.

    The other arguments are those of `conv`.

    >>> import torch, torchkeras as keras
    >>> keras.ops.depthwise_conv(torch.ones(1, 8, 8, 3), torch.ones(3, 3, 3, 2)).shape
    torch.Size([1, 6, 6, 6])
    """
    data_format = config.standardize_data_format(data_format, "depthwise_conv")
    padding = str(padding).lower()
    return _depthwise_conv(inputs, kernel, strides, padding, data_format, dilation_rate)


def separable_conv(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Sizes = 1,
    padding: str = "valid", data_format: str | None = None, dilation_rate: Sizes = 1,
) -> Tensor:  # fmt: skip
    """Convolve each channel by itself, then mix the channels.

    Args:
        inputs: As of `conv`.
        depthwise_kernel: `(*size, channels, multiplier)`.
        pointwise_kernel: `(1, ..., channels * multiplier, filters)`.
        strides, padding, data_format, dilation_rate: As of `conv`.

    >>> import torch, torchkeras as keras
    >>> kernels = torch.ones(3, 3, 2), torch.ones(1, 6, 4)
    >>> keras.ops.separable_conv(torch.ones(1, 8, 3), *kernels).shape
    torch.Size([1, 6, 4])
    """
    data_format = config.standardize_data_format(data_format, "separable_conv")
    return _separable_conv(
        inputs, depthwise_kernel, pointwise_kernel, strides, str(padding).lower(), data_format,
        dilation_rate,
    )  # fmt: skip


def conv_transpose(
    inputs: Any, kernel: Any, strides: Sizes = 1, padding: str = "valid",
    output_padding: Sizes | None = None, data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:  # fmt: skip
    """Go the way of a convolution's gradient, from small to large.

    Args:
        inputs: As of `conv`.
        kernel: `(*size, filters, channels)`.
        strides: Steps of the output to one of the input.
        padding: `"valid"` (all that the windows reach) or `"same"` (`size * strides`).
        output_padding: Elements added at the end; less than `strides`.
        data_format, dilation_rate: As of `conv`.

    >>> import torch, torchkeras as keras
    >>> keras.ops.conv_transpose(torch.ones(1, 4, 3), torch.ones(3, 2, 3), 2, "same").shape
    torch.Size([1, 8, 2])
    """
    data_format = config.standardize_data_format(data_format, "conv_transpose")
    return _conv_transpose(
        inputs, kernel, strides, str(padding).lower(), output_padding, data_format, dilation_rate
    )
