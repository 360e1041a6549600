"""Ops that ask a question of each value."""

from typing import Any

import torch

from torchkeras.ops._op import op, promote, unary

isneginf = unary(torch.isneginf, "isneginf", "Tell where `x` is minus infinity.")
isposinf = unary(torch.isposinf, "isposinf", "Tell where `x` is plus infinity.")
isreal = unary(torch.isreal, "isreal", "Tell where `x` has no imaginary part.")
signbit = unary(torch.signbit, "signbit", "Tell where the sign bit is set (as in -0.0).")


@op("Isclose", tensors=4)
def isclose(
    x1: Any, x2: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False
) -> torch.Tensor:
    """Tell where `|x1 - x2| <= atol + rtol * |x2|`.

    >>> isclose([1.0, 2.0], [1.0, 2.1]).tolist()
    [True, False]
    """
    x1, x2 = promote(x1, x2)
    if isinstance(rtol, torch.Tensor) or isinstance(atol, torch.Tensor):
        near = (x1 - x2).abs() <= atol + rtol * x2.abs()
        near = (near & torch.isfinite(x2)) | (x1 == x2)
        return near | (torch.isnan(x1) & torch.isnan(x2)) if equal_nan else near
    return torch.isclose(x1, x2, rtol, atol, equal_nan)


@op("AllClose", tensors=2)
def allclose(
    x1: Any, x2: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False
) -> torch.Tensor:
    """Tell whether all values are close, as a tensor of one bool.

    >>> allclose([1.0, 2.0], [1.0, 2.1]).item()
    False
    """
    return isclose(x1, x2, rtol, atol, equal_nan).all()


@op("IsIn", tensors=2)
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> torch.Tensor:
    """Tell for each value of `x1` whether `x2` holds it.

    Args:
        assume_unique: Promise that neither holds a value twice; speeds the search up.
        invert: Tell whether `x2` does not hold it.

    >>> isin([1, 2, 3], [1, 3]).tolist()
    [True, False, True]
    """
    x1, x2 = promote(x1, x2)
    if x1.dtype is torch.bool:
        x1, x2 = x1.to(torch.uint8), x2.to(torch.uint8)
    return torch.isin(x1, x2, assume_unique=assume_unique, invert=invert)
