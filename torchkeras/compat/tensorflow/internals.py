"""What packages made for Keras look up inside TensorFlow: whether and how it is seeded."""

import types

import torch

from torchkeras.compat.tensorflow.random import global_seed as global_seed


def executing_eagerly() -> bool:
    """Return True."""
    return True


def is_op_determinism_enabled() -> bool:
    """Tell whether torch computes the same in each run."""
    return torch.are_deterministic_algorithms_enabled()


def enable_op_determinism() -> None:
    """Have torch compute the same in each run, and warn where it cannot."""
    torch.use_deterministic_algorithms(True, warn_only=True)


def disable_op_determinism() -> None:
    """Let torch compute what is fastest."""
    torch.use_deterministic_algorithms(False)


def get_default_graph() -> types.SimpleNamespace:
    """Return a graph's seed; there is no graph."""
    return types.SimpleNamespace(seed=global_seed())
