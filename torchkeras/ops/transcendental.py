"""Elementwise ops beyond arithmetic: hyperbolic, exponential, angles, Bessel and step functions."""

from typing import Any

import torch

from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import binary, unary


def _exactly(x: torch.Tensor) -> torch.Tensor:
    """Return floats; of 64-bit integers, 64-bit ones, as NumPy has these functions."""
    if x.is_floating_point() or x.is_complex():
        return x
    return x.to(torch.float64 if x.dtype is torch.int64 else dtypes.torch_dtype(None))


def _cbrt(x: torch.Tensor) -> torch.Tensor:
    x = _exactly(x)
    return torch.sign(x) * torch.abs(x) ** (1 / 3)


def _deg2rad(x: torch.Tensor) -> torch.Tensor:
    return torch.deg2rad(_exactly(x))


def _rad2deg(x: torch.Tensor) -> torch.Tensor:
    return torch.rad2deg(_exactly(x))


def _i0(x: torch.Tensor) -> torch.Tensor:
    return torch.i0(_exactly(x))


arcsinh = unary(torch.asinh, "arcsinh", "Return the inverse hyperbolic sine.", floating=True)
arccosh = unary(torch.acosh, "arccosh", "Return the inverse hyperbolic cosine.", floating=True)
arctanh = unary(torch.atanh, "arctanh", "Return the inverse hyperbolic tangent.", floating=True)
exp2 = unary(torch.exp2, "exp2", "Return `2 ** x`.", class_name="Exp2", floating=True)
sinc = unary(torch.sinc, "sinc", "Return `sin(pi x) / (pi x)`, 1 at 0.", floating=True)
cbrt = unary(_cbrt, "cbrt", "Return the cube root.")
deg2rad = unary(_deg2rad, "deg2rad", "Turn degrees into radians.", class_name="Deg2rad")
rad2deg = unary(_rad2deg, "rad2deg", "Turn radians into degrees.", class_name="Rad2deg")
i0 = unary(_i0, "i0", "Return the modified Bessel function of the first kind and order 0.", class_name="I0")  # fmt: skip  # noqa: E501


def _float_pair(x1: Any, x2: Any) -> tuple[Any, ...]:
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    dtype = dtypes.torch_dtype(dtypes.result_type(x1.dtype, x2.dtype, float))
    return convert_to_tensor(x1, dtype), convert_to_tensor(x2, dtype)


def _step_pair(x1: Any, x2: Any) -> tuple[Any, ...]:
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    return (x1, x2) if x1.dtype is x2.dtype is torch.bool else _float_pair(x1, x2)


hypot = binary(torch.hypot, "hypot", "Return `sqrt(x1**2 + x2**2)`.", prepare=_float_pair)
heaviside = binary(torch.heaviside, "heaviside", "Return 0 where `x1 < 0`, `x2` where it is 0, else 1.", prepare=_step_pair)  # fmt: skip  # noqa: E501
logaddexp = binary(torch.logaddexp, "logaddexp", "Return `log(exp(x1) + exp(x2))`.", prepare=_float_pair)  # fmt: skip  # noqa: E501
logaddexp2 = binary(torch.logaddexp2, "logaddexp2", "Return `log2(2**x1 + 2**x2)`.", class_name="Logaddexp2", prepare=_float_pair)  # fmt: skip  # noqa: E501
nextafter = binary(torch.nextafter, "nextafter", "Return the next number after `x1` towards `x2`.", prepare=_float_pair)  # fmt: skip  # noqa: E501
