"""ResNet50 alone, as `keras.applications.resnet50`."""

from torchkeras.applications.resnet import ResNet50 as ResNet50
from torchkeras.applications.resnet import decode_predictions as decode_predictions
from torchkeras.applications.resnet import preprocess_input as preprocess_input
