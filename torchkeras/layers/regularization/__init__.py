"""Noise and penalties that keep a model from learning by heart."""

from torchkeras.layers.regularization.dropout import Dropout as Dropout
from torchkeras.layers.regularization.loss import ActivityRegularization as ActivityRegularization
from torchkeras.layers.regularization.noise import AlphaDropout as AlphaDropout
from torchkeras.layers.regularization.noise import GaussianDropout as GaussianDropout
from torchkeras.layers.regularization.noise import GaussianNoise as GaussianNoise
from torchkeras.layers.regularization.spatial_dropout import SpatialDropout1D as SpatialDropout1D
from torchkeras.layers.regularization.spatial_dropout import SpatialDropout2D as SpatialDropout2D
from torchkeras.layers.regularization.spatial_dropout import SpatialDropout3D as SpatialDropout3D
