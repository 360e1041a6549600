"""EfficientNet (Tan and Le, 2019, arXiv:1905.11946): blocks scaled in width, depth and size."""

import math
from typing import Any

from torchkeras import layers
from torchkeras.applications import _build, _efficient
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import architecture
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
_DROP = 0.2  # of the last block's samples
_MOMENTUM = 0.99
_DEVIATION = (0.229, 0.224, 0.225)


def _efficientnet(
    owner: str, given: Arguments, size: int, width: float, depth: float, dropout: float
) -> Model:
    _build.check_weights(owner, given)
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
    return _build.close(start, x, given, owner.lower())


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
    return _efficient.gated(x, before, came, filters, expansion, stride, _MOMENTUM, drop, name)


def _variant(name: str, size: int, width: float, depth: float, dropout: float):
    table = (size, width, depth, dropout)
    return architecture(__name__, f"EfficientNet{name}", _efficientnet, *table, size=size)


EfficientNetB0 = _variant("B0", 224, 1.0, 1.0, 0.2)
EfficientNetB1 = _variant("B1", 240, 1.0, 1.1, 0.2)
EfficientNetB2 = _variant("B2", 260, 1.1, 1.2, 0.3)
EfficientNetB3 = _variant("B3", 300, 1.2, 1.4, 0.3)
EfficientNetB4 = _variant("B4", 380, 1.4, 1.8, 0.4)
EfficientNetB5 = _variant("B5", 456, 1.6, 2.2, 0.4)
EfficientNetB6 = _variant("B6", 528, 1.8, 2.6, 0.5)
EfficientNetB7 = _variant("B7", 600, 2.0, 3.1, 0.5)
