"""VGG19, as `keras.applications.vgg19`."""

from typing import Any

from torchkeras.applications._build import Arguments
from torchkeras.applications._preprocess import caffe as preprocess_input
from torchkeras.applications._vgg import vgg
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]


def VGG19(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "vgg19",
) -> Model:
    """Return VGG19 for images of 224x224."""
    given = Arguments(
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
    )
    return vgg("VGG19", (2, 2, 4, 4, 4), given)
