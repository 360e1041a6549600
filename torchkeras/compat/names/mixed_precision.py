"""What `keras.mixed_precision` had."""

from torchkeras.mixed_precision import set_global_policy as set_policy
