"""Lanczos resampling, which torch has no kernel for."""

from functools import lru_cache

import torch


@lru_cache(maxsize=64)
def weights(size: int, factor: int, radius: int) -> torch.Tensor:
    """Return the matrix `(size * factor, size)` that resamples a line of `size` elements.

    An output at `x`, in units of the inputs, is the mean of its neighbours with the weights
    `sinc(x - i) * sinc((x - i) / radius)`; those that would lie outside are left out.
    """
    centres = (torch.arange(size * factor, dtype=torch.float64) + 0.5) / factor - 0.5
    distance = (centres[:, None] - torch.arange(size, dtype=torch.float64)).abs()
    kernel = torch.sinc(distance) * torch.sinc(distance / radius)
    kernel[distance > radius] = 0
    return kernel / kernel.sum(1, keepdim=True)


def upsample(x: torch.Tensor, factors: tuple[int, int], radius: int) -> torch.Tensor:
    """Resample images in torch's order of dimensions."""
    rows, columns = (weights(n, f, radius).to(x) for n, f in zip(x.shape[2:], factors, strict=True))
    return torch.einsum("nchw,ih,jw->ncij", x, rows, columns)
