"""Elementwise ops of one and two tensors: rows of a table."""

from typing import Any

import torch

from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor, scalar
from torchkeras.ops._op import (
    binary,
    common_dtype,
    in_dtype,
    op,
    promote,
    takes_number,
    unary,
)


def _float_pair(x1: Any, x2: Any) -> tuple[Any, ...]:
    dtype = common_dtype(x1, x2)
    if not (dtype.is_floating_point or dtype.is_complex):
        dtype = dtypes.torch_dtype(None)
    return in_dtype(dtype, x1, x2)


def _tensor_pair(x1: Any, x2: Any) -> tuple[Any, ...]:
    return _float_pair(convert_to_tensor(x1), convert_to_tensor(x2))


def _counted(x1: torch.Tensor, x2: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return (x1.int(), x2.int()) if x1.dtype is torch.bool else (x1, x2)


def _modulo(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    return torch.remainder(*_counted(x1, x2))


def _fmod(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    return torch.fmod(*_counted(x1, x2))


def _power(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    if type(x2) is int and x2 < 0 and not x1.is_floating_point():
        x2 = scalar(x2, x1.dtype, x1.device)
    return torch.pow(*_counted(x1, x2))


def _floor_divide(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    return torch.floor_divide(*_counted(x1, x2))


def _divide_no_nan(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    # The divisor is replaced, not the quotient alone: its gradient would be NaN.
    zero = x2 == 0
    return torch.where(zero, 0, x1 / torch.where(zero, 1, x2)).to(x1.dtype)


def _square(x: torch.Tensor) -> torch.Tensor:
    return torch.square(x.int() if x.dtype is torch.bool else x)


def _absolute(x: torch.Tensor) -> torch.Tensor:
    return x if x.dtype is torch.bool else torch.abs(x)


def _fabs(x: torch.Tensor) -> torch.Tensor:
    if x.is_complex():
        raise TypeError("fabs: real values are expected, use abs. Received: complex values.")
    return torch.abs(x)


def _trunc(x: torch.Tensor) -> torch.Tensor:
    return torch.trunc(x) if x.is_floating_point() else x


def _imag(x: torch.Tensor) -> torch.Tensor:
    return torch.imag(x) if x.is_complex() else torch.zeros_like(x)


negative = unary(torch.neg, "negative", "Return `-x`.")
absolute = unary(_absolute, "absolute", "Return `|x|`.")
square = unary(_square, "square", "Return `x * x`.")
sign = unary(torch.sign, "sign", "Return the sign: -1, 0 or 1.")
fabs = unary(_fabs, "fabs", "Return `|x|` of real values, as a float.", floating=True)
conjugate = unary(torch.conj_physical, "conjugate", "Return the complex conjugate.")
conj = conjugate
real = unary(torch.real, "real", "Return the real part.")
imag = unary(_imag, "imag", "Return the imaginary part, 0 of real values.")
angle = unary(torch.angle, "angle", "Return the angle in the complex plane.", floating=True)
exp = unary(torch.exp, "exp", "Return `e ** x`.", floating=True)
expm1 = unary(torch.expm1, "expm1", "Return `e ** x - 1`.", floating=True)
log = unary(torch.log, "log", "Return the natural logarithm.", floating=True)
log1p = unary(torch.log1p, "log1p", "Return `log(1 + x)`.", class_name="Log1p", floating=True)
log2 = unary(
    torch.log2, "log2", "Return the logarithm of base 2.", class_name="Log2", floating=True
)
log10 = unary(torch.log10, "log10", "Return the logarithm of base 10.", class_name="Log10", floating=True)  # fmt: skip  # noqa: E501
sqrt = unary(torch.sqrt, "sqrt", "Return the square root.", floating=True)
reciprocal = unary(torch.reciprocal, "reciprocal", "Return `1 / x`.", floating=True)
sin = unary(torch.sin, "sin", "Return the sine (radians).", floating=True)
cos = unary(torch.cos, "cos", "Return the cosine (radians).", floating=True)
tan = unary(torch.tan, "tan", "Return the tangent (radians).", floating=True)
arcsin = unary(torch.asin, "arcsin", "Return the inverse sine.", floating=True)
arccos = unary(torch.acos, "arccos", "Return the inverse cosine.", floating=True)
arctan = unary(torch.atan, "arctan", "Return the inverse tangent.", floating=True)
sinh = unary(torch.sinh, "sinh", "Return the hyperbolic sine.", floating=True)
cosh = unary(torch.cosh, "cosh", "Return the hyperbolic cosine.", floating=True)
tanh = unary(torch.tanh, "tanh", "Return the hyperbolic tangent.", floating=True)
floor = unary(torch.floor, "floor", "Return the next integer below.", floating=True)
ceil = unary(torch.ceil, "ceil", "Return the next integer above.", floating=True)
trunc = unary(_trunc, "trunc", "Return the next integer towards 0.")
isnan = unary(torch.isnan, "isnan", "Tell where `x` is NaN.")
isinf = unary(torch.isinf, "isinf", "Tell where `x` is infinite.")
isfinite = unary(torch.isfinite, "isfinite", "Tell where `x` is finite.")
logical_not = unary(torch.logical_not, "logical_not", "Return `not x`.")

add = binary(torch.add, "add", "Return `x1 + x2`.", numbers="both")
subtract = binary(torch.sub, "subtract", "Return `x1 - x2`.", numbers="both")
multiply = binary(torch.mul, "multiply", "Return `x1 * x2`.", numbers="both")
power = binary(_power, "power", "Return `x1 ** x2`.", numbers="second")
mod = binary(_modulo, "mod", "Return the remainder, with the sign of `x2`.", numbers="second")
fmod = binary(_fmod, "fmod", "Return the remainder, with the sign of `x1`.", numbers="second")
floor_divide = binary(_floor_divide, "floor_divide", "Return `x1 // x2`.", numbers="second")
maximum = binary(torch.maximum, "maximum", "Return the greater of two.")
minimum = binary(torch.minimum, "minimum", "Return the smaller of two.")
fmax = binary(torch.fmax, "fmax", "Return the greater of two, or the one that is not NaN.")
fmin = binary(torch.fmin, "fmin", "Return the smaller of two, or the one that is not NaN.")
true_divide = binary(
    torch.true_divide, "true_divide", "Return `x1 / x2`.", prepare=_float_pair, numbers="both"
)
divide = binary(
    torch.true_divide, "divide", "Return `x1 / x2`.", prepare=_float_pair, numbers="both"
)
divide_no_nan = binary(_divide_no_nan, "divide_no_nan", "Return `x1 / x2`, 0 where `x2` is 0.", prepare=_float_pair)  # fmt: skip  # noqa: E501
arctan2 = binary(torch.atan2, "arctan2", "Return the angle of (x2, x1).", class_name="Arctan2", prepare=_tensor_pair)  # fmt: skip  # noqa: E501
equal = binary(torch.eq, "equal", "Tell where `x1 == x2`.", numbers="second")
not_equal = binary(torch.ne, "not_equal", "Tell where `x1 != x2`.", numbers="second")
less = binary(torch.lt, "less", "Tell where `x1 < x2`.", numbers="second")
less_equal = binary(torch.le, "less_equal", "Tell where `x1 <= x2`.", numbers="second")
greater = binary(torch.gt, "greater", "Tell where `x1 > x2`.", numbers="second")
greater_equal = binary(torch.ge, "greater_equal", "Tell where `x1 >= x2`.", numbers="second")
logical_and = binary(torch.logical_and, "logical_and", "Return `x1 and x2`.")
logical_or = binary(torch.logical_or, "logical_or", "Return `x1 or x2`.")
logical_xor = binary(torch.logical_xor, "logical_xor", "Tell where just one is true.")


_BOUNDS = frozenset((int, float, type(None)))


@op()
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Return `x` held between `x_min` and `x_max`."""
    x = convert_to_tensor(x)
    if x.dtype is torch.bool:
        x = x.to(torch.int32)
    if type(x_min) in _BOUNDS and type(x_max) in _BOUNDS:
        return torch.clamp(x, x_min, x_max)
    kind = x.dtype if x.is_floating_point() else None
    bounds = (b if b is None else convert_to_tensor(b, kind).to(x.device) for b in (x_min, x_max))
    return torch.clamp(x, *bounds)


@op("NanToNum")
def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Return `x` with numbers for NaN and the infinities (default: the largest of the dtype).

    >>> nan_to_num([1.0, float("nan")]).tolist()
    [1.0, 0.0]
    """
    x = convert_to_tensor(x)
    if not (x.is_floating_point() or x.is_complex()):
        return x
    if any(isinstance(v, torch.Tensor) for v in (nan, posinf, neginf)):
        # torch.nan_to_num takes numbers alone; through tensors there is a gradient.
        limits = torch.finfo(x.dtype)
        x = torch.where(torch.isnan(x), nan, x)
        x = torch.where(torch.isposinf(x), limits.max if posinf is None else posinf, x)
        return torch.where(torch.isneginf(x), limits.min if neginf is None else neginf, x)
    return torch.nan_to_num(x, nan, posinf, neginf)


@op(tensors=3)
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Return `x1` where the condition holds, else `x2`; alone, the indices where it holds."""
    if type(x1) is torch.Tensor and type(condition) is torch.Tensor:  # the usual case, quickly
        same = x1.dtype is x2.dtype if type(x2) is torch.Tensor else takes_number(x1.dtype, x2)
        if same and condition.dtype is torch.bool:
            return torch.where(condition, x1, x2)
    condition = convert_to_tensor(condition)
    if x1 is None and x2 is None:
        return tuple(i.to(torch.int32) for i in torch.nonzero(condition, as_tuple=True))
    return torch.where(condition.bool(), *promote(x1, x2))


@op()
def round(x: Any, decimals: int = 0) -> Any:
    """Return `x` rounded to a number of decimals."""
    x = convert_to_tensor(x)
    if x.is_floating_point():
        return torch.round(x, decimals=decimals)
    return x if decimals >= 0 else torch.round(x.double(), decimals=decimals).to(x.dtype)


@op(module="keras.src.ops.math")
def rsqrt(x: Any) -> Any:
    """Return `1 / sqrt(x)`."""
    return torch.rsqrt(convert_to_tensor(x))


@op(module="keras.src.ops.math")
def erf(x: Any) -> Any:
    """Return the error function."""
    return torch.erf(convert_to_tensor(x))
