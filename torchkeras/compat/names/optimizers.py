"""What `keras.optimizers` had."""

from torchkeras.compat.refused import refused

TFOptimizer = refused("TFOptimizer", "Give compile() an optimizer of keras or of torch.optim.")
