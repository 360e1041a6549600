"""What goes with MobileNetV3, as `keras.applications.mobilenet_v3`."""

from torchkeras.applications._preprocess import unchanged as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions

__all__ = ["decode_predictions", "preprocess_input"]
