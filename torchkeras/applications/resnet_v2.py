"""ResNet V2 (He et al., 2016, arXiv:1603.05027), as `keras.applications.resnet_v2`."""

from torchkeras.applications._family import architecture
from torchkeras.applications._preprocess import tf as preprocess_input
from torchkeras.applications._resnet import resnet_v2
from torchkeras.applications.imagenet_utils import decode_predictions

__all__ = ["ResNet50V2", "ResNet101V2", "ResNet152V2", "decode_predictions", "preprocess_input"]


ResNet50V2 = architecture(__name__, "ResNet50V2", resnet_v2, (3, 4, 6, 3))
ResNet101V2 = architecture(__name__, "ResNet101V2", resnet_v2, (3, 4, 23, 3))
ResNet152V2 = architecture(__name__, "ResNet152V2", resnet_v2, (3, 8, 36, 3))
