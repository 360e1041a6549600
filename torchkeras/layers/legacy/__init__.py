"""Layers of Keras 1 and 2 that Keras 3 has no more, so that old models compute what they did.

They are known to files, and to scripts by way of `torchkeras.compat`; `keras.layers` has none.
"""

from torchkeras.layers.legacy.activations import ParametricSoftplus as ParametricSoftplus
from torchkeras.layers.legacy.activations import SReLU as SReLU
from torchkeras.layers.legacy.activations import ThresholdedReLU as ThresholdedReLU
from torchkeras.layers.legacy.add_loss import AddLoss as AddLoss
from torchkeras.layers.legacy.add_loss import AddMetric as AddMetric
from torchkeras.layers.legacy.dense import Highway as Highway
from torchkeras.layers.legacy.dense import MaxoutDense as MaxoutDense
from torchkeras.layers.legacy.fourier import RandomFourierFeatures as RandomFourierFeatures
from torchkeras.layers.legacy.locally_connected import LocallyConnected1D as LocallyConnected1D
from torchkeras.layers.legacy.locally_connected import LocallyConnected2D as LocallyConnected2D
from torchkeras.layers.legacy.normalization import (
    ModalBatchNormalization as ModalBatchNormalization,
)
from torchkeras.layers.legacy.random_size import RandomHeight as RandomHeight
from torchkeras.layers.legacy.random_size import RandomWidth as RandomWidth
