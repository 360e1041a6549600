"""Convolutions, pooling and images under old names."""

from typing import Any

from torchkeras import ops
from torchkeras._base import config

_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": None}


def _conv(x, kernel, strides, padding, data_format, dilation_rate):
    causal = padding == "causal"
    if causal:
        reach = (dilation_rate if isinstance(dilation_rate, int) else dilation_rate[0]) * (
            kernel.shape[0] - 1
        )
        first = (data_format or config.image_data_format()) == "channels_first"
        x = ops.pad(x, ((0, 0), (0, 0), (reach, 0)) if first else ((0, 0), (reach, 0), (0, 0)))
    return ops.conv(
        x,
        kernel,
        strides=strides,
        padding="valid" if causal else padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
    )


def conv1d(
    x: Any,
    kernel: Any,
    strides: int = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int = 1,
) -> Any:
    """Convolve sequences; `padding` may be `"causal"`."""
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolve images."""
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1, 1),
) -> Any:
    """Convolve volumes."""
    return _conv(x, kernel, strides, padding, data_format, dilation_rate)


def atrous_conv2d(
    x: Any,
    kernel: Any,
    rate: int = 1,
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """Convolve images with a dilated kernel, as Keras 1 called it."""
    return _conv(x, kernel, 1, border_mode, _FORMATS[dim_ordering], rate)


def _conv_transpose(x, kernel, output_shape, strides, padding, data_format, dilation_rate):
    data_format = data_format or config.image_data_format()
    rank = len(x.shape) - 2
    steps = (strides,) * rank if isinstance(strides, int) else tuple(strides)
    return ops.conv_transpose(
        x,
        kernel,
        strides=steps,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        output_padding=_output_padding(
            x, kernel, output_shape, steps, padding, data_format, dilation_rate
        ),
    )


def _output_padding(x, kernel, output_shape, steps, padding, data_format, dilation_rate):
    """Return what makes the result as large as is wanted; None if that is the usual size."""
    at = slice(2, None) if data_format == "channels_first" else slice(1, -1)
    wanted, have = tuple(output_shape)[at], tuple(x.shape)[at]
    rank = len(steps)
    rates = (dilation_rate,) * rank if isinstance(dilation_rate, int) else tuple(dilation_rate)
    if any(not isinstance(n, int) for n in (*wanted, *have)):
        return None
    extra = []
    for n, s, step, k, rate in zip(wanted, have, steps, kernel.shape, rates, strict=False):
        reach = (k - 1) * rate + 1
        trimmed = 2 * (reach // 2) if padding == "same" else 0
        extra.append(int(n) - ((s - 1) * step + reach - trimmed))
    return tuple(extra)


def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolve backwards to images of `output_shape`."""
    return _conv_transpose(x, kernel, output_shape, strides, padding, data_format, dilation_rate)


def conv3d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """Convolve backwards to volumes of `output_shape`."""
    return _conv_transpose(x, kernel, output_shape, strides, padding, data_format, 1)


def deconv2d(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """`conv2d_transpose` of Keras 1."""
    data_format = _FORMATS[dim_ordering]
    return _conv_transpose(x, kernel, output_shape, strides, border_mode, data_format, 1)


def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolve each channel of images by itself."""
    return ops.depthwise_conv(
        x, depthwise_kernel, strides, padding, data_format=data_format, dilation_rate=dilation_rate
    )


def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolve each channel of sequences by itself, then mix the channels."""
    return ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate
    )


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolve each channel of images by itself, then mix the channels."""
    return ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate
    )


def _pool(x, pool_size, strides, padding, data_format, pool_mode):
    if pool_mode not in ("max", "avg"):
        raise ValueError(f"pool: pool_mode must be 'max' or 'avg'. Received: {pool_mode!r}.")
    pool = ops.max_pool if pool_mode == "max" else ops.average_pool
    return pool(x, pool_size, strides, padding, data_format)


def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """Return the largest value, or the mean, of each window of images."""
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """Return the largest value, or the mean, of each window of volumes."""
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """Add a bias for each channel, or one that has all dimensions but the batch."""
    first = (data_format or config.image_data_format()) == "channels_first"
    if len(bias.shape) not in (1, len(x.shape) - 1):
        raise ValueError(
            f"bias_add: bias must have 1 or {len(x.shape) - 1} dimensions. "
            f"Received: shape={tuple(bias.shape)}."
        )
    if first and len(x.shape) > 2:
        if len(bias.shape) == 1:
            return x + ops.reshape(bias, (1, -1, *[1] * (len(x.shape) - 2)))
        # Old Keras laid the numbers out anew; it did not transpose them.
        bias = ops.reshape(bias, (1, bias.shape[-1], *bias.shape[:-1]))
    return x + bias


def local_conv1d(
    inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: str | None = None
) -> Any:
    """Convolve sequences with a kernel of its own at each step."""
    first = (data_format or config.image_data_format()) == "channels_first"
    x = ops.transpose(inputs, (0, 2, 1)) if first else inputs
    width, step = kernel_size[0], strides[0]
    steps = kernel.shape[0]
    windows = [
        ops.reshape(x[:, i * step : i * step + width], (-1, 1, width * x.shape[-1]))
        for i in range(steps)
    ]
    out = ops.einsum("bsi,sio->bso", ops.concatenate(windows, axis=1), kernel)
    return ops.transpose(out, (0, 2, 1)) if first else out


def local_conv2d(
    inputs: Any,
    kernel: Any,
    kernel_size: Any,
    strides: Any,
    output_shape: Any,
    data_format: str | None = None,
) -> Any:
    """Convolve images with a kernel of its own at each place."""
    first = (data_format or config.image_data_format()) == "channels_first"
    (rows, cols), (down, right) = output_shape, strides
    tall, wide = kernel_size
    windows = []
    for r in range(rows):
        for c in range(cols):
            top, left = r * down, c * right
            at = (slice(top, top + tall), slice(left, left + wide))
            window = (
                inputs[(slice(None), slice(None), *at)] if first else inputs[(slice(None), *at)]
            )
            windows.append(ops.reshape(window, (-1, 1, kernel.shape[1])))
    out = ops.einsum("bsi,sio->bso", ops.concatenate(windows, axis=1), kernel)
    out = ops.reshape(out, (-1, rows, cols, kernel.shape[-1]))
    return ops.transpose(out, (0, 3, 1, 2)) if first else out


def resize_images(
    x: Any,
    height_factor: int,
    width_factor: int,
    data_format: str | None,
    interpolation: str = "nearest",
) -> Any:
    """Return images larger by whole factors."""
    data_format = _FORMATS.get(data_format, data_format) or config.image_data_format()
    rows, cols = (2, 3) if data_format == "channels_first" else (1, 2)
    if interpolation == "nearest":
        return ops.repeat(ops.repeat(x, height_factor, axis=rows), width_factor, axis=cols)
    size = (x.shape[rows] * height_factor, x.shape[cols] * width_factor)
    return ops.image.resize(x, size, interpolation=interpolation, data_format=data_format)


def resize_volumes(
    x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str | None
) -> Any:
    """Return volumes larger by whole factors."""
    data_format = _FORMATS.get(data_format, data_format) or config.image_data_format()
    first = 2 if data_format == "channels_first" else 1
    for axis, factor in enumerate((depth_factor, height_factor, width_factor), first):
        x = ops.repeat(x, factor, axis=axis)
    return x
