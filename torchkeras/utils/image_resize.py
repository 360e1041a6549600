"""Images of files in one size: what `ops.image.resize` does, and three more kernels."""

from collections.abc import Callable
from functools import lru_cache

import torch

from torchkeras.ops.image.resample import stretch
from torchkeras.ops.image.resize import INTERPOLATIONS as _PLAIN
from torchkeras.ops.image.resize import cropped, interpolate, padded

INTERPOLATIONS = (
    "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic",
)  # fmt: skip
_GAUSSIAN_RADIUS = 1.5


def fitted(x: torch.Tensor, size: tuple[int, int], crop: bool, pad: bool) -> torch.Tensor:
    """Return images `(batch, channels, height, width)` in the proportions of `size`, if asked."""
    if crop:
        return cropped(x, size)
    return padded(x, size, 0.0) if pad else x


def resize(x: torch.Tensor, size: tuple[int, int], interpolation: str) -> torch.Tensor:
    """Return floating point images `(batch, channels, height, width)` in another size."""
    if interpolation == "bicubic":  # TensorFlow's, with a = -1/2, not torch's
        return stretch(x, size, interpolation)
    if interpolation in _PLAIN:
        return interpolate(x, size, interpolation, False)
    rows, columns = (
        _weights(n, m, interpolation).to(x) for n, m in zip(x.shape[2:], size, strict=True)
    )
    return torch.einsum("nchw,ih,jw->ncij", x, rows, columns)


@lru_cache(maxsize=64)
def _weights(size: int, new_size: int, method: str) -> torch.Tensor:
    step = size / new_size
    if method == "area":  # the share of each input in the span of an output
        low = torch.arange(new_size, dtype=torch.float64)[:, None] * step
        at = torch.arange(size, dtype=torch.float64)
        shares = torch.minimum(low + step, at + 1) - torch.maximum(low, at)
        return shares.clamp(min=0) / step
    at = (torch.arange(new_size, dtype=torch.float64) + 0.5) * step
    distance = (at[:, None] - torch.arange(size, dtype=torch.float64) - 0.5).abs()
    matrix = _KERNELS[method](distance)
    return matrix / matrix.sum(1, keepdim=True)


def _gaussian(x: torch.Tensor) -> torch.Tensor:
    sigma = _GAUSSIAN_RADIUS / 3
    return torch.where(x < _GAUSSIAN_RADIUS, torch.exp(-(x**2) / (2 * sigma**2)), 0)


def _mitchell(x: torch.Tensor) -> torch.Tensor:
    """Mitchell and Netravali's cubic with B = C = 1/3."""
    near = ((7 / 6 * x - 2) * x) * x + 8 / 9
    far = ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9
    return torch.where(x < 1, near, torch.where(x < 2, far, 0))


_KERNELS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "gaussian": _gaussian,
    "mitchellcubic": _mitchell,
}
