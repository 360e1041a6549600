"""Linear equations, and what tells about their solutions."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras.ops._matrix import LINALG, matrices
from torchkeras.ops._op import MATH, op, promote, to_float

Tensor = torch.Tensor


@op(module=LINALG)
def det(x: Any) -> Any:
    """Return the determinants.

    >>> import torchkeras as keras
    >>> keras.ops.det([[2.0, 0.0], [0.0, 3.0]])
    tensor(6.)
    """
    return torch.linalg.det(matrices("det", x, square=True))


@op(module=MATH)
def logdet(x: Any) -> Any:
    """Return the logarithm of the determinants.

    >>> import torchkeras as keras
    >>> keras.ops.logdet([[1.0, 0.0], [0.0, 1.0]])
    tensor(0.)
    """
    return torch.logdet(matrices("logdet", x, square=True))


@op()
def slogdet(x: Any) -> Any:
    """Return the signs of the determinants, and the logarithms of their absolute values.

    >>> import torchkeras as keras
    >>> keras.ops.slogdet([[-1.0, 0.0], [0.0, 1.0]])
    (tensor(-1.), tensor(0.))
    """
    sign, logarithm = torch.linalg.slogdet(matrices("slogdet", x, square=True))
    return sign, logarithm


@op(module=LINALG)
def inv(x: Any) -> Any:
    """Return the inverses.

    >>> import torchkeras as keras
    >>> keras.ops.inv([[2.0, 0.0], [0.0, 4.0]])
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return torch.linalg.inv(matrices("inv", x, square=True))


@op(module=LINALG)
def pinv(x: Any, rcond: float | None = None) -> Any:
    """Return the pseudo-inverses.

    Args:
        x: `(..., m, n)`.
        rcond: Singular values below this share of the largest one count as 0.

    >>> import torch, torchkeras as keras
    >>> keras.ops.pinv(torch.ones(3, 2)).shape
    torch.Size([2, 3])
    """
    return torch.linalg.pinv(matrices("pinv", x), rtol=rcond)


@op(module=LINALG)
def matrix_rank(x: Any, tol: float | None = None) -> Any:
    """Return the number of singular values above `tol`; by default, above rounding errors.

    >>> import torch, torchkeras as keras
    >>> keras.ops.matrix_rank(torch.ones(3, 3))
    tensor(1, dtype=torch.int32)
    """
    return torch.linalg.matrix_rank(
        matrices("matrix_rank", x), atol=tol, rtol=None if tol is None else 0.0
    ).to(torch.int32)


def _system(owner: str, a: Any, b: Any, square: bool) -> tuple[Tensor, Tensor, bool]:
    """Return both sides as matrices, and whether the right side was one of vectors."""
    a, b = promote(matrices(owner, a, square), to_float(b))
    vectors = b.ndim == a.ndim - 1
    columns = b.unsqueeze(-1) if vectors else b
    if columns.ndim != a.ndim or columns.shape[-2] != a.shape[-2]:
        raise ValueError(
            f"{owner}: b must have as many rows as a. Received: a of shape {tuple(a.shape)}, "
            f"b of shape {tuple(b.shape)}."
        )
    return a, columns, vectors


def _solution(x: Tensor, vectors: bool) -> Tensor:
    return x.squeeze(-1) if vectors else x


@op(module=LINALG, tensors=2)
def solve(a: Any, b: Any) -> Any:
    """Return `x` with `a @ x = b`; `b` is `(..., n)` or `(..., n, k)`.

    >>> import torchkeras as keras
    >>> keras.ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    tensor([1.0000, 0.5000])
    """
    a, b, vectors = _system("solve", a, b, square=True)
    return _solution(torch.linalg.solve(a, b), vectors)


@op(module=LINALG, tensors=2)
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """Return `x` with `a @ x = b`, where only one triangle of `a` counts.

    >>> import torchkeras as keras
    >>> keras.ops.solve_triangular([[2.0, 9.0], [1.0, 1.0]], [2.0, 2.0], lower=True)
    tensor([1., 1.])
    """
    a, b, vectors = _system("solve_triangular", a, b, square=True)
    return _solution(torch.linalg.solve_triangular(a, b, upper=not lower), vectors)


@op(module=LINALG, tensors=2)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """Return the `x` of least length that makes `a @ x - b` as small as can be.

    Args:
        a: `(m, n)`, or a batch.
        b: `(m,)` or `(m, k)`, or a batch.
        rcond: Singular values below this share of the largest one count as 0.

    >>> import torchkeras as keras
    >>> keras.ops.lstsq([[1.0], [1.0]], [1.0, 3.0]).round()
    tensor([2.])
    """
    a, b, vectors = _system("lstsq", a, b, square=False)
    if rcond is None:
        rcond = torch.finfo(a.dtype).eps * max(a.shape[-2:])
    return _solution(torch.linalg.pinv(a, rtol=rcond) @ b, vectors)


@op(module=LINALG)
def norm(
    x: Any, ord: Any = None, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Any:
    """Return the norm of vectors (one axis) or matrices (two axes).

    Args:
        x: Input.
        ord: A number, or `"fro"`, `"nuc"` of matrices; default: the root of the sum of squares.
        axis: One axis or two; default: all.
        keepdims: Whether the axes stay, with size 1.

    >>> import torchkeras as keras
    >>> keras.ops.norm([[3.0, 0.0], [0.0, 4.0]])
    tensor(5.)
    """
    x = to_float(x)
    axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
    if isinstance(axis, tuple) and len(axis) not in (1, 2):
        raise ValueError(f"norm: axis must be one axis or two. Received: axis={axis}.")
    if isinstance(ord, str) and (isinstance(axis, int) or ord not in ("fro", "nuc")):
        raise ValueError(
            'norm: ord must be a number, or "fro" or "nuc" of two axes. '
            f"Received: ord={ord!r}, axis={axis}."
        )
    return torch.linalg.norm(x, ord, axis, keepdims)
