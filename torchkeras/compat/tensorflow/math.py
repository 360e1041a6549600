"""`tf.math`: arithmetic, reductions, comparisons."""

import builtins
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from torchkeras import ops
from torchkeras.compat.tensorflow.arrays import convert_to_tensor
from torchkeras.compat.tensorflow.missing import missing


def _unary(op: Callable[[Any], Any]) -> Callable[..., Any]:
    def call(x: Any, name: str | None = None) -> Any:
        return op(convert_to_tensor(x))

    call.__doc__ = op.__doc__
    return call


def _binary(op: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def call(x: Any, y: Any, name: str | None = None) -> Any:
        # A number takes the type of the tensor beside it.
        x = x if isinstance(x, (int, float)) else convert_to_tensor(x)
        y = y if isinstance(y, (int, float)) else convert_to_tensor(y)
        return op(x, y)

    call.__doc__ = op.__doc__
    return call


def _reduction(op: Callable[..., Any]) -> Callable[..., Any]:
    def call(
        input_tensor: Any,
        axis: Any = None,
        keepdims: builtins.bool = False,
        name: str | None = None,
    ) -> Any:
        axis = tuple(axis) if isinstance(axis, list) else axis
        return op(convert_to_tensor(input_tensor), axis=axis, keepdims=keepdims)

    call.__doc__ = op.__doc__
    return call


abs, negative, sign = _unary(ops.abs), _unary(ops.negative), _unary(ops.sign)
exp, expm1, log, log1p = _unary(ops.exp), _unary(ops.expm1), _unary(ops.log), _unary(ops.log1p)
sqrt, rsqrt, square = _unary(ops.sqrt), _unary(ops.rsqrt), _unary(ops.square)
sin, cos, tan = _unary(ops.sin), _unary(ops.cos), _unary(ops.tan)
asin, acos, atan = _unary(ops.arcsin), _unary(ops.arccos), _unary(ops.arctan)
sinh, cosh, tanh = _unary(ops.sinh), _unary(ops.cosh), _unary(ops.tanh)
asinh, acosh, atanh = _unary(ops.arcsinh), _unary(ops.arccosh), _unary(ops.arctanh)
sigmoid, softplus, softsign = _unary(ops.sigmoid), _unary(ops.softplus), _unary(ops.softsign)
log_sigmoid = _unary(ops.log_sigmoid)
ceil, floor, round, rint = (
    _unary(ops.ceil), _unary(ops.floor), _unary(ops.round), _unary(ops.round),
)  # fmt: skip
erf, reciprocal = _unary(ops.erf), _unary(ops.reciprocal)
lgamma, digamma = _unary(torch.lgamma), _unary(torch.digamma)
is_nan, is_inf, is_finite = _unary(ops.isnan), _unary(ops.isinf), _unary(ops.isfinite)
logical_not = _unary(ops.logical_not)
real, imag, conj, angle = (
    _unary(ops.real), _unary(ops.imag), _unary(ops.conj), _unary(ops.angle),
)  # fmt: skip

add, subtract, multiply = _binary(ops.add), _binary(ops.subtract), _binary(ops.multiply)
divide = truediv = _binary(ops.true_divide)
floordiv = floor_div = _binary(ops.floor_divide)
mod = floormod = _binary(ops.mod)
pow = _binary(ops.power)
maximum, minimum = _binary(ops.maximum), _binary(ops.minimum)
equal, not_equal = _binary(ops.equal), _binary(ops.not_equal)
greater, greater_equal = _binary(ops.greater), _binary(ops.greater_equal)
less, less_equal = _binary(ops.less), _binary(ops.less_equal)
logical_and, logical_or = _binary(ops.logical_and), _binary(ops.logical_or)
logical_xor = _binary(ops.logical_xor)
atan2 = _binary(ops.arctan2)
squared_difference = _binary(lambda x, y: ops.square(ops.subtract(x, y)))

reduce_sum, reduce_prod = _reduction(ops.sum), _reduction(ops.prod)
reduce_max, reduce_min = _reduction(ops.max), _reduction(ops.min)
reduce_any, reduce_all = _reduction(ops.any), _reduction(ops.all)
reduce_variance, reduce_std = _reduction(ops.var), _reduction(ops.std)
reduce_logsumexp = _reduction(ops.logsumexp)


def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: builtins.bool = False, name: str | None = None
) -> Any:
    """Return the mean over axes; of integers it is an integer, as in TensorFlow."""
    x = convert_to_tensor(input_tensor)
    axis = tuple(axis) if isinstance(axis, list) else axis
    mean = ops.mean(x, axis=axis, keepdims=keepdims)
    dtype = str(ops.convert_to_tensor(x).dtype) if isinstance(x, torch.Tensor) else str(x.dtype)
    return ops.cast(mean, x.dtype) if "int" in dtype else mean


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Return the quotient, 0 where the divisor is 0."""
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    none = ops.equal(y, 0)
    return ops.where(none, ops.zeros_like(y), x / ops.where(none, ops.ones_like(y), y))


def add_n(inputs: Any, name: str | None = None) -> Any:
    """Return the sum of several tensors."""
    total, *rest = [convert_to_tensor(x) for x in inputs]
    for x in rest:
        total = total + x
    return total


def argmax(input: Any, axis: int | None = None, output_type: Any = "int64", name: Any = None):
    """Return the number of the largest value along an axis, the first by default."""
    return ops.cast(ops.argmax(convert_to_tensor(input), axis=axis or 0), output_type)


def argmin(input: Any, axis: int | None = None, output_type: Any = "int64", name: Any = None):
    """Return the number of the smallest value along an axis, the first by default."""
    return ops.cast(ops.argmin(convert_to_tensor(input), axis=axis or 0), output_type)


class TopKV2(NamedTuple):
    """Values and their numbers."""

    values: Any
    indices: Any


def top_k(
    input: Any, k: int = 1, sorted: builtins.bool = True, index_type: Any = "int32", name=None
):
    """Return the k largest values of the last axis, and their numbers."""
    values, indices = ops.top_k(convert_to_tensor(input), int(k), sorted=sorted)
    return TopKV2(values, ops.cast(indices, index_type))


def in_top_k(targets: Any, predictions: Any, k: int, name: str | None = None) -> Any:
    """Tell for each sample whether its class is among the k likeliest."""
    return ops.in_top_k(convert_to_tensor(targets), convert_to_tensor(predictions), k)


def cumsum(
    x: Any,
    axis: int = 0,
    exclusive: builtins.bool = False,
    reverse: builtins.bool = False,
    name: str | None = None,
) -> Any:
    """Return the running sum."""
    x = convert_to_tensor(x)
    x = ops.flip(x, axis=axis) if reverse else x
    out = ops.cumsum(x, axis=axis)
    out = out - x if exclusive else out
    return ops.flip(out, axis=axis) if reverse else out


def cumprod(x: Any, axis: int = 0, name: str | None = None) -> Any:
    """Return the running product."""
    return ops.cumprod(convert_to_tensor(x), axis=axis)


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: Any = None) -> Any:
    """Return the sum of several tensors."""
    return add_n(inputs)


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: int | None = None,
    maxlength: int | None = None,
    dtype: Any = "int32",
    name: str | None = None,
) -> Any:
    """Return how often each number comes."""
    out = ops.bincount(convert_to_tensor(arr), weights=weights, minlength=minlength or 0)
    out = out if maxlength is None else out[:maxlength]
    return out if weights is not None else ops.cast(out, dtype)


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: int | None = None,
    weights: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
) -> Any:
    """Return counts by label (rows) and prediction (columns)."""
    rows, cols = convert_to_tensor(labels).long(), convert_to_tensor(predictions).long()
    count = num_classes or int(builtins.max(rows.max(), cols.max())) + 1
    ones = torch.ones(rows.shape) if weights is None else convert_to_tensor(weights)
    out = torch.zeros(count * count, dtype=ones.dtype)
    out.scatter_add_(0, (rows * count + cols).flatten(), ones.flatten())
    return ops.cast(out.reshape(count, count), dtype)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None) -> Any:
    """Return the values over their Euclidean norm."""
    x = convert_to_tensor(x)
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x * ops.rsqrt(ops.maximum(squares, epsilon))


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Return the sum of each segment."""
    return ops.segment_sum(convert_to_tensor(data), convert_to_tensor(segment_ids), sorted=True)


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: int, name: Any = None) -> Any:
    """Return the sum of each of `num_segments` segments."""
    data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
    return ops.segment_sum(data, segment_ids, num_segments=int(num_segments))


def __getattr__(name: str) -> Any:
    raise missing("tf.math", name)
