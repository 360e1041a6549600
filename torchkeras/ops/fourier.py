"""Fourier transforms; complex numbers come and go as pairs of a real and an imaginary part."""

from typing import Any

import torch

from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import MATH, op, to_float

Tensor = torch.Tensor


def to_complex(owner: str, x: Any, least: int = 1) -> Tensor:
    """Return the complex tensor of a pair (or of a complex tensor)."""
    if isinstance(x, Tensor) and x.is_complex():
        return x
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(
            f"{owner}: x must be a tuple of a real and an imaginary part. "
            f"Received: {type(x).__name__}."
        )
    real, imag = (convert_to_tensor(part) for part in x)
    if real.shape != imag.shape or real.ndim < least:
        raise ValueError(
            f"{owner}: both parts must have one shape, of {least} dimensions or more. Received: "
            f"shapes {tuple(real.shape)} and {tuple(imag.shape)}."
        )
    if not (real.is_floating_point() and imag.is_floating_point()):
        raise ValueError(
            f"{owner}: both parts must be floating point numbers. Received: {real.dtype} and "
            f"{imag.dtype}."
        )
    wide = torch.promote_types(torch.promote_types(real.dtype, imag.dtype), torch.float32)
    return torch.complex(real.to(wide), imag.to(wide))


def parts(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the real and the imaginary part."""
    return x.real, x.imag


@op("FFT", module=MATH)
def fft(x: Any) -> Any:
    """Return the Fourier transform along the last axis.

    >>> import torch, torchkeras as keras
    >>> keras.ops.fft((torch.tensor([1.0, 1.0]), torch.tensor([0.0, 0.0])))
    (tensor([2., 0.]), tensor([0., 0.]))
    """
    return parts(torch.fft.fft(to_complex("fft", x)))


@op("FFT2", module=MATH)
def fft2(x: Any) -> Any:
    """Return the Fourier transform along the last two axes.

    >>> import torch, torchkeras as keras
    >>> keras.ops.fft2((torch.ones(2, 2), torch.zeros(2, 2)))[0]
    tensor([[4., 0.],
            [0., 0.]])
    """
    return parts(torch.fft.fft2(to_complex("fft2", x, 2)))


@op("IFFT2", module=MATH)
def ifft2(x: Any) -> Any:
    """Return the inverse Fourier transform along the last two axes.

    >>> import torch, torchkeras as keras
    >>> keras.ops.ifft2((torch.ones(2, 2), torch.zeros(2, 2)))[0]
    tensor([[1., 0.],
            [0., 0.]])
    """
    return parts(torch.fft.ifft2(to_complex("ifft2", x, 2)))


def _length(owner: str, fft_length: int | None) -> int | None:
    if fft_length is not None and fft_length < 1:
        raise ValueError(
            f"{owner}: fft_length must be a positive integer. Received: fft_length={fft_length}."
        )
    return fft_length


@op("RFFT", module=MATH)
def rfft(x: Any, fft_length: int | None = None) -> Any:
    """Return the Fourier transform of real numbers, without what is there twice.

    Args:
        x: Real numbers `(..., n)`.
        fft_length: Cut or filled up with zeros to this length first.

    >>> import torch, torchkeras as keras
    >>> keras.ops.rfft(torch.tensor([0.0, 1.0, 2.0, 3.0]))
    (tensor([ 6., -2., -2.]), tensor([0., 2., 0.]))
    """
    x = to_float(x)
    x = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    return parts(torch.fft.rfft(x, _length("rfft", fft_length)))


@op("IRFFT", module=MATH)
def irfft(x: Any, fft_length: int | None = None) -> Any:
    """Return the real numbers that `rfft` has made this of.

    Args:
        x: Real and imaginary part `(..., n)`.
        fft_length: Length of the result; default: `2 * (n - 1)`.

    >>> import torchkeras as keras
    >>> keras.ops.irfft(keras.ops.rfft([0.0, 1.0, 2.0, 3.0]))
    tensor([0., 1., 2., 3.])
    """
    return torch.fft.irfft(to_complex("irfft", x), _length("irfft", fft_length))
