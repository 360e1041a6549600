"""A fresh start of the global state."""

import gc

import torch

from torchkeras._base import naming
from torchkeras.core.policy import reset_dtype_policy


def clear_session(free_memory: bool = True) -> None:
    """Start automatic names anew, and go back to the default dtype policy.

    Models need no clearing to be freed: `del model` does that.

    Args:
        free_memory: Also collect garbage and hand cached GPU memory back.

    >>> import torchkeras as keras
    >>> keras.utils.clear_session()
    >>> keras.layers.Dense(1).name
    'dense'
    """
    naming.clear_names()
    reset_dtype_policy()
    if free_memory:
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
