"""Decompositions of matrices, which stand in the last two axes."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.ops._matrix import LINALG, matrices
from torchkeras.ops._op import op


@op(module=LINALG)
def cholesky(x: Any, upper: bool = False) -> Any:
    """Return `L` with `x = L @ L.T`, or `U` with `x = U.T @ U` if `upper`.

    Raises:
        ValueError: if a matrix is not positive definite.

    >>> import torchkeras as keras
    >>> keras.ops.cholesky([[4.0, 2.0], [2.0, 2.0]])
    tensor([[2., 0.],
            [1., 1.]])
    """
    x = matrices("cholesky", x, square=True)
    try:
        return torch.linalg.cholesky(x, upper=upper)
    except torch.linalg.LinAlgError as e:
        raise ValueError("cholesky: the matrices must be positive definite.") from e


@op(module=LINALG)
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """Return the inverse of the matrix whose Cholesky factor is given.

    >>> import torchkeras as keras
    >>> keras.ops.cholesky_inverse([[2.0]])
    tensor([[0.2500]])
    """
    return torch.cholesky_inverse(matrices("cholesky_inverse", x, square=True), upper=upper)


@op(module=LINALG)
def eig(x: Any) -> Any:
    """Return the eigenvalues and, in columns, the eigenvectors of square matrices: both complex.

    >>> import torchkeras as keras
    >>> keras.ops.eig([[2.0, 0.0], [0.0, 3.0]])[0]
    tensor([2.+0.j, 3.+0.j])
    """
    return tuple(torch.linalg.eig(matrices("eig", x, square=True)))


@op(module=LINALG)
def eigh(x: Any) -> Any:
    """Return the eigenvalues, in rising order, and the eigenvectors of symmetric matrices.

    >>> import torchkeras as keras
    >>> keras.ops.eigh([[3.0, 0.0], [0.0, 2.0]])[0]
    tensor([2., 3.])
    """
    return tuple(torch.linalg.eigh(matrices("eigh", x, square=True)))


@op(module=LINALG)
def lu_factor(x: Any) -> Any:
    """Return `L` and `U` in one matrix, and with which row each row was exchanged (from 0 on).

    >>> import torchkeras as keras
    >>> keras.ops.lu_factor([[0.0, 1.0], [2.0, 3.0]])
    (tensor([[2., 3.], [0., 1.]]), tensor([1, 1], dtype=torch.int32))
    """
    both, pivots = torch.linalg.lu_factor(matrices("lu_factor", x))
    return both, pivots - 1


@op(module=LINALG)
def qr(x: Any, mode: str = "reduced") -> Any:
    """Return `Q`, of orthonormal columns, and the upper triangular `R` with `x = Q @ R`.

    Args:
        x: `(..., m, n)`.
        mode: `"reduced"`: `Q` has `min(m, n)` columns; `"complete"`: `m`.

    >>> import torch, torchkeras as keras
    >>> [t.shape for t in keras.ops.qr(torch.ones(4, 3))]
    [torch.Size([4, 3]), torch.Size([3, 3])]
    """
    check.one_of("qr", "mode", mode, ("reduced", "complete"))
    return tuple(torch.linalg.qr(matrices("qr", x), mode=mode))


@op("SVD", module=LINALG)
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return `U`, `S` and `V.T` with `x = U @ diag(S) @ V.T`; `S` alone without `compute_uv`.

    Args:
        x: `(..., m, n)`.
        full_matrices: Whether `U` and `V` are square; else they have `min(m, n)` columns.
        compute_uv: Whether more than the singular values is needed.

    >>> import torchkeras as keras
    >>> keras.ops.svd([[3.0, 0.0], [0.0, 2.0]], compute_uv=False)
    tensor([3., 2.])
    """
    x = matrices("svd", x)
    if not compute_uv:
        return torch.linalg.svdvals(x)
    return tuple(torch.linalg.svd(x, full_matrices=full_matrices))
