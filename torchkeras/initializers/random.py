"""Initializers that draw from a distribution given by its own parameters."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from torchkeras import random
from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.registry import INITIALIZERS
from torchkeras.initializers.base import RandomInitializer


@INITIALIZERS.register("normal")
class RandomNormal(RandomInitializer):
    """Normal distribution.

    Args:
        mean: Mean.
        stddev: Standard deviation.
        seed: Integer, or None for one that is drawn now: every call gives the same values. A
            `SeedGenerator` makes them differ.

    >>> import torchkeras as keras
    >>> keras.initializers.RandomNormal(stddev=1.0, seed=0)((2,))
    tensor([ 1.5410, -0.2934])
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)


@INITIALIZERS.register("uniform")
class RandomUniform(RandomInitializer):
    """Uniform distribution over `[minval, maxval)`.

    Args:
        minval: Lower bound.
        maxval: Upper bound.
        seed: As in `RandomNormal`.

    >>> import torchkeras as keras
    >>> keras.initializers.RandomUniform(-1, 1, seed=0)((2,))
    tensor([-0.0075,  0.5364])
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)


@INITIALIZERS.register()
class TruncatedNormal(RandomInitializer):
    """Normal distribution, cut off two standard deviations from the mean.

    Args:
        mean: Mean.
        stddev: Standard deviation before the cut; 0.88 of it is left.
        seed: As in `RandomNormal`.

    >>> import torchkeras as keras
    >>> bool((keras.initializers.TruncatedNormal(stddev=0.5)((1000,)).abs() <= 1).all())
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


@INITIALIZERS.register("OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthogonal columns (or rows, if there are fewer rows than columns).

    It is the Q of a QR decomposition of normal numbers. A shape of more dimensions is taken as
    the matrix `(shape[0] * ... * shape[-2], shape[-1])`.

    Args:
        gain: Factor.
        seed: As in `RandomNormal`.

    Raises:
        ValueError: at the call, if the shape has fewer than two dimensions.

    Saxe et al., 2014, https://arxiv.org/abs/1312.6120

    >>> import torchkeras as keras
    >>> w = keras.initializers.Orthogonal(seed=1)((4, 2))
    >>> (w.T @ w).round().abs()
    tensor([[1., 0.],
            [0., 1.]])
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        shape = tuple(shape)
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal: the shape must have 2 or more dimensions. {received('shape', shape)}"
            )
        rows, columns = 1, shape[-1]
        for size in shape[:-1]:
            rows *= size
        dtype = dtypes.torch_dtype(dtype)
        exact = torch.promote_types(dtype, torch.float32)  # 16-bit types have no decomposition
        flat = (max(rows, columns), min(rows, columns))
        q, r = torch.linalg.qr(random.normal(flat, dtype=exact, seed=self.seed))
        # The signs make the result uniform over all orthogonal matrices, and unique.
        q = q * (self.gain * torch.sign(torch.diagonal(r)))
        return (q.T if rows < columns else q).reshape(shape).to(dtype)


random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
orthogonal = OrthogonalInitializer = Orthogonal
