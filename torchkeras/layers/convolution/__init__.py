"""Convolutions."""

from torchkeras.layers.convolution.conv import Conv1D as Conv1D
from torchkeras.layers.convolution.conv import Conv2D as Conv2D
from torchkeras.layers.convolution.conv import Conv3D as Conv3D
from torchkeras.layers.convolution.conv import Convolution1D as Convolution1D
from torchkeras.layers.convolution.conv import Convolution2D as Convolution2D
from torchkeras.layers.convolution.conv import Convolution3D as Convolution3D
from torchkeras.layers.convolution.depthwise import DepthwiseConv1D as DepthwiseConv1D
from torchkeras.layers.convolution.depthwise import DepthwiseConv2D as DepthwiseConv2D
from torchkeras.layers.convolution.separable import SeparableConv1D as SeparableConv1D
from torchkeras.layers.convolution.separable import SeparableConv2D as SeparableConv2D
from torchkeras.layers.convolution.separable import SeparableConvolution1D as SeparableConvolution1D
from torchkeras.layers.convolution.separable import SeparableConvolution2D as SeparableConvolution2D
from torchkeras.layers.convolution.transpose import Conv1DTranspose as Conv1DTranspose
from torchkeras.layers.convolution.transpose import Conv2DTranspose as Conv2DTranspose
from torchkeras.layers.convolution.transpose import Conv3DTranspose as Conv3DTranspose
from torchkeras.layers.convolution.transpose import Convolution1DTranspose as Convolution1DTranspose
from torchkeras.layers.convolution.transpose import Convolution2DTranspose as Convolution2DTranspose
from torchkeras.layers.convolution.transpose import Convolution3DTranspose as Convolution3DTranspose
