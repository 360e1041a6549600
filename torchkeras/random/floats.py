"""Draws from continuous distributions."""

import math
import operator
from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.tensor import convert_to_tensor, get_device
from torchkeras.random.seed_generator import probing, resolve

# Of a standard normal variable, this share lies within two standard deviations. A hair less, so
# that rounding cannot lead outside.
_WITHIN_TWO = math.erf(math.sqrt(2.0)) * (1 - 2e-7)


def dimensions(owner: str, shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple of integers >= 0."""
    if type(shape) is torch.Size:
        return shape
    try:
        found = tuple(operator.index(d) for d in shape)
    except TypeError:
        found = (-1,)
    if any(d < 0 for d in found):
        raise ValueError(
            f"{owner}: shape must be a tuple of integers >= 0. {received('shape', shape)}"
        )
    return found


def blank(
    owner: str, shape: Any, dtype: torch.dtype, seed: Any
) -> tuple[torch.Tensor, torch.Generator | None]:
    """Return memory to fill, on the device of new tensors, and the generator to fill it with."""
    shape = dimensions(owner, shape)
    device = "meta" if probing() else get_device()
    return torch.empty(shape, dtype=dtype, device=device), resolve(owner, seed, device)


def _float_dtype(owner: str, dtype: Any) -> torch.dtype:
    found = dtypes.torch_dtype(dtype)
    if not found.is_floating_point:
        raise ValueError(
            f"{owner}: dtype must be a floating point type. {received('dtype', dtype)}"
        )
    return found


def _check_stddev(owner: str, stddev: Any) -> None:
    if isinstance(stddev, Real) and not stddev >= 0:
        raise ValueError(f"{owner}: stddev must be a number >= 0. {received('stddev', stddev)}")


def _scaled(out: torch.Tensor, scale: Any, shift: Any) -> torch.Tensor:
    """Compute `out * scale + shift` in place, for numbers or tensors."""
    if not isinstance(scale, Real):
        out.mul_(convert_to_tensor(scale, out.dtype))
    elif scale != 1:
        out.mul_(scale)
    if not isinstance(shift, Real):
        out.add_(convert_to_tensor(shift, out.dtype))
    elif shift != 0:
        out.add_(shift)
    return out


def normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> torch.Tensor:
    """Draw from the normal distribution.

    Args:
        shape: Shape of the result.
        mean: Number, or a tensor that broadcasts to `shape`.
        stddev: Number >= 0, or a tensor that broadcasts to `shape`.
        dtype: Floating point type; default `floatx()`.
        seed: Integer (the same values at every call), SeedGenerator, torch.Generator, or None
            for torch's global stream.

    Raises:
        ValueError: for a bad shape, dtype or seed, or a negative `stddev`.

    >>> import torchkeras as keras
    >>> keras.random.normal((2,), seed=0)
    tensor([ 1.5410, -0.2934])
    """
    _check_stddev("normal", stddev)
    out, generator = blank("normal", shape, _float_dtype("normal", dtype), seed)
    if isinstance(mean, Real) and isinstance(stddev, Real):
        return out.normal_(mean, stddev, generator=generator)
    return _scaled(out.normal_(generator=generator), stddev, mean)


def uniform(
    shape: Sequence[int], minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> torch.Tensor:
    """Draw from the uniform distribution over `[minval, maxval)`.

    Args:
        shape: Shape of the result.
        minval: Number, or a tensor that broadcasts to `shape`.
        maxval: Number >= `minval`, or a tensor that broadcasts to `shape`.
        dtype: Floating point type; default `floatx()`.
        seed: As in `normal`.

    Raises:
        ValueError: for a bad shape, dtype or seed, or `minval > maxval`.

    >>> import torchkeras as keras
    >>> keras.random.uniform((2,), -1, 1, seed=0)
    tensor([-0.0075,  0.5364])
    """
    numbers = isinstance(minval, Real) and isinstance(maxval, Real)
    if numbers and not minval <= maxval:
        raise ValueError(
            f"uniform: minval must not be above maxval={maxval}. {received('minval', minval)}"
        )
    out, generator = blank("uniform", shape, _float_dtype("uniform", dtype), seed)
    if numbers:
        return out.uniform_(minval, maxval, generator=generator)
    low = convert_to_tensor(minval, out.dtype)
    width = convert_to_tensor(maxval, out.dtype) - low
    return _scaled(out.uniform_(generator=generator), width, low)


def truncated_normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> torch.Tensor:
    """Draw from the normal distribution, cut off two standard deviations from the mean.

    Args:
        shape: Shape of the result.
        mean: Number, or a tensor that broadcasts to `shape`.
        stddev: Number (before the cut), or a tensor that broadcasts to `shape`.
        dtype: Floating point type; default `floatx()`.
        seed: As in `normal`.

    Raises:
        ValueError: for a bad shape, dtype or seed, or a negative `stddev`.

    >>> import torchkeras as keras
    >>> bool((keras.random.truncated_normal((1000,), stddev=0.5).abs() <= 1).all())
    True
    """
    dtype = _float_dtype("truncated_normal", dtype)
    _check_stddev("truncated_normal", stddev)
    # The inverse distribution function, applied to a uniform draw from the part that is kept.
    # 16-bit types have too few values near the ends for that.
    exact = torch.promote_types(dtype, torch.float32)
    out, generator = blank("truncated_normal", shape, exact, seed)
    out.uniform_(-_WITHIN_TWO, _WITHIN_TWO, generator=generator).erfinv_().mul_(math.sqrt(2.0))
    return _scaled(out, stddev, mean).to(dtype)


def parameter(owner: str, name: str, value: Any, shape: Any, dtype: torch.dtype) -> torch.Tensor:
    """Return a distribution's parameter, broadcast to the shape of the draw."""
    shape = dimensions(owner, shape)
    value = convert_to_tensor(value, dtype)
    try:
        return value.broadcast_to(shape)
    except RuntimeError as e:
        raise ValueError(
            f"{owner}: {name} must broadcast to shape={shape}. "
            f"Received: {name} of shape {tuple(value.shape)}."
        ) from e


def _positive(owner: str, name: str, value: Any, shape: Any, dtype: torch.dtype) -> torch.Tensor:
    tensor = parameter(owner, name, value, shape, dtype)
    if not probing() and not bool((tensor > 0).all()):
        raise ValueError(f"{owner}: {name} must be above 0. {received(name, value)}")
    return tensor


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> torch.Tensor:
    """Draw from the gamma distribution with shape `alpha` and rate 1.

    Args:
        shape: Shape of the result.
        alpha: Number above 0, or a tensor of such that broadcasts to `shape`.
        dtype: Default `floatx()`.
        seed: As in `normal`.

    Raises:
        ValueError: for a bad shape or seed, or `alpha <= 0`.

    >>> import torchkeras as keras
    >>> keras.random.gamma((100_000,), 3.0, seed=1).mean().round()
    tensor(3.)
    """
    dtype = dtypes.torch_dtype(dtype)
    alpha = _positive("gamma", "alpha", alpha, shape, torch.promote_types(dtype, torch.float32))
    return torch._standard_gamma(alpha, resolve("gamma", seed, alpha.device)).to(dtype)


def beta(
    shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None
) -> torch.Tensor:
    """Draw from the beta distribution.

    Args:
        shape: Shape of the result.
        alpha: Number above 0, or a tensor of such that broadcasts to `shape`.
        beta: Likewise.
        dtype: Default `floatx()`.
        seed: As in `normal`.

    Raises:
        ValueError: for a bad shape or seed, or a parameter <= 0.

    >>> import torchkeras as keras
    >>> keras.random.beta((100_000,), 1.0, 3.0, seed=1).mean().round(decimals=2)
    tensor(0.2500)
    """
    dtype = dtypes.torch_dtype(dtype)
    exact = torch.promote_types(dtype, torch.float32)
    both = [
        _positive("beta", name, value, shape, exact)
        for name, value in (("alpha", alpha), ("beta", beta))
    ]
    # A beta variable is one of two shares of a Dirichlet variable.
    concentration = torch.stack(both, -1)
    generator = resolve("beta", seed, concentration.device)
    return torch._sample_dirichlet(concentration, generator)[..., 0].to(dtype)
