"""Model configs of Keras 1, Keras 2 and tf.keras, translated to those of Keras 3."""

from torchkeras.saving.legacy.config.modernize import modernize as modernize
from torchkeras.saving.legacy.config.training import modernize_training as modernize_training
