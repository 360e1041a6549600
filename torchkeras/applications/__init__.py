"""Image networks with Keras's names, layers and weight order, for ImageNet's or own weights."""

from torchkeras.applications import imagenet_utils as imagenet_utils
from torchkeras.applications import mobilenet as mobilenet
from torchkeras.applications import mobilenet_v2 as mobilenet_v2
from torchkeras.applications import mobilenet_v3 as mobilenet_v3
from torchkeras.applications import resnet as resnet
from torchkeras.applications import resnet50 as resnet50
from torchkeras.applications import resnet_v2 as resnet_v2
from torchkeras.applications import vgg16 as vgg16
from torchkeras.applications import vgg19 as vgg19
from torchkeras.applications._mobilenet_v3 import MobileNetV3Large as MobileNetV3Large
from torchkeras.applications._mobilenet_v3 import MobileNetV3Small as MobileNetV3Small
from torchkeras.applications.mobilenet import MobileNet as MobileNet
from torchkeras.applications.mobilenet_v2 import MobileNetV2 as MobileNetV2
from torchkeras.applications.resnet import ResNet50 as ResNet50
from torchkeras.applications.resnet import ResNet101 as ResNet101
from torchkeras.applications.resnet import ResNet152 as ResNet152
from torchkeras.applications.resnet_v2 import ResNet50V2 as ResNet50V2
from torchkeras.applications.resnet_v2 import ResNet101V2 as ResNet101V2
from torchkeras.applications.resnet_v2 import ResNet152V2 as ResNet152V2
from torchkeras.applications.vgg16 import VGG16 as VGG16
from torchkeras.applications.vgg19 import VGG19 as VGG19
