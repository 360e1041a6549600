"""Gaussian noise, added or multiplied, and AlphaDropout."""

import math
from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer
from torchkeras.random import SeedGenerator, normal, uniform

# Lower limit of selu, where a dropped value goes: -alpha * scale.
_SELU_LOW = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946


class _Noise(Layer):
    """Base: a stream of random numbers, used while training."""

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.supports_masking = True
        self._built_from_the_start()

    def _stream(self, needed: bool) -> None:
        if needed:
            self.seed_generator = SeedGenerator(self.seed)

    def _source(self) -> SeedGenerator | None:
        return None if self.seed is None else self.seed_generator

    def _normal(self, x: torch.Tensor, mean: float, stddev: float) -> torch.Tensor:
        if self.seed is None:
            return torch.randn_like(x).mul_(stddev).add_(mean)
        return normal(x.shape, mean, stddev, x.dtype, self._source()).to(x.device)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape


@LAYERS.register()
class GaussianNoise(_Noise):
    """Adds normal noise of mean 0 while training.

    Args:
        stddev: Standard deviation of the noise, in [0, 1].
        seed: Whole number.

    >>> import torch, torchkeras as keras
    >>> keras.layers.GaussianNoise(0.5)(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.stddev = check.fraction("GaussianNoise", "stddev", stddev)
        self._stream(stddev > 0)

    def call(self, inputs: torch.Tensor, training: bool = False) -> torch.Tensor:
        """Return the inputs, with noise while training."""
        if not training or self.stddev == 0:
            return inputs
        return inputs + self._normal(inputs, 0.0, self.stddev)


@LAYERS.register()
class GaussianDropout(_Noise):
    """Multiplies by normal noise of mean 1 and deviation `sqrt(rate / (1 - rate))` while training.

    Args:
        rate: Share that a Dropout of the same effect drops, in [0, 1].
        seed: Whole number.

    Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html

    >>> import torch, torchkeras as keras
    >>> keras.layers.GaussianDropout(0.5)(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = check.fraction("GaussianDropout", "rate", rate)
        self._stream(rate > 0)

    def call(self, inputs: torch.Tensor, training: bool = False) -> torch.Tensor:
        """Return the inputs, with noise while training."""
        if not training or self.rate == 0:
            return inputs
        stddev = math.sqrt(self.rate / (1.0 - self.rate)) if self.rate < 1 else math.inf
        return inputs * self._normal(inputs, 1.0, stddev)


@LAYERS.register()
class AlphaDropout(_Noise):
    """Dropout for `selu` networks: mean and variance of the inputs stay as they are.

    Args:
        rate: Share that is dropped, in [0, 1]: set to the lower limit of selu.
        noise_shape: Shape of the random mask; 1 where it is shared along an axis, None for the
            input's size.
        seed: Whole number.

    Klambauer et al., 2017, https://arxiv.org/abs/1706.02515

    >>> import torch, torchkeras as keras
    >>> keras.layers.AlphaDropout(0.5)(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = check.fraction("AlphaDropout", "rate", rate)
        self.noise_shape = noise_shape
        self._stream(rate > 0)

    def call(self, inputs: torch.Tensor, training: bool = False) -> torch.Tensor:
        """Return the inputs, thinned out while training."""
        rate = self.rate
        if not training or rate == 0:
            return inputs
        if rate == 1:  # all values are alike: of variance 0
            return inputs * 0.0
        shape = inputs.shape
        if self.noise_shape is not None:
            given = zip(self.noise_shape, shape, strict=True)
            shape = tuple(n if d is None else d for d, n in given)
        if self.seed is None:
            drawn = torch.rand(shape, dtype=inputs.dtype, device=inputs.device)
        else:
            drawn = uniform(shape, dtype=inputs.dtype, seed=self._source()).to(inputs.device)
        scale = ((1 - rate) * (1 + rate * _SELU_LOW**2)) ** -0.5
        shift = -scale * _SELU_LOW * rate
        return torch.where(drawn >= rate, inputs, _SELU_LOW) * scale + shift
