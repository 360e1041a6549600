"""Dtype policies under their old name: `keras.mixed_precision`."""

from torchkeras.core.policy import DTypePolicy as DTypePolicy
from torchkeras.core.policy import DTypePolicy as Policy
from torchkeras.core.policy import dtype_policy as dtype_policy
from torchkeras.core.policy import dtype_policy as global_policy
from torchkeras.core.policy import set_dtype_policy as set_dtype_policy
from torchkeras.core.policy import set_dtype_policy as set_global_policy
from torchkeras.optimizers import LossScaleOptimizer as LossScaleOptimizer

__all__ = ["DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy",
           "set_dtype_policy", "set_global_policy"]  # fmt: skip
