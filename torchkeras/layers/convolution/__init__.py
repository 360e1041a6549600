"""Convolutions."""

from torchkeras.layers.convolution.conv import Conv1D as Conv1D
from torchkeras.layers.convolution.conv import Conv1D as Convolution1D
from torchkeras.layers.convolution.conv import Conv2D as Conv2D
from torchkeras.layers.convolution.conv import Conv2D as Convolution2D
from torchkeras.layers.convolution.conv import Conv3D as Conv3D
from torchkeras.layers.convolution.conv import Conv3D as Convolution3D
