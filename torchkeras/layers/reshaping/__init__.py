"""Layers that change shapes."""

from torchkeras.layers.reshaping.flatten import Flatten as Flatten
from torchkeras.layers.reshaping.permute import Permute as Permute
from torchkeras.layers.reshaping.repeat_vector import RepeatVector as RepeatVector
from torchkeras.layers.reshaping.reshape import Reshape as Reshape
from torchkeras.layers.reshaping.spatial import Cropping1D as Cropping1D
from torchkeras.layers.reshaping.spatial import Cropping2D as Cropping2D
from torchkeras.layers.reshaping.spatial import Cropping3D as Cropping3D
from torchkeras.layers.reshaping.spatial import UpSampling1D as UpSampling1D
from torchkeras.layers.reshaping.spatial import UpSampling2D as UpSampling2D
from torchkeras.layers.reshaping.spatial import UpSampling3D as UpSampling3D
from torchkeras.layers.reshaping.spatial import ZeroPadding1D as ZeroPadding1D
from torchkeras.layers.reshaping.spatial import ZeroPadding2D as ZeroPadding2D
from torchkeras.layers.reshaping.spatial import ZeroPadding3D as ZeroPadding3D
