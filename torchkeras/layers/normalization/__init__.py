"""Normalizations."""

from torchkeras.layers.normalization.batch_norm import BatchNormalization as BatchNormalization
from torchkeras.layers.normalization.layer_norm import LayerNormalization as LayerNormalization
