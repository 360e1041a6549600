"""`np_utils` and `conv_utils`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras._base import config
from torchkeras._base.check import ntuple, one_of, received
from torchkeras._base.legacy import warn_user
from torchkeras.core.tensor import convert_to_numpy
from torchkeras.utils import to_categorical as _to_categorical

_EPSILON = 1e-15


def to_categorical(
    y: Any, num_classes: int | None = None, dtype: Any = "float32", nb_classes: int | None = None
) -> np.ndarray:
    """Return class numbers as one-hot rows of `dtype`; `nb_classes` is Keras 1's word.

    >>> to_categorical([0, 1], nb_classes=3).dtype
    dtype('float32')
    """
    if nb_classes is not None:
        warn_user("to_categorical(nb_classes) is the form of an older Keras. Use num_classes.")
        num_classes = nb_classes
    return convert_to_numpy(_to_categorical(y, num_classes)).astype(dtype)


def probas_to_classes(y_pred: Any) -> np.ndarray:
    """Return the class of each row of probabilities."""
    y_pred = np.asarray(y_pred)
    if y_pred.ndim > 1 and y_pred.shape[1] > 1:
        return categorical_probas_to_classes(y_pred)
    return np.array([1 if p > 0.5 else 0 for p in y_pred.ravel()])


def categorical_probas_to_classes(p: Any) -> np.ndarray:
    """Return the class of each row of probabilities."""
    return np.argmax(p, axis=1)


def accuracy(p: Any, y: Any) -> float:
    """Return the share of equal entries."""
    return float(np.mean(np.asarray(p) == np.asarray(y)))


def binary_logloss(p: Any, y: Any) -> float:
    """Return the mean of `-y ln p - (1 - y) ln(1 - p)`."""
    p = np.clip(np.asarray(p, float), _EPSILON, 1 - _EPSILON)
    y = np.asarray(y)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def multiclass_logloss(p: Any, y: Any) -> float:
    """Return the mean of `-ln p` of the true classes `y`."""
    p = np.clip(np.asarray(p, float), _EPSILON, 1 - _EPSILON)
    p = p / p.sum(axis=1, keepdims=True)
    return float(-np.mean(np.log(p[np.arange(len(p)), np.asarray(y)])))


def convert_kernel(kernel: Any) -> np.ndarray:
    """Return a kernel `(…, inputs, outputs)` with its space reversed: Theano's to TensorFlow's."""
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ValueError(f"convert_kernel: 3 to 5 dimensions. {received('shape', kernel.shape)}")
    return np.flip(kernel, tuple(range(kernel.ndim - 2))).copy()


def normalize_tuple(value: Any, n: int, name: str, allow_zero: bool = False) -> tuple[int, ...]:
    """Return a number `n` times, or a sequence of `n` numbers."""
    return ntuple("conv_utils", name, value, n, minimum=0 if allow_zero else 1)


def normalize_padding(value: str) -> str:
    """Return a kind of padding in lower case."""
    return one_of("conv_utils", "padding", str(value).lower(), ("valid", "same", "causal", "full"))


def normalize_data_format(value: str | None) -> str:
    """Return a data format; None is the global one."""
    return config.standardize_data_format(value, "conv_utils")


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Return the length of a convolution's result."""
    if input_length is None:
        return None
    one_of("conv_output_length", "padding", padding, ("valid", "same", "causal", "full"))
    reach = (filter_size - 1) * dilation
    change = {"valid": -reach, "full": reach}.get(padding, 0)
    return -(-(input_length + change) // stride)


def conv_input_length(
    output_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """Return the length that a convolution needs for a result."""
    if output_length is None:
        return None
    one_of("conv_input_length", "padding", padding, ("valid", "same", "full"))
    pad = {"valid": 0, "same": filter_size // 2, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None,
    dilation: int = 1,
) -> int | None:
    """Return the length of a transposed convolution's result."""
    if dim_size is None:
        return None
    one_of("deconv_length", "padding", padding, ("valid", "same", "full"))
    reach = (kernel_size - 1) * dilation + 1
    if output_padding is None:
        more = {"valid": max(reach - stride_size, 0), "full": 2 - stride_size - reach, "same": 0}
        return dim_size * stride_size + more[padding]
    pad = {"valid": 0, "same": reach // 2, "full": reach - 1}[padding]
    return (dim_size - 1) * stride_size + reach - 2 * pad + output_padding


def transpose_shape(shape: Any, target_format: str, spatial_axes: Sequence[int]) -> Any:
    """Return a channels-last shape, or one entry an axis, with its spatial axes where they go."""
    if target_format == "channels_last":
        return shape
    one_of("transpose_shape", "target_format", target_format, ("channels_last", "channels_first"))
    moved = [*shape[: spatial_axes[0]], shape[-1], *(shape[a] for a in spatial_axes)]
    return tuple(moved) if isinstance(shape, tuple) else moved


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """Return first and last rows of batches.

    >>> make_batches(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    return [(i, min(size, i + batch_size)) for i in range(0, size, batch_size)]


def batch_shuffle(index_array: Any, batch_size: int) -> np.ndarray:
    """Return row numbers with their batches in another order; an incomplete batch stays last."""
    index_array = np.asarray(index_array)
    whole = len(index_array) // batch_size * batch_size
    batches = np.random.permutation(index_array[:whole].reshape(-1, batch_size))
    return np.append(batches.ravel(), index_array[whole:])


def slice_arrays(arrays: Any, start: Any = None, stop: int | None = None) -> Any:
    """Return rows of an array, or of each of a list, by two ends or by their numbers."""
    if arrays is None:
        return [None]
    chosen = start if hasattr(start, "__len__") else slice(start, stop)
    if isinstance(arrays, list):
        return [None if a is None else a[chosen] for a in arrays]
    return arrays[chosen] if hasattr(start, "__len__") or hasattr(arrays, "shape") else [None]


def to_list(x: Any, allow_tuple: bool = False) -> list[Any]:
    """Return a list as it is, and anything else as a list of it."""
    if isinstance(x, list):
        return x
    return list(x) if allow_tuple and isinstance(x, tuple) else [x]


def unpack_singleton(x: Sequence[Any]) -> Any:
    """Return the entry of a list of one, or the list."""
    return x[0] if len(x) == 1 else x


def make_tuple(*args: Any) -> tuple[Any, ...]:
    """Return the arguments."""
    return args
