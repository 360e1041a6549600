"""Sums of products: of vectors, matrices and along named axes."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base.check import one_of
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import common_dtype, op, promote

Tensor = torch.Tensor


def _with_booleans(function: Callable[..., Tensor], *xs: Tensor) -> Tensor:
    """Booleans add up to whether one is true."""
    if xs[0].dtype is torch.bool:
        return function(*(x.int() for x in xs)).bool()
    return function(*xs)


@op(tensors=2)
def dot(x1: Any, x2: Any) -> Any:
    """Return the sums of products over the last axis of `x1` and the last but one of `x2`.

    With a vector it is that vector's axis; with a number it is the product.

    >>> import torchkeras as keras
    >>> keras.ops.dot([1, 2], [3, 4])
    tensor(11, dtype=torch.int32)
    """
    x1, x2 = promote(x1, x2)
    if x1.ndim == 0 or x2.ndim == 0:
        return x1 * x2
    if x2.ndim <= 2:
        return _with_booleans(torch.matmul, x1, x2)
    return _with_booleans(lambda a, b: torch.tensordot(a, b, dims=([-1], [-2])), x1, x2)


@op(tensors=2)
def vdot(x1: Any, x2: Any) -> Any:
    """Return the sum of products of two flat tensors, of complex ones with the conjugate of `x1`.

    >>> import torchkeras as keras
    >>> keras.ops.vdot([1, 2], [3, 4])
    tensor(11, dtype=torch.int32)
    """
    x1, x2 = promote(x1, x2)
    return _with_booleans(torch.vdot, x1.flatten(), x2.flatten())


@op(tensors=2)
def inner(x1: Any, x2: Any) -> Any:
    """Return the sums of products over the last axes; with a number the product.

    >>> import torchkeras as keras
    >>> keras.ops.inner([[1, 2], [3, 4]], [1, 1])
    tensor([3, 7], dtype=torch.int32)
    """
    x1, x2 = promote(x1, x2)
    return _with_booleans(torch.inner, x1, x2)


@op(tensors=2)
def outer(x1: Any, x2: Any) -> Any:
    """Return the products of all pairs of values of two flat tensors.

    >>> import torchkeras as keras
    >>> keras.ops.outer([1, 2], [3, 4])
    tensor([[3, 4],
            [6, 8]], dtype=torch.int32)
    """
    x1, x2 = promote(x1, x2)
    return torch.outer(x1.flatten(), x2.flatten())


@op(tensors=2)
def kron(x1: Any, x2: Any) -> Any:
    """Return the Kronecker product: each entry of `x1` times the whole `x2`.

    >>> import torchkeras as keras
    >>> keras.ops.kron([1, 2], [1, 1])
    tensor([1, 1, 2, 2], dtype=torch.int32)
    """
    return torch.kron(*promote(x1, x2))


@op(tensors=2)
def cross(
    x1: Any,
    x2: Any,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Any:
    """Return the vector products.

    Args:
        x1: First vectors, of 3 components, or of 2 where the third is 0.
        x2: Second vectors, likewise.
        axisa: Axis of the components of `x1`.
        axisb: Axis of the components of `x2`.
        axisc: Axis of the components of the result; two flat vectors give the third one alone.
        axis: One axis for all three.

    Raises:
        ValueError: for other numbers of components.
        TypeError: for booleans.

    >>> import torchkeras as keras
    >>> keras.ops.cross([1, 0, 0], [0, 1, 0])
    tensor([0, 0, 1], dtype=torch.int32)
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = promote(x1, x2)
    if x1.dtype is torch.bool:
        raise TypeError("cross: x1 and x2 must hold numbers. Received: booleans.")
    x1, x2 = torch.movedim(x1, axisa, -1), torch.movedim(x2, axisb, -1)
    flat = x1.shape[-1] == x2.shape[-1] == 2
    if not {x1.shape[-1], x2.shape[-1]} <= {2, 3}:
        raise ValueError(
            "cross: vectors must have 2 or 3 components. "
            f"Received: {x1.shape[-1]} and {x2.shape[-1]}."
        )
    if flat:
        return x1[..., 0] * x2[..., 1] - x1[..., 1] * x2[..., 0]
    x1, x2 = (F.pad(x, (0, 3 - x.shape[-1])) for x in (x1, x2))
    x1, x2 = torch.broadcast_tensors(x1, x2)
    return torch.movedim(torch.linalg.cross(x1, x2), -1, axisc)


@op(tensors=2)
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Return the sums of products over several axes.

    Args:
        x1: First tensor.
        x2: Second tensor.
        axes: Number of last axes of `x1` and first of `x2`; or a pair of an axis or a list of them
            for each.

    >>> import torch, torchkeras as keras
    >>> keras.ops.tensordot(torch.ones(2, 3, 4), torch.ones(4, 5), axes=([2], [0])).shape
    torch.Size([2, 3, 5])
    """
    x1, x2 = promote(x1, x2)
    if not isinstance(axes, int):
        axes = tuple([a] if isinstance(a, int) else list(a) for a in axes)
    return _with_booleans(lambda a, b: torch.tensordot(a, b, dims=axes), x1, x2)


@op("Einsum")
def _einsum(*operands: Any, subscripts: str = "") -> Any:
    xs = promote(*operands)
    if xs[0].is_floating_point():
        return torch.einsum(subscripts, *xs)
    if all(convert_to_tensor(x).dtype is torch.int8 for x in operands):  # summed up in int32
        xs = tuple(x.int() for x in xs)
    return _with_booleans(lambda *tensors: torch.einsum(subscripts, *tensors), *xs).to(xs[0].dtype)


def _letters(subscripts: Any) -> str:
    """Return the string form of a list of axes."""
    if isinstance(subscripts, str):
        return subscripts
    return "".join(
        "..." if s is ... else chr(97 + s) if s < 26 else chr(39 + s) for s in subscripts
    )


def einsum(subscripts: Any, *operands: Any, **kwargs: Any) -> Any:
    """Return sums of products after Einstein's convention.

    Args:
        subscripts: As in NumPy, for example `"ab,bc->ac"`.
        operands: Tensors. As in NumPy, lists of axes may follow each tensor instead of a string.
        **kwargs: Accepted as in Keras, without effect.

    >>> import torchkeras as keras
    >>> keras.ops.einsum("ab,b->a", [[1, 2], [3, 4]], [1, 1])
    tensor([3, 7], dtype=torch.int32)
    """
    if not isinstance(subscripts, str):
        given = (subscripts, *operands)
        pairs = len(given) // 2
        text = ",".join(_letters(given[2 * i + 1]) for i in range(pairs))
        if len(given) % 2:
            text += "->" + _letters(given[-1])
        subscripts, operands = text, given[: 2 * pairs : 2]
    if operands and all([type(x) is Tensor for x in operands]):
        kind = operands[0].dtype
        if kind.is_floating_point and all([x.dtype is kind for x in operands]):
            return torch.einsum(subscripts, *operands)
    if not operands:
        raise ValueError(f"einsum: operands must be given. Received: subscripts={subscripts!r}.")
    return _einsum(*operands, subscripts=subscripts)


@op(tensors=2)
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """Return the cross-correlation of two vectors: `out[k] = sum(x1[n + k] * conj(x2[n]))`.

    Args:
        x1: First vector.
        x2: Second vector.
        mode: `"valid"`: whole overlaps; `"same"`: as many as the longer one has values; `"full"`.

    Raises:
        ValueError: for another mode, or if they are no vectors with values.

    >>> import torchkeras as keras
    >>> keras.ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0])
    tensor([2., 3.])
    """
    one_of("correlate", "mode", mode, ("valid", "same", "full"))
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    dtype = common_dtype(x1, x2, 1.0)
    x1, x2 = x1.to(dtype), x2.to(dtype)
    if x1.ndim != 1 or x2.ndim != 1 or not x1.numel() or not x2.numel():
        raise ValueError(
            "correlate: x1 and x2 must be vectors with values. "
            f"Received: shapes {tuple(x1.shape)} and {tuple(x2.shape)}."
        )
    swapped = len(x2) > len(x1)
    long, short = (x2, x1) if swapped else (x1, x2)
    short = torch.conj_physical(short) if short.is_complex() else short
    before = {"valid": 0, "same": len(short) // 2, "full": len(short) - 1}[mode]
    after = {"valid": 0, "same": (len(short) - 1) // 2, "full": len(short) - 1}[mode]
    out = F.conv1d(F.pad(long, (before, after))[None, None], short[None, None])[0, 0]
    if not swapped:
        return out
    out = out.flip(0)
    return torch.conj_physical(out) if out.is_complex() else out
