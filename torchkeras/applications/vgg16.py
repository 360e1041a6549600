"""VGG16, as `keras.applications.vgg16`."""

from torchkeras.applications._family import architecture
from torchkeras.applications._preprocess import caffe as preprocess_input
from torchkeras.applications._vgg import vgg
from torchkeras.applications.imagenet_utils import decode_predictions

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]


VGG16 = architecture(__name__, "VGG16", vgg, (2, 2, 3, 3, 3))
