"""EfficientNet (Tan and Le, 2019, arXiv:1905.11946): blocks scaled in width, depth and size."""

import math
from typing import Any

from torchkeras import layers
from torchkeras.applications import _build, _efficient
from torchkeras.applications._build import Arguments
from torchkeras.applications._preprocess import unchanged as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = [
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "decode_predictions",
    "preprocess_input",
]

# Kernel, blocks, filters in, out, expansion, stride.
_GROUPS = (
    (3, 1, 32, 16, 1, 1),
    (3, 2, 16, 24, 6, 2),
    (5, 2, 24, 40, 6, 2),
    (3, 3, 40, 80, 6, 2),
    (5, 3, 80, 112, 6, 1),
    (5, 4, 112, 192, 6, 2),
    (3, 1, 192, 320, 6, 1),
)
# Width, depth, size of the images, dropout.
_SCALES = {
    "B0": (1.0, 1.0, 224, 0.2),
    "B1": (1.0, 1.1, 240, 0.2),
    "B2": (1.1, 1.2, 260, 0.3),
    "B3": (1.2, 1.4, 300, 0.3),
    "B4": (1.4, 1.8, 380, 0.4),
    "B5": (1.6, 2.2, 456, 0.4),
    "B6": (1.8, 2.6, 528, 0.5),
    "B7": (2.0, 3.1, 600, 0.5),
}
_DROP = 0.2  # of the last block's samples
_MOMENTUM = 0.99
_DEVIATION = (0.229, 0.224, 0.225)


def EfficientNetB0(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb0",
) -> Model:
    """Return EfficientNetB0 for images of 224x224."""
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
    return _efficientnet("B0", given)


def EfficientNetB1(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb1",
) -> Model:
    """Return EfficientNetB1 for images of 240x240."""
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
    return _efficientnet("B1", given)


def EfficientNetB2(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb2",
) -> Model:
    """Return EfficientNetB2 for images of 260x260."""
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
    return _efficientnet("B2", given)


def EfficientNetB3(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb3",
) -> Model:
    """Return EfficientNetB3 for images of 300x300."""
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
    return _efficientnet("B3", given)


def EfficientNetB4(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb4",
) -> Model:
    """Return EfficientNetB4 for images of 380x380."""
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
    return _efficientnet("B4", given)


def EfficientNetB5(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb5",
) -> Model:
    """Return EfficientNetB5 for images of 456x456."""
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
    return _efficientnet("B5", given)


def EfficientNetB6(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb6",
) -> Model:
    """Return EfficientNetB6 for images of 528x528."""
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
    return _efficientnet("B6", given)


def EfficientNetB7(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb7",
) -> Model:
    """Return EfficientNetB7 for images of 600x600."""
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
    return _efficientnet("B7", given)


def _efficientnet(variant: str, given: Arguments) -> Model:
    width, depth, size, dropout = _SCALES[variant]
    _build.check_weights(f"EfficientNet{variant}", given)
    start = _build.open_input(given, _build.full_shape(given, size, 32, given.include_top))
    x: Any = layers.Rescaling(1.0 / 255.0)(start)
    x = layers.Normalization(axis=_build.channel_axis())(x)
    if given.pretrained:  # they were trained with the deviation in the place of the variance
        x = layers.Rescaling([1.0 / math.sqrt(d) for d in _DEVIATION])(x)
    x = layers.ZeroPadding2D(_build.stride_padding(x, 3), name="stem_conv_pad")(x)
    stem = _build.divisible(32 * width)
    x = _efficient.conv(x, stem, 3, "stem_conv", strides=2, padding="valid")
    x = _efficient.norm(x, "stem_bn", _MOMENTUM, "swish", "stem_activation")
    number = 0
    total = float(sum(_efficient.repeats(g[1], depth) for g in _GROUPS))
    for group, (kernel, blocks, came, filters, expansion, stride) in enumerate(_GROUPS, 1):
        came, filters = _build.divisible(came * width), _build.divisible(filters * width)
        for i in range(_efficient.repeats(blocks, depth)):
            x = _block(
                x,
                came if i == 0 else filters,
                filters,
                kernel,
                stride if i == 0 else 1,
                expansion,
                _DROP * number / total,
                f"block{group}{chr(ord('a') + i)}_",
            )
            number += 1
    x = _efficient.conv(x, _build.divisible(1280 * width), 1, "top_conv")
    x = _efficient.norm(x, "top_bn", _MOMENTUM, "swish", "top_activation")
    x = _efficient.top(x, given, dropout)
    return _build.close(start, x, given, f"efficientnet{variant.lower()}")


def _block(
    x: Any,
    came: int,
    filters: int,
    kernel: int,
    stride: int,
    expansion: int,
    drop: float,
    name: str,
) -> Any:
    before, wide = x, came * expansion
    if expansion != 1:
        x = _efficient.conv(x, wide, 1, f"{name}expand_conv")
        x = _efficient.norm(x, f"{name}expand_bn", _MOMENTUM, "swish", f"{name}expand_activation")
    if stride == 2:
        x = layers.ZeroPadding2D(_build.stride_padding(x, kernel), name=f"{name}dwconv_pad")(x)
    x = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=False,
        depthwise_initializer=_efficient.KERNEL,
        name=f"{name}dwconv",
    )(x)
    x = _efficient.norm(x, f"{name}bn", _MOMENTUM, "swish", f"{name}activation")
    x = _efficient.squeeze(x, wide, max(1, int(came * 0.25)), name)
    x = _efficient.conv(x, filters, 1, f"{name}project_conv")
    x = _efficient.norm(x, f"{name}project_bn", _MOMENTUM)
    if stride == 1 and came == filters:
        x = _efficient.join(x, before, drop, name)
    return x
