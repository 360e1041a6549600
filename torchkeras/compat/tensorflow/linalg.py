"""`tf.linalg`: products, norms and decompositions."""

import builtins
from typing import Any

import torch

from torchkeras import ops
from torchkeras.compat.tensorflow.arrays import convert_to_tensor, eye  # noqa: F401
from torchkeras.compat.tensorflow.missing import missing


def matmul(
    a: Any,
    b: Any,
    transpose_a: builtins.bool = False,
    transpose_b: builtins.bool = False,
    adjoint_a: builtins.bool = False,
    adjoint_b: builtins.bool = False,
    a_is_sparse: builtins.bool = False,
    b_is_sparse: builtins.bool = False,
    output_type: Any = None,
    name: str | None = None,
) -> Any:
    """Return the matrix product over the last two axes."""
    a, b = convert_to_tensor(a), convert_to_tensor(b)
    a = ops.conj(a) if adjoint_a else a
    b = ops.conj(b) if adjoint_b else b
    a = ops.swapaxes(a, -1, -2) if transpose_a or adjoint_a else a
    b = ops.swapaxes(b, -1, -2) if transpose_b or adjoint_b else b
    return ops.matmul(a, b)


def matvec(a: Any, b: Any, name: str | None = None) -> Any:
    """Return the product of matrices and vectors."""
    return ops.einsum("...ij,...j->...i", convert_to_tensor(a), convert_to_tensor(b))


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Return the product over given axes."""
    return ops.tensordot(convert_to_tensor(a), convert_to_tensor(b), axes=axes)


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Return Einstein's sum."""
    return ops.einsum(equation, *[convert_to_tensor(x) for x in inputs])


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Any:
    """Return the norm of vectors or matrices."""
    x = convert_to_tensor(tensor)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if ord in ("euclidean", "fro"):
        return ops.sqrt(ops.sum(ops.square(ops.abs(x)), axis=axis, keepdims=keepdims))
    if axis is None:
        x, axis = ops.reshape(x, (-1,)), 0
    return ops.norm(x, ord=ord, axis=axis, keepdims=keepdims)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: Any = None) -> Any:
    """Return the values over their Euclidean norm."""
    x = convert_to_tensor(x)
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), epsilon))


def inv(input: Any, adjoint: builtins.bool = False, name: str | None = None) -> Any:
    """Return the inverse."""
    return ops.inv(convert_to_tensor(input))


def det(input: Any, name: str | None = None) -> Any:
    """Return the determinant."""
    return ops.det(convert_to_tensor(input))


def trace(x: Any, name: str | None = None) -> Any:
    """Return the sum of the diagonal of the last two axes."""
    return ops.trace(convert_to_tensor(x), axis1=-2, axis2=-1)


def diag_part(input: Any, name: str | None = None) -> Any:
    """Return the diagonal of the last two axes."""
    return ops.diagonal(convert_to_tensor(input), axis1=-2, axis2=-1)


def diag(diagonal: Any, name: str | None = None) -> Any:
    """Return matrices with a diagonal."""
    return torch.diag_embed(convert_to_tensor(diagonal))


def matrix_transpose(a: Any, name: str | None = None, conjugate: builtins.bool = False) -> Any:
    """Return the last two axes swapped."""
    out = ops.swapaxes(convert_to_tensor(a), -1, -2)
    return ops.conj(out) if conjugate else out


def cholesky(input: Any, name: str | None = None) -> Any:
    """Return the lower triangle."""
    return ops.cholesky(convert_to_tensor(input))


def solve(matrix: Any, rhs: Any, adjoint: builtins.bool = False, name: str | None = None) -> Any:
    """Return the solution of linear systems."""
    matrix = convert_to_tensor(matrix)
    return ops.solve(ops.swapaxes(matrix, -1, -2) if adjoint else matrix, convert_to_tensor(rhs))


def svd(
    tensor: Any,
    full_matrices: builtins.bool = False,
    compute_uv: builtins.bool = True,
    name: str | None = None,
) -> Any:
    """Return singular values, left and right vectors: `s, u, v`, in TensorFlow's order."""
    x = convert_to_tensor(tensor)
    if not compute_uv:
        return ops.svd(x, full_matrices=full_matrices, compute_uv=False)
    u, s, vh = ops.svd(x, full_matrices=full_matrices)
    return s, u, ops.conj(ops.swapaxes(vh, -1, -2))


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Return eigenvalues and vectors of symmetric matrices."""
    return ops.eigh(convert_to_tensor(tensor))


def qr(input: Any, full_matrices: builtins.bool = False, name: str | None = None) -> Any:
    """Return the factors of the QR decomposition."""
    return ops.qr(convert_to_tensor(input), mode="complete" if full_matrices else "reduced")


def band_part(input: Any, num_lower: int, num_upper: int, name: str | None = None) -> Any:
    """Return a tensor with zeros outside a band; a negative number keeps the whole side."""
    x = convert_to_tensor(input)
    x = x if num_lower < 0 else ops.triu(x, k=-num_lower)
    return x if num_upper < 0 else ops.tril(x, k=num_upper)


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """Return the norm of several tensors together."""
    return ops.sqrt(sum(ops.sum(ops.square(t)) for t in t_list if t is not None))


def __getattr__(name: str) -> Any:
    raise missing("tf.linalg", name)
