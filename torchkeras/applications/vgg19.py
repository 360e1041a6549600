"""VGG19, as `keras.applications.vgg19`."""

from torchkeras.applications._family import architecture
from torchkeras.applications._preprocess import caffe as preprocess_input
from torchkeras.applications._vgg import vgg
from torchkeras.applications.imagenet_utils import decode_predictions

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]


VGG19 = architecture(__name__, "VGG19", vgg, (2, 2, 4, 4, 4))
