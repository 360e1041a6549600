"""What `keras.layers` had, in whichever of its files."""

from torchkeras.compat.old_layers import old_class
from torchkeras.compat.old_merge import Merge as Merge
from torchkeras.compat.old_merge import merge as merge
from torchkeras.compat.refused import refused
from torchkeras.layers import Layer as PreprocessingLayer
from torchkeras.layers.legacy import Highway as Highway
from torchkeras.layers.legacy import MaxoutDense as MaxoutDense
from torchkeras.layers.legacy import ParametricSoftplus as ParametricSoftplus
from torchkeras.layers.legacy import RandomFourierFeatures as RandomFourierFeatures
from torchkeras.layers.legacy import RandomHeight as RandomHeight
from torchkeras.layers.legacy import RandomWidth as RandomWidth
from torchkeras.layers.legacy import SReLU as SReLU
from torchkeras.layers.legacy import ThresholdedReLU as ThresholdedReLU
from torchkeras.layers.legacy.recurrent_cell import AbstractRNNCell as AbstractRNNCell

Convolution1D = old_class("Convolution1D")
Convolution2D = old_class("Convolution2D")
Convolution3D = old_class("Convolution3D")
AtrousConvolution1D = AtrousConv1D = old_class("AtrousConvolution1D")
AtrousConvolution2D = AtrousConv2D = old_class("AtrousConvolution2D")
Deconvolution2D = Deconv2D = Convolution2DTranspose = old_class("Deconvolution2D")
Deconvolution3D = Deconv3D = Convolution3DTranspose = old_class("Deconvolution3D")
SeparableConvolution1D = old_class("SeparableConvolution1D")
SeparableConvolution2D = old_class("SeparableConvolution2D")
LocallyConnected1D = old_class("LocallyConnected1D")
LocallyConnected2D = old_class("LocallyConnected2D")
TimeDistributedDense = old_class("TimeDistributedDense")
CuDNNLSTM = old_class("CuDNNLSTM")
CuDNNGRU = old_class("CuDNNGRU")
SyncBatchNormalization = old_class("SyncBatchNormalization")
BatchNormalizationV1 = old_class("BatchNormalizationV1")
BatchNormalizationV2 = old_class("BatchNormalizationV2")

DenseFeatures = refused(
    "DenseFeatures",
    "Feature columns are TensorFlow's: keras.utils.FeatureSpace makes numbers of such data.",
)
SequenceFeatures = refused("SequenceFeatures", "Use keras.utils.FeatureSpace.")
Recurrent = refused(
    "Recurrent", "Write the step of your layer as a cell, and give it to keras.layers.RNN."
)
ConvRecurrent2D = ConvRNN2D = refused(
    "ConvRecurrent2D", "Write the step of your layer as a cell, and give it to keras.layers.RNN."
)
