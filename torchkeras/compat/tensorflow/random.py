"""`tf.random`."""

from typing import Any

import torch

from torchkeras import ops
from torchkeras import random as keras_random
from torchkeras.compat.tensorflow.arrays import _sizes, convert_to_tensor
from torchkeras.compat.tensorflow.missing import missing
from torchkeras.utils import set_random_seed

_seed: list[int | None] = [None]


def set_seed(seed: int | None) -> None:
    """Seed all random numbers: Python's, NumPy's and torch's; None: torch's by chance."""
    _seed[0] = None if seed is None else int(seed)
    if seed is None:
        torch.seed()
    else:
        set_random_seed(int(seed))


def global_seed() -> int | None:
    """Return what `set_seed` was last given."""
    return _seed[0]


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed=None, name=None
):
    """Return normal random numbers."""
    return keras_random.normal(_sizes(shape), mean, stddev, dtype=str(dtype), seed=seed)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype="float32", seed=None, name=None):
    """Return normal random numbers within two standard deviations."""
    return keras_random.truncated_normal(_sizes(shape), mean, stddev, dtype=str(dtype), seed=seed)


def uniform(shape, minval=0, maxval=None, dtype="float32", seed=None, name=None):
    """Return uniform random numbers, whole ones for an integer dtype."""
    if "int" in str(dtype):
        return keras_random.randint(_sizes(shape), minval, maxval, dtype=str(dtype), seed=seed)
    high = 1.0 if maxval is None else maxval
    return keras_random.uniform(_sizes(shape), minval, high, dtype=str(dtype), seed=seed)


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """Return the rows in random order."""
    return keras_random.shuffle(convert_to_tensor(value), seed=seed)


def categorical(logits: Any, num_samples: int, dtype: Any = "int64", seed=None, name=None) -> Any:
    """Draw classes by their unnormalised log-probabilities."""
    drawn = keras_random.categorical(convert_to_tensor(logits), num_samples, seed=seed)
    return ops.cast(drawn, dtype)


def gamma(shape, alpha, beta=None, dtype="float32", seed=None, name=None):
    """Return gamma random numbers."""
    drawn = keras_random.gamma(_sizes(shape), alpha, dtype=str(dtype), seed=seed)
    return drawn if beta is None else drawn / beta


def poisson(shape, lam, dtype="float32", seed=None, name=None):
    """Return Poisson random numbers."""
    rates = convert_to_tensor(lam, "float32").expand(_sizes(shape))
    return ops.cast(torch.poisson(rates), dtype)


class Generator:
    """A source of random numbers of its own."""

    def __init__(self, seed: int | None = None) -> None:
        self._seed = keras_random.SeedGenerator(seed)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> "Generator":
        """Return a generator of a seed."""
        return cls(seed)

    def normal(self, shape, mean=0.0, stddev=1.0, dtype="float32", name=None):
        """Return normal random numbers."""
        return normal(shape, mean, stddev, dtype, seed=self._seed)

    def uniform(self, shape, minval=0, maxval=None, dtype="float32", name=None):
        """Return uniform random numbers."""
        return uniform(shape, minval, maxval, dtype, seed=self._seed)


def __getattr__(name: str) -> Any:
    raise missing("tf.random", name)
