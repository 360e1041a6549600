"""Dropout: entries set to zero at random while training."""

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer
from torchkeras.random import SeedGenerator


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
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: torch.Tensor, training: bool = False) -> torch.Tensor:
        """Return the inputs, thinned out while training."""
        if not training or self.rate == 0:
            return inputs
        shape = self._shape(inputs)
        if self.seed is None and shape is None:
            return F.dropout(inputs, self.rate, True)
        if self.rate == 1:
            return torch.zeros_like(inputs)
        generator = None if self.seed is None else self.seed_generator.generator(inputs.device)
        mask = torch.empty(inputs.shape if shape is None else shape, dtype=inputs.dtype)
        mask = mask.to(inputs.device).bernoulli_(1 - self.rate, generator=generator)
        return inputs * mask.div_(1 - self.rate)

    def _shape(self, inputs: torch.Tensor) -> tuple[int, ...] | None:
        """Return the shape of the mask if it is not the input's."""
        if self.noise_shape is None:
            return None
        if len(self.noise_shape) != inputs.ndim:
            raise ValueError(
                f"{type(self).__name__}: noise_shape must have {inputs.ndim} entries, one for each "
                f"axis of the input. {check.received('noise_shape', self.noise_shape)}"
            )
        sizes = zip(self.noise_shape, inputs.shape, strict=True)
        return tuple(s if n is None else n for n, s in sizes)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
