"""Diagonals and triangles of matrices, and Vandermonde's."""

from typing import Any

import torch

from torchkeras.core import infer
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op


def _diag_spec(x: Any, k: int = 0) -> Any:
    if x.ndim == 2 and None in x.shape:  # the shorter side is not known
        return KerasTensor((None,), x.dtype)
    return infer.output_spec(diag.__wrapped__, (x, k), {})


@op(spec=_diag_spec)
def diag(x: Any, k: int = 0) -> torch.Tensor:
    """Return a diagonal of a matrix, or the matrix with this diagonal and zeros elsewhere.

    Args:
        k: Which diagonal: 0 is the main one, a positive one lies above it.

    >>> diag([1, 2]).tolist()
    [[1, 0], [0, 2]]
    """
    x = convert_to_tensor(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"diag: x must have rank 1 or 2. Received: shape {tuple(x.shape)}.")
    return torch.diag(x, k)


@op()
def diagflat(x: Any, k: int = 0) -> torch.Tensor:
    """Return the matrix with all values of `x` on its `k`-th diagonal.

    >>> diagflat([[1], [2]]).tolist()
    [[1, 0], [0, 2]]
    """
    return torch.diagflat(convert_to_tensor(x), k)


def _axes(name: str, x: Any, axis1: int, axis2: int) -> tuple[int, int]:
    for label, axis in (("axis1", axis1), ("axis2", axis2)):
        if not -x.ndim <= axis < x.ndim:
            raise ValueError(
                f"{name}: {label} is no axis of x. "
                f"Received: {label}={axis} for shape {tuple(x.shape)}."
            )
    axis1, axis2 = axis1 % x.ndim, axis2 % x.ndim
    if axis1 == axis2:
        raise ValueError(f"{name}: axis1 and axis2 must differ. Received: {axis1=}, {axis2=}.")
    return axis1, axis2


def _diagonal_spec(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    axes = _axes("diagonal", x, axis1, axis2)
    spec = infer.output_spec(diagonal.__wrapped__, (x, offset, axis1, axis2), {})
    if None in (x.shape[a] for a in axes):  # the shorter side is not known
        return KerasTensor((*spec.shape[:-1], None), spec.dtype)
    return spec


@op(spec=_diagonal_spec)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> torch.Tensor:
    """Return the diagonals of the matrices that lie along two axes, as the last axis.

    Args:
        offset: Which diagonal: 0 is the main one, a positive one lies above it.
        axis1: First axis of the matrices.
        axis2: Second axis of the matrices.

    >>> diagonal([[1, 2], [3, 4]]).tolist()
    [1, 4]
    """
    x = convert_to_tensor(x)
    return torch.diagonal(x, offset, *_axes("diagonal", x, axis1, axis2))


def _matrices(name: str, x: Any) -> torch.Tensor:
    x = convert_to_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"{name}: x must have rank 2 or more. Received: shape {tuple(x.shape)}.")
    return x


@op()
def tril(x: Any, k: int = 0) -> torch.Tensor:
    """Return the `k`-th diagonal and what lies below it, zeros above.

    >>> tril([[1, 2], [3, 4]]).tolist()
    [[1, 0], [3, 4]]
    """
    return torch.tril(_matrices("tril", x), k)


@op()
def triu(x: Any, k: int = 0) -> torch.Tensor:
    """Return the `k`-th diagonal and what lies above it, zeros below.

    >>> triu([[1, 2], [3, 4]]).tolist()
    [[1, 2], [0, 4]]
    """
    return torch.triu(_matrices("triu", x), k)


@op()
def vander(x: Any, N: int | None = None, increasing: bool = False) -> torch.Tensor:
    """Return the powers of `x` as columns (a Vandermonde matrix).

    Args:
        N: Number of columns, default the length of `x`.
        increasing: Whether the first column is `x ** 0`; else the last one is.

    >>> vander([1, 2, 3], N=2).tolist()
    [[1, 1], [2, 1], [3, 1]]
    """
    x = convert_to_tensor(x)
    if x.ndim != 1:
        raise ValueError(f"vander: x must have rank 1. Received: shape {tuple(x.shape)}.")
    if N is not None and not isinstance(N, int):
        raise TypeError(f"vander: N must be an integer. Received: N={N!r}.")
    if N is not None and N < 0:
        raise ValueError(f"vander: N must not be negative. Received: N={N!r}.")
    powers = torch.arange(len(x) if N is None else N, device=x.device)
    # torch.vander multiplies in place, which has no gradient.
    return torch.pow(x.unsqueeze(1), powers if increasing else powers.flip(0)).to(x.dtype)
