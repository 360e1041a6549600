"""Tensors: making, shaping, joining, picking. TensorFlow's names and argument orders over ops."""

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from torchkeras import ops
from torchkeras._base.config import floatx
from torchkeras.compat.tensorflow.dtypes import DType
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor as _convert
from torchkeras.core.variable import Variable as _Variable

Tensor = torch.Tensor
newaxis = None


class Variable(_Variable):
    """A variable with TensorFlow's arguments.

    >>> v = Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0]).numpy()
    array([2., 3.], dtype=float32)
    """

    def __new__(
        cls,
        initial_value: Any = None,
        trainable: builtins.bool = True,
        validate_shape: builtins.bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> _Variable:
        value = convert_to_tensor(
            initial_value() if callable(initial_value) else initial_value, dtype
        )
        made = _Variable(
            value.detach().clone(),
            dtype=dtype or value.dtype,
            trainable=trainable and value.is_floating_point(),
            name=name,
        )
        made.constraint = constraint
        return made


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: Any = None):
    """Return a tensor; Python numbers become float32 and int32, as in TensorFlow."""
    if isinstance(value, (KerasTensor, torch.Tensor)):
        return value if dtype is None else ops.cast(value, dtype)
    if dtype is None and not isinstance(value, np.ndarray) and not hasattr(value, "dtype"):
        array = np.asarray(_plain(value))
        if array.dtype.kind in "iu":
            return _convert(array.astype("int32") if _fits(array) else array, dtype="int32")
        if array.dtype.kind in "US":
            return array
        dtype = floatx() if array.dtype.kind == "f" else None
        value = array
    if isinstance(value, np.ndarray) and dtype is None and value.dtype.kind == "f":
        return torch.from_numpy(np.array(value))  # TensorFlow keeps float64 of NumPy
    return _convert(value, dtype)


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def _fits(array: np.ndarray) -> builtins.bool:
    return not array.size or (array.min() >= -(2**31) and array.max() < 2**31)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """Return a tensor of a value, repeated to a shape."""
    tensor = convert_to_tensor(value, dtype)
    if shape is None:
        return tensor
    if tensor.numel() == 1:
        return tensor.reshape(()).expand(tuple(shape)).clone()
    return tensor.reshape(tuple(shape))


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Return the values in another dtype."""
    return ops.cast(convert_to_tensor(x), dtype)


def identity(input: Any, name: str | None = None) -> Any:
    """Return the same values."""
    return ops.copy(convert_to_tensor(input))


def zeros(shape: Any, dtype: Any = "float32", name: Any = None) -> Any:
    """Return zeros."""
    return ops.zeros(_sizes(shape), dtype=dtype)


def ones(shape: Any, dtype: Any = "float32", name: Any = None) -> Any:
    """Return ones."""
    return ops.ones(_sizes(shape), dtype=dtype)


def fill(dims: Any, value: Any, name: Any = None) -> Any:
    """Return a tensor of one value."""
    value = convert_to_tensor(value)
    return value.expand(_sizes(dims)).clone()


def zeros_like(input: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return zeros in the shape of another tensor."""
    return ops.zeros_like(convert_to_tensor(input), dtype=dtype)


def ones_like(input: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return ones in the shape of another tensor."""
    return ops.ones_like(convert_to_tensor(input), dtype=dtype)


def eye(
    num_rows: int,
    num_columns: int | None = None,
    batch_shape: Any = None,
    dtype: Any = "float32",
    name: Any = None,
) -> Any:
    """Return the unit matrix, repeated over a batch."""
    unit = ops.eye(num_rows, num_columns, dtype=dtype)
    return unit if batch_shape is None else unit.expand((*_sizes(batch_shape), *unit.shape)).clone()


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: Any = "range"
) -> Any:
    """Return numbers in equal steps."""
    if limit is None:
        start, limit = 0, start
    given = [v.item() if isinstance(v, torch.Tensor) else v for v in (start, limit, delta)]
    if dtype is None:
        dtype = "float32" if any(isinstance(v, float) for v in given) else "int32"
    return ops.arange(*given, dtype=dtype)


def linspace(start: Any, stop: Any, num: int, name: Any = None, axis: int = 0) -> Any:
    """Return `num` numbers from `start` to `stop`."""
    return ops.linspace(start, stop, int(num), axis=axis)


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: Any = None,
) -> Any:
    """Return one-hot vectors of integers."""
    axis = -1 if axis is None else axis
    plain = ops.one_hot(convert_to_tensor(indices), int(depth), axis=axis, dtype=dtype or "float32")
    if on_value is None and off_value is None:
        return plain
    on, off = (1 if on_value is None else on_value), (0 if off_value is None else off_value)
    return plain * on + (1 - plain) * off


def _sizes(shape: Any) -> Any:
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    if isinstance(shape, torch.Tensor):
        return tuple(shape.tolist()) if shape.ndim else (int(shape),)
    return tuple(s if isinstance(s, (int, KerasTensor)) or s is None else int(s) for s in shape)


# ------------------------------------------------------------------------------- shapes


def shape(input: Any, out_type: Any = None, name: Any = None) -> Any:
    """Return the sizes as a tuple, which can be indexed and unpacked as TensorFlow's tensor can."""
    return ops.shape(convert_to_tensor(input))


def rank(input: Any, name: Any = None) -> int:
    """Return the number of dimensions."""
    return len(convert_to_tensor(input).shape)


def size(input: Any, out_type: Any = None, name: Any = None) -> Any:
    """Return the number of elements."""
    return ops.size(convert_to_tensor(input))


def reshape(tensor: Any, shape: Any, name: Any = None) -> Any:
    """Return another shape of the same elements."""
    return ops.reshape(convert_to_tensor(tensor), _sizes(shape))


def expand_dims(input: Any, axis: int, name: Any = None) -> Any:
    """Add a dimension of size 1."""
    return ops.expand_dims(convert_to_tensor(input), axis)


def squeeze(input: Any, axis: Any = None, name: Any = None) -> Any:
    """Remove dimensions of size 1."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    return ops.squeeze(convert_to_tensor(input), axis=axis)


def transpose(a: Any, perm: Any = None, conjugate: builtins.bool = False, name: Any = "transpose"):
    """Return the axes in another order."""
    out = ops.transpose(convert_to_tensor(a), perm if perm is None else tuple(perm))
    return ops.conj(out) if conjugate else out


def broadcast_to(input: Any, shape: Any, name: Any = None) -> Any:
    """Repeat along axes of size 1."""
    return ops.broadcast_to(convert_to_tensor(input), _sizes(shape))


def tile(input: Any, multiples: Any, name: Any = None) -> Any:
    """Repeat the whole tensor along each axis."""
    return ops.tile(convert_to_tensor(input), _sizes(multiples))


def repeat(input: Any, repeats: Any, axis: int | None = None, name: Any = None) -> Any:
    """Repeat each element."""
    return ops.repeat(convert_to_tensor(input), repeats, axis=axis)


def reverse(tensor: Any, axis: Any, name: Any = None) -> Any:
    """Turn axes round."""
    return ops.flip(convert_to_tensor(tensor), axis=tuple(_sizes(axis)))


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: Any = 0,
    name: Any = None,
) -> Any:
    """Put values around a tensor."""
    mode = mode.lower()
    pairs = [tuple(int(n) for n in pair) for pair in paddings]
    if mode == "constant":
        return ops.pad(convert_to_tensor(tensor), pairs, mode, constant_values)
    return ops.pad(convert_to_tensor(tensor), pairs, mode)


def concat(values: Any, axis: int, name: Any = "concat") -> Any:
    """Join tensors along an axis."""
    return ops.concatenate([convert_to_tensor(v) for v in values], axis=int(axis))


def stack(values: Any, axis: int = 0, name: Any = "stack") -> Any:
    """Join tensors along a new axis."""
    return ops.stack([convert_to_tensor(v) for v in values], axis=axis)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: Any = "unstack") -> list[Any]:
    """Return the parts along an axis, without it."""
    return list(ops.unstack(convert_to_tensor(value), num=num, axis=axis))


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: Any = None, name: Any = "split"):
    """Return equal parts, or parts of given sizes, one of which may be -1."""
    value = convert_to_tensor(value)
    if isinstance(num_or_size_splits, (int, np.integer)):
        return list(ops.split(value, int(num_or_size_splits), axis=axis))
    sizes = [int(n) for n in num_or_size_splits]
    if -1 in sizes:
        sizes[sizes.index(-1)] = int(value.shape[axis]) - sum(sizes) - 1
    return list(ops.split(value, np.cumsum(sizes)[:-1].tolist(), axis=axis))


# ------------------------------------------------------------------------------- picking


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: int | None = None,
    batch_dims: int = 0,
    name: Any = None,
) -> Any:
    """Return the slices of given numbers along an axis."""
    params, indices = convert_to_tensor(params), convert_to_tensor(indices)
    if batch_dims:
        axis = batch_dims if axis is None else axis
        if axis != batch_dims:
            raise ValueError("tf.gather: axis must be batch_dims here; use keras.ops.take.")
        grid = [
            torch.arange(n).reshape([-1 if i == at else 1 for i in builtins.range(indices.ndim)])
            for at, n in enumerate(indices.shape[:batch_dims])
        ]
        return params[(*grid, indices.long())]
    return ops.take(params, indices, axis=axis or 0)


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: Any = None) -> Any:
    """Return the elements or slices at index vectors."""
    params, indices = convert_to_tensor(params), convert_to_tensor(indices).long()
    grid = [
        torch.arange(n).reshape([-1 if i == at else 1 for i in builtins.range(indices.ndim - 1)])
        for at, n in enumerate(indices.shape[:batch_dims])
    ]
    return params[(*grid, *indices.unbind(-1))]


def scatter_nd(indices: Any, updates: Any, shape: Any, name: Any = None) -> Any:
    """Return zeros with values added at index vectors."""
    return ops.scatter(convert_to_tensor(indices), convert_to_tensor(updates), _sizes(shape))


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Any:
    """Return a tensor with values set at index vectors."""
    return ops.scatter_update(convert_to_tensor(tensor), indices, convert_to_tensor(updates))


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Any:
    """Return a tensor with values added at index vectors."""
    tensor = convert_to_tensor(tensor)
    return tensor + scatter_nd(indices, updates, tuple(tensor.shape))


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: Any = "boolean_mask"):
    """Return the slices whose mask is True."""
    tensor, mask = convert_to_tensor(tensor), convert_to_tensor(mask).bool()
    return tensor[(*[builtins.slice(None)] * (axis or 0), mask)]


def where(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Any:
    """Choose element by element; without values, return the index vectors of what is True."""
    condition = ops.cast(convert_to_tensor(condition), "bool")
    if x is None and y is None:
        return condition.nonzero()
    return ops.where(condition, x, y)


def slice(input_: Any, begin: Any, size: Any, name: Any = None) -> Any:
    """Return a part; -1 in `size` means up to the end."""
    index = tuple(
        builtins.slice(int(b), None if int(n) == -1 else int(b) + int(n))
        for b, n in zip(begin, size, strict=True)
    )
    return convert_to_tensor(input_)[index]


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: Any = None) -> Any:
    """Return the values in order."""
    out = ops.sort(convert_to_tensor(values), axis=axis)
    return ops.flip(out, axis=axis) if direction == "DESCENDING" else out


def argsort(
    values: Any,
    axis: int = -1,
    direction: str = "ASCENDING",
    stable: builtins.bool = False,
    name: Any = None,
) -> Any:
    """Return the numbers that put the values in order."""
    values = convert_to_tensor(values)
    return torch.argsort(values, dim=axis, descending=direction == "DESCENDING", stable=True).int()


def unique(x: Any, out_idx: Any = "int32", name: Any = None) -> tuple[Any, Any]:
    """Return the different values in order of appearance, and each element's number among them."""
    values = convert_to_tensor(x)
    found, back = torch.unique(values, return_inverse=True)
    first = torch.full((len(found),), len(values)).scatter_reduce(
        0, back, torch.arange(len(values)), "amin"
    )
    order = torch.argsort(first)
    rank_of = torch.empty_like(order)
    rank_of[order] = torch.arange(len(order))
    return found[order], ops.cast(rank_of[back], out_idx)


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: Any = None) -> Any:
    """Return masks that are True up to each length."""
    lengths = convert_to_tensor(lengths)
    longest = int(lengths.max() if maxlen is None else maxlen)
    return ops.cast(torch.arange(longest) < lengths[..., None], dtype)


def is_tensor(x: Any) -> builtins.bool:
    """Tell whether something is a tensor."""
    return isinstance(x, (torch.Tensor, KerasTensor))


def py_function(func: Callable[..., Any], inp: Sequence[Any], Tout: Any, name: Any = None) -> Any:
    """Call a Python function on tensors."""
    found = func(*inp)
    if isinstance(Tout, (list, tuple)) and not isinstance(Tout, DType):
        return [convert_to_tensor(f, t) for f, t in zip(found, Tout, strict=True)]
    return convert_to_tensor(found, Tout)


def numpy_function(func: Callable[..., Any], inp: Sequence[Any], Tout: Any, name: Any = None):
    """Call a Python function on NumPy arrays."""
    return py_function(func, [ops.convert_to_numpy(convert_to_tensor(x)) for x in inp], Tout)
