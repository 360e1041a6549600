"""What `keras.mixed_precision` had."""

from torchkeras.core.policy import set_dtype_policy as set_policy
