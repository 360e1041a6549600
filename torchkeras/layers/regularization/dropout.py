"""Dropout: entries set to zero at random while training."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer
from torchkeras.random import SeedGenerator, dropout


@LAYERS.register()
class Dropout(Layer):
    """Sets a share of the inputs to zero while training, and scales the others up.

    Without a seed the random numbers are torch's (`utils.set_random_seed` rules them); with one
    they are a stream of this layer's own.

    Args:
        rate: Share that is dropped, in [0, 1].
        noise_shape: Shape of the random mask; 1 where it is shared along an axis, None for the
            input's size.
        seed: Whole number.

    Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html

    >>> import torch, torchkeras as keras
    >>> keras.layers.Dropout(0.5)(torch.ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = check.fraction(type(self).__name__, "rate", rate)
        self.seed = seed
        self.noise_shape = None if noise_shape is None else _checked(noise_shape)
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self._built_from_the_start()

    def call(self, inputs: torch.Tensor, training: bool = False) -> torch.Tensor:
        """Return the inputs, thinned out while training."""
        if not training or self.rate == 0:
            return inputs
        seed = None if self.seed is None else self.seed_generator
        return dropout(inputs, self.rate, self.noise_shape, seed)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape


def _checked(noise_shape: Any) -> tuple[int | None, ...]:
    known = isinstance(noise_shape, Sequence) and not isinstance(noise_shape, str)
    if not known or not all(n is None or (isinstance(n, Integral) and n > 0) for n in noise_shape):
        raise ValueError(
            "Dropout: noise_shape must be a tuple or list of positive integers and None. "
            f"{check.received('noise_shape', noise_shape)}"
        )
    return tuple(noise_shape)
