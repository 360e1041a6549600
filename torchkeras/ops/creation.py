"""Ops that make tensors out of sizes and numbers."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor, get_device
from torchkeras.ops._op import op


def _shape(name: str, shape: Any) -> tuple[int, ...]:
    if isinstance(shape, torch.Tensor):
        shape = shape.tolist()
    sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(_size(name, "shape", s) for s in sizes)


def _size(owner: str, name: str, value: Any) -> int:
    return check.integer(owner, name, value, signed=False)


def _options(dtype: Any) -> dict[str, Any]:
    return {"dtype": dtypes.torch_dtype(dtype), "device": get_device()}


@op()
def array(x: Any, dtype: Any = None) -> torch.Tensor:
    """Return `x` as a tensor.

    >>> array([1, 2]).dtype
    torch.int32
    """
    return convert_to_tensor(x, dtype)


@op()
def copy(x: Any) -> torch.Tensor:
    """Return a copy of `x`.

    >>> copy([1, 2]).tolist()
    [1, 2]
    """
    return torch.clone(convert_to_tensor(x))


def empty(shape: Any, dtype: Any = None) -> torch.Tensor:
    """Return a tensor of values that mean nothing.

    >>> empty((2, 3)).shape
    torch.Size([2, 3])
    """
    return torch.empty(_shape("empty", shape), **_options(dtype))


@op("EmptyLike")
def empty_like(x: Any, dtype: Any = None) -> torch.Tensor:
    """Return values that mean nothing in the shape of `x`.

    >>> empty_like([1, 2]).shape
    torch.Size([2])
    """
    return torch.empty_like(convert_to_tensor(x), dtype=dtype and dtypes.torch_dtype(dtype))


@op("Full")
def _full(fill_value: Any, shape: Any, dtype: Any = None) -> torch.Tensor:
    shape, options = _shape("full", shape), _options(dtype)
    if isinstance(fill_value, (bool, int, float)):
        return torch.full(shape, fill_value, **options)
    return torch.broadcast_to(convert_to_tensor(fill_value, options["dtype"]), shape).clone()


def full(shape: Any, fill_value: Any, dtype: Any = None) -> torch.Tensor:
    """Return a tensor of one value, or of one that is broadcast to the shape.

    >>> full((2, 2), [1, 2]).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    return _full(fill_value, shape, dtype)


@op("FullLike", tensors=2)
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> torch.Tensor:
    """Return one value, or one that is broadcast, in the shape of `x`.

    >>> full_like([1.0, 2.0], 3).tolist()
    [3.0, 3.0]
    """
    x = convert_to_tensor(x)
    kind = x.dtype if dtype is None else dtypes.torch_dtype(dtype)
    if isinstance(fill_value, (bool, int, float)):
        return torch.full_like(x, fill_value, dtype=kind)
    return torch.broadcast_to(convert_to_tensor(fill_value, kind), x.shape).clone()


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> torch.Tensor:
    """Return ones on a diagonal and zeros elsewhere.

    Args:
        N: Number of rows.
        M: Number of columns, default `N`.
        k: Which diagonal: 0 is the main one, a positive one lies above it.

    >>> eye(2, 3, k=1).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    rows = _size("eye", "N", N)
    columns = rows if M is None else _size("eye", "M", M)
    k = check.integer("eye", "k", k)
    if not k:
        return torch.eye(rows, columns, **_options(dtype))
    out = torch.zeros((rows, columns), **_options(dtype))
    torch.diagonal(out, k).fill_(1)
    return out


def identity(n: Any, dtype: Any = None) -> torch.Tensor:
    """Return the identity matrix.

    >>> identity(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return torch.eye(_size("identity", "n", n), **_options(dtype))


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> torch.Tensor:
    """Return ones on a diagonal and below, zeros above; the arguments are those of `eye`.

    >>> tri(2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    rows = _size("tri", "N", N)
    columns = rows if M is None else _size("tri", "M", M)
    return torch.tril(torch.ones((rows, columns), **_options(dtype)), check.integer("tri", "k", k))


@op("Meshgrid")
def meshgrid(*x: Any, indexing: str = "xy") -> tuple[torch.Tensor, ...]:
    """Return the coordinates of all points of a grid, one tensor for each axis.

    Args:
        *x: Positions along each axis, of rank 1.
        indexing: `"xy"`: the first axis of the results goes along the second argument; `"ij"`:
            along the first one.

    >>> [c.tolist() for c in meshgrid([1, 2], [3, 4, 5], indexing="ij")][0]
    [[1, 1, 1], [2, 2, 2]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij'. Received: {indexing=}.")
    axes = [convert_to_tensor(v) for v in x]
    if not axes or any(a.ndim > 1 for a in axes):
        raise ValueError(
            "meshgrid: one tensor or more of rank 1 are expected. "
            f"Received: shapes {[tuple(a.shape) for a in axes]}."
        )
    axes = [a.reshape(-1) for a in axes]
    order = list(range(len(axes)))
    if indexing == "xy" and len(axes) > 1:
        order[:2] = 1, 0
    shape = [len(axes[i]) for i in order]
    places = [[-1 if i == j else 1 for j in order] for i in range(len(axes))]
    return tuple(a.view(p).expand(shape) for a, p in zip(axes, places, strict=True))
