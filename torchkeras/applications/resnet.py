"""ResNet (He et al., 2015, arXiv:1512.03385), as `keras.applications.resnet`."""

from torchkeras.applications._family import architecture
from torchkeras.applications._preprocess import caffe as preprocess_input
from torchkeras.applications._resnet import resnet
from torchkeras.applications.imagenet_utils import decode_predictions

__all__ = ["ResNet50", "ResNet101", "ResNet152", "decode_predictions", "preprocess_input"]


ResNet50 = architecture(__name__, "ResNet50", resnet, (3, 4, 6, 3))
ResNet101 = architecture(__name__, "ResNet101", resnet, (3, 4, 23, 3))
ResNet152 = architecture(__name__, "ResNet152", resnet, (3, 8, 36, 3))
