"""One seed for all random streams of a program."""

import random
from numbers import Integral

import numpy as np
import torch

from torchkeras._base.check import received


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's and torch's generators, which all of torchkeras draws from.

    Args:
        seed: Whole number from 0 to 2**32 - 1.

    Raises:
        ValueError: for anything else.

    >>> import torch
    >>> import torchkeras as keras
    >>> keras.utils.set_random_seed(7)
    >>> a = torch.rand(2)
    >>> keras.utils.set_random_seed(7)
    >>> bool((a == torch.rand(2)).all())
    True
    """
    if not isinstance(seed, Integral) or not 0 <= seed < 2**32:
        raise ValueError(
            f"set_random_seed: seed must be an integer from 0 to 2**32 - 1. "
            f"{received('seed', seed)}"
        )
    seed = int(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
