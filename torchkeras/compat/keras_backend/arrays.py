"""Arithmetic, reductions, shapes: today's ops under old names and argument orders."""

import builtins
from typing import Any

import numpy as np

from torchkeras import ops
from torchkeras._base import config
from torchkeras.compat.keras_backend.state import variable
from torchkeras.ops import abs as abs
from torchkeras.ops import all as all
from torchkeras.ops import any as any
from torchkeras.ops import cast as cast
from torchkeras.ops import cos as cos
from torchkeras.ops import equal as equal
from torchkeras.ops import exp as exp
from torchkeras.ops import greater as greater
from torchkeras.ops import greater_equal as greater_equal
from torchkeras.ops import less as less
from torchkeras.ops import less_equal as less_equal
from torchkeras.ops import log as log
from torchkeras.ops import logsumexp as logsumexp
from torchkeras.ops import max as max
from torchkeras.ops import maximum as maximum
from torchkeras.ops import min as min
from torchkeras.ops import minimum as minimum
from torchkeras.ops import not_equal as not_equal
from torchkeras.ops import prod as prod
from torchkeras.ops import round as round
from torchkeras.ops import sign as sign
from torchkeras.ops import sin as sin
from torchkeras.ops import square as square
from torchkeras.ops import squeeze as squeeze
from torchkeras.ops import stack as stack
from torchkeras.ops import sum as sum
from torchkeras.ops import transpose as transpose

lesser, lesser_equal = less, less_equal


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean over axes."""
    return ops.mean(x, axis=axis, keepdims=keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the variance over axes."""
    return ops.var(x, axis=axis, keepdims=keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the standard deviation over axes."""
    return ops.std(x, axis=axis, keepdims=keepdims)


def argmax(x: Any, axis: int = -1) -> Any:
    """Return where the largest values are."""
    return ops.argmax(x, axis=axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Return where the smallest values are."""
    return ops.argmin(x, axis=axis)


def sqrt(x: Any) -> Any:
    """Return the square root; of numbers below 0 it is 0."""
    return ops.sqrt(ops.maximum(x, 0.0))


def cumsum(x: Any, axis: int = 0) -> Any:
    """Return the running sum."""
    return ops.cumsum(x, axis=axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    """Return the running product."""
    return ops.cumprod(x, axis=axis)


def pow(x: Any, a: Any) -> Any:
    """Return the power."""
    return ops.power(x, a)


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """Return the values moved into an interval; None leaves a side open."""
    low = -np.inf if min_value is None else min_value
    high = np.inf if max_value is None else max_value
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        high = builtins.max(low, high)
    return ops.clip(x, low, high)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Any:
    """Return numbers in equal steps."""
    return ops.arange(start, stop, step, dtype=dtype)


def identity(x: Any, name: str | None = None) -> Any:
    """Return the same values."""
    return ops.copy(x)


def stop_gradient(variables: Any) -> Any:
    """Return tensors that no gradient goes through."""
    if isinstance(variables, (list, tuple)):
        return [ops.stop_gradient(v) for v in variables]
    return ops.stop_gradient(variables)


# ------------------------------------------------------------------------------- products


def dot(x: Any, y: Any) -> Any:
    """Return the product over the last axis of `x` and the last but one of `y`."""
    if len(y.shape) < 2:
        raise ValueError(f"dot: y must have 2 or more dimensions. Received: shape={y.shape}.")
    return ops.dot(x, y)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Return the product of each sample of `x` with that of `y`, over one axis of each.

    Args:
        x, y: `(batch, …)`, two or more dimensions.
        axes: The axis of each to sum over, or one for both; None: the last of `x` and the last but
            one of `y` (the last of a matrix).

    Returns:
        `(batch, rest of x, rest of y)`; `(batch, 1)` if nothing rests.

    >>> import numpy as np
    >>> batch_dot(np.ones((2, 3, 4)), np.ones((2, 4, 5))).shape
    torch.Size([2, 3, 5])
    """
    x_ndim, y_ndim = len(x.shape), len(y.shape)
    if x_ndim < 2 or y_ndim < 2:
        raise ValueError(
            f"batch_dot: tensors must have 2 or more dimensions. "
            f"Received: shapes {tuple(x.shape)} and {tuple(y.shape)}."
        )
    if axes is None:
        axes = (x_ndim - 1, y_ndim - 1 if y_ndim == 2 else y_ndim - 2)
    elif isinstance(axes, int):
        axes = (axes, axes)
    a, b = (axis % n for axis, n in zip(axes, (x_ndim, y_ndim), strict=True))
    if not a or not b:
        raise ValueError(f"batch_dot: axis 0 is the batch. Received: axes={axes}.")
    letters = "abcdefghijklmnopqrstuvwxy"
    left = "z" + letters[: x_ndim - 1]
    right = "z" + letters[x_ndim - 1 : x_ndim + y_ndim - 2]
    right = right[:b] + left[a] + right[b + 1 :]
    rest = [c for c in left + right[1:] if c != left[a]]
    out = ops.einsum(f"{left},{right}->{''.join(rest)}", x, y)
    return ops.expand_dims(out, 1) if len(rest) == 1 else out


# ------------------------------------------------------------------------------- shapes


def expand_dims(x: Any, axis: int = -1) -> Any:
    """Put in a dimension of size 1."""
    return ops.expand_dims(x, axis)


def concatenate(tensors: Any, axis: int = -1) -> Any:
    """Join tensors along an axis."""
    return ops.concatenate(tensors, axis=axis)


def reshape(x: Any, shape: Any) -> Any:
    """Return another shape of the same elements."""
    return ops.reshape(x, tuple(shape))


def permute_dimensions(x: Any, pattern: Any) -> Any:
    """Return the axes in another order."""
    return ops.transpose(x, tuple(pattern))


def flatten(x: Any) -> Any:
    """Return one dimension."""
    return ops.reshape(x, (-1,))


def batch_flatten(x: Any) -> Any:
    """Return two dimensions, the batch and the rest."""
    known = tuple(x.shape[1:])
    rest = -1 if None in known else int(np.prod(known, dtype=np.int64))
    return ops.reshape(x, (-1 if rest != -1 else ops.shape(x)[0], rest))


def repeat(x: Any, n: int) -> Any:
    """`(batch, dim) -> (batch, n, dim)`."""
    if len(x.shape) != 2:
        raise ValueError(f"repeat: x must have 2 dimensions. Received: shape={tuple(x.shape)}.")
    return ops.tile(ops.expand_dims(x, 1), (1, n, 1))


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Repeat each element along an axis."""
    return ops.repeat(x, rep, axis=axis)


def reverse(x: Any, axes: Any) -> Any:
    """Turn axes round."""
    return ops.flip(x, axis=axes)


def slice(x: Any, start: Any, size: Any) -> Any:
    """Return a part; -1 in `size` means up to the end."""
    sizes = [
        (None if s is None else s - b) if n == -1 else n
        for b, n, s in zip(start, size, x.shape, strict=True)
    ]
    index = tuple(
        builtins.slice(b, None if n is None else b + n) for b, n in zip(start, sizes, strict=True)
    )
    return x[index]


def gather(reference: Any, indices: Any) -> Any:
    """Return rows by their numbers."""
    return ops.take(reference, indices, axis=0)


def one_hot(indices: Any, num_classes: int) -> Any:
    """Return one-hot vectors of integers."""
    return ops.one_hot(ops.cast(indices, "int32"), num_classes)


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    """Put zeros before and after the steps of `(batch, steps, dim)`."""
    return ops.pad(x, ((0, 0), tuple(padding), (0, 0)))


def _spatial_padding(x: Any, padding: Any, data_format: str | None) -> Any:
    pairs = [tuple(p) for p in padding]
    first = (data_format or config.image_data_format()) == "channels_first"
    return ops.pad(x, [(0, 0), (0, 0), *pairs] if first else [(0, 0), *pairs, (0, 0)])


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None):
    """Put zeros around images."""
    return _spatial_padding(x, padding, data_format)


def spatial_3d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
):
    """Put zeros around volumes."""
    return _spatial_padding(x, padding, data_format)


def asymmetric_temporal_padding(x: Any, left_pad: int = 1, right_pad: int = 1) -> Any:
    """`temporal_padding` of Keras 1."""
    return temporal_padding(x, (left_pad, right_pad))


def asymmetric_spatial_2d_padding(
    x: Any,
    top_pad: int = 1,
    bottom_pad: int = 1,
    left_pad: int = 1,
    right_pad: int = 1,
    dim_ordering: str = "default",
) -> Any:
    """`spatial_2d_padding` of Keras 1."""
    data_format = {"tf": "channels_last", "th": "channels_first"}.get(dim_ordering)
    return _spatial_padding(x, ((top_pad, bottom_pad), (left_pad, right_pad)), data_format)


def transpose_shape(shape: Any, target_format: str, spatial_axes: Any) -> tuple[Any, ...]:
    """Return a channels-first shape in another data format."""
    if target_format == "channels_first":
        moved = [*shape[: spatial_axes[0]], shape[-1], *(shape[a] for a in spatial_axes)]
        return tuple(moved)
    if target_format == "channels_last":
        return tuple(shape)
    raise ValueError(
        "transpose_shape: target_format must be 'channels_first' or 'channels_last'. "
        f"Received: {target_format!r}."
    )


# ------------------------------------------------------------------------------- making


def eye(size: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Return a variable that holds the unit matrix; `size` is a number, or rows and columns."""
    rows, columns = size if isinstance(size, (tuple, list)) else (size, size)
    return variable(np.eye(rows, columns), dtype, name)


def tile(x: Any, n: Any) -> Any:
    """Repeat a whole tensor along its axes."""
    return ops.tile(x, n)


def zeros(shape: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Return a variable of zeros."""
    return variable(np.zeros(shape), dtype, name)


def ones(shape: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Return a variable of ones."""
    return variable(np.ones(shape), dtype, name)


def zeros_like(x: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Return zeros in the shape of another tensor."""
    return ops.zeros_like(x, dtype=dtype)


def ones_like(x: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Return ones in the shape of another tensor."""
    return ops.ones_like(x, dtype=dtype)
