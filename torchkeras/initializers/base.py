"""Initializer, and what those that draw numbers share."""

from collections.abc import Sequence
from typing import Any, Self

from torch import Tensor

from torchkeras.core import serialize
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import INITIALIZERS
from torchkeras.random.seed_generator import SeedGenerator, as_seed, draw_seed


@INITIALIZERS.register()
class Initializer(Configurable):
    """Base of initializers: a callable from a shape and dtype to a tensor.

    >>> import torch, torchkeras as keras
    >>> class Ramp(keras.initializers.Initializer):
    ...     def __init__(self, step):
    ...         self.step = step
    ...
    ...     def __call__(self, shape, dtype=None):
    ...         return torch.arange(shape[-1]) * self.step * torch.ones(shape)
    >>> Ramp(0.5)((2, 3))
    tensor([[0.0000, 0.5000, 1.0000],
            [0.0000, 0.5000, 1.0000]])
    >>> Ramp(0.5).get_config()
    {'step': 0.5}
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Return a new tensor of `shape` and `dtype` (default `floatx()`)."""
        raise TypeError(f"{type(self).__name__} must define __call__(shape, dtype=None).")

    def clone(self) -> Self:
        """Return a copy from the config; without a seed, it draws values of its own."""
        return type(self).from_config(self.get_config())

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the initializer of a config."""
        return cls(**serialize.deserialize_keras_object(config))


class RandomInitializer(Initializer):
    """Base of initializers that draw numbers: every call gives the same values.

    Args:
        seed: Integer, or None for one that is drawn now; a `SeedGenerator` makes calls differ.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = serialize.deserialize_keras_object(seed)
        self._init_seed = seed
        if seed is None:
            seed = draw_seed()
        elif not isinstance(seed, SeedGenerator):
            self._init_seed = seed = as_seed(type(self).__name__, seed)
        self.seed: int | SeedGenerator = seed

    def _config_overrides(self) -> dict[str, Any]:
        return {"seed": self._init_seed}
