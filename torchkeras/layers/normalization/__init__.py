"""Normalizations."""

from torchkeras.layers.normalization.batch_norm import BatchNormalization as BatchNormalization
from torchkeras.layers.normalization.group_norm import GroupNormalization as GroupNormalization
from torchkeras.layers.normalization.layer_norm import LayerNormalization as LayerNormalization
from torchkeras.layers.normalization.rms_norm import RMSNormalization as RMSNormalization
from torchkeras.layers.normalization.spectral import SpectralNormalization as SpectralNormalization
from torchkeras.layers.normalization.unit_norm import UnitNormalization as UnitNormalization
