"""Ops on integers: their bits, shifts, common divisors and multiples."""

import functools
from collections.abc import Callable
from typing import Any

import torch

from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import binary, op, promote, unary

_INTEGERS = frozenset((torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64))


def _refuse(name: str, *tensors: torch.Tensor) -> TypeError:
    kinds = ", ".join(dtypes.standardize_dtype(t.dtype) for t in tensors)
    return TypeError(f"{name}: integers are expected. Received: values of dtype {kinds}.")


def _whole(x: torch.Tensor) -> bool:
    return not (x.dtype.is_floating_point or x.dtype.is_complex)


def _inverted(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    def invert(x: torch.Tensor) -> torch.Tensor:
        if _whole(x):
            return torch.bitwise_not(x)
        raise _refuse(name, x)

    return invert


def _bits(
    function: Callable[..., torch.Tensor], name: str, class_name: str, doc: str, booleans: bool
) -> Callable[[Any, Any], torch.Tensor]:
    """Make an op of two tensors of integers (Keras calls them x and y)."""

    def eager(x: Any, y: Any) -> Any:
        x, y = promote(x, y)
        if not _whole(x):
            raise _refuse(name, x, y)
        if not booleans and x.dtype is torch.bool:
            x, y = x.int(), y.int()
        return function(x, y)

    eager.__name__ = eager.__qualname__ = name
    eager.__doc__ = doc
    slow = op(class_name, tensors=2)(eager)

    @functools.wraps(eager)
    def public(x: Any, y: Any) -> Any:
        if type(x) is type(y) is torch.Tensor and x.dtype is y.dtype and x.dtype in _INTEGERS:
            return function(x, y)
        return slow(x, y)

    public.node = slow.node  # type: ignore[attr-defined]
    return public


bitwise_not = unary(_inverted("bitwise_not"), "bitwise_not", "Return `~x`, bit by bit.")
bitwise_invert = unary(_inverted("bitwise_invert"), "bitwise_invert", "Return `~x`, bit by bit.")
bitwise_and = _bits(torch.bitwise_and, "bitwise_and", "BitwiseAnd", "Return `x & y`.", True)
bitwise_or = _bits(torch.bitwise_or, "bitwise_or", "BitwiseOr", "Return `x | y`.", True)
bitwise_xor = _bits(torch.bitwise_xor, "bitwise_xor", "BitwiseXor", "Return `x ^ y`.", True)
bitwise_left_shift = _bits(
    torch.bitwise_left_shift, "bitwise_left_shift", "BitwiseLeftShift", "Return `x << y`.", False
)
bitwise_right_shift = _bits(
    torch.bitwise_right_shift, "bitwise_right_shift", "BitwiseRightShift", "Return `x >> y`.", False
)
left_shift = _bits(torch.bitwise_left_shift, "left_shift", "LeftShift", "Return `x << y`.", False)
right_shift = _bits(
    torch.bitwise_right_shift, "right_shift", "RightShift", "Return `x >> y`.", False
)


def _whole_pair(name: str, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def checked(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
        if x1.dtype not in _INTEGERS:
            raise _refuse(name, x1, x2)
        return function(x1, x2)

    return checked


gcd = binary(_whole_pair("gcd", torch.gcd), "gcd", "Return the greatest common divisor.")
lcm = binary(_whole_pair("lcm", torch.lcm), "lcm", "Return the least common multiple.")


@op(tensors=2)
def ldexp(x1: Any, x2: Any) -> torch.Tensor:
    """Return `x1 * 2 ** x2` for integers `x2`.

    >>> ldexp([1.0, 3.0], [3, -1]).tolist()
    [8.0, 1.5]
    """
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if not _whole(x2) or x2.dtype is torch.bool:
        raise TypeError(
            "ldexp: x2 must hold integers. "
            f"Received: x2 of dtype {dtypes.standardize_dtype(x2.dtype)}."
        )
    dtype = dtypes.torch_dtype(dtypes.result_type(x1.dtype, x2.dtype, float))
    if x1.shape != x2.shape:  # torch.ldexp warns where it has to stretch the first one
        x1, x2 = torch.broadcast_tensors(x1, x2)
    return torch.ldexp(x1.to(dtype), x2).to(dtype)
