"""EfficientNetV2 (Tan and Le, 2021, arXiv:2104.00298): fused blocks first, then depthwise ones."""

from typing import Any

from torchkeras import layers
from torchkeras.applications import _build, _efficient
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import named
from torchkeras.applications._preprocess import unchanged as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = [
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2L",
    "EfficientNetV2M",
    "EfficientNetV2S",
    "decode_predictions",
    "preprocess_input",
]

# Blocks, filters in, out, expansion, stride, whether fused (else with squeeze-and-excitation).
_B = (
    (1, 32, 16, 1, 1, True),
    (2, 16, 32, 4, 2, True),
    (2, 32, 48, 4, 2, True),
    (3, 48, 96, 4, 2, False),
    (5, 96, 112, 6, 1, False),
    (8, 112, 192, 6, 2, False),
)
_S = (
    (2, 24, 24, 1, 1, True),
    (4, 24, 48, 4, 2, True),
    (4, 48, 64, 4, 2, True),
    (6, 64, 128, 4, 2, False),
    (9, 128, 160, 6, 1, False),
    (15, 160, 256, 6, 2, False),
)
_M = (
    (3, 24, 24, 1, 1, True),
    (5, 24, 48, 4, 2, True),
    (5, 48, 80, 4, 2, True),
    (7, 80, 160, 4, 2, False),
    (14, 160, 176, 6, 1, False),
    (18, 176, 304, 6, 2, False),
    (5, 304, 512, 6, 1, False),
)
_L = (
    (4, 32, 32, 1, 1, True),
    (7, 32, 64, 4, 2, True),
    (7, 64, 96, 4, 2, True),
    (10, 96, 192, 4, 2, False),
    (19, 192, 224, 6, 1, False),
    (25, 224, 384, 6, 2, False),
    (7, 384, 640, 6, 1, False),
)
_DROP = 0.2  # of the last block's samples
_MOMENTUM = 0.9
_MEAN = (0.485, 0.456, 0.406)
_VARIANCE = (0.229**2, 0.224**2, 0.225**2)


def _efficientnet_v2(
    variant: str,
    given: Arguments,
    include_preprocessing: bool,
    size: int,
    groups: tuple[Any, ...],
    width: float,
    depth: float,
) -> Model:
    _build.check_weights(f"EfficientNetV2{variant}", given)
    shape = _build.full_shape(given, size, 32, given.include_top)
    start = _build.open_input(given, shape)
    x: Any = start
    if include_preprocessing:
        if variant[0] == "B" and shape[_build.channel_axis() - 1] == 3:
            x = layers.Rescaling(scale=1.0 / 255)(x)
            x = layers.Normalization(
                mean=list(_MEAN), variance=list(_VARIANCE), axis=_build.channel_axis()
            )(x)
        else:
            x = layers.Rescaling(scale=1.0 / 128.0, offset=-1)(x)
    x = _efficient.conv(x, _round(groups[0][1] * width), 3, "stem_conv", strides=2)
    x = _efficient.norm(x, "stem_bn", _MOMENTUM, "swish", "stem_activation")
    number, total = 0, float(sum(g[0] for g in groups))  # of the unscaled network
    for group, (blocks, came, filters, expansion, stride, fused) in enumerate(groups, 1):
        came, filters = _round(came * width), _round(filters * width)
        for i in range(_efficient.repeats(blocks, depth)):
            block = _fused if fused else _block
            x = block(
                x,
                came if i == 0 else filters,
                filters,
                stride if i == 0 else 1,
                expansion,
                _DROP * number / total,
                f"block{group}{chr(ord('a') + i)}_",
            )
            number += 1
    x = _efficient.conv(x, _round(1280 * width), 1, "top_conv")
    x = _efficient.norm(x, "top_bn", _MOMENTUM, "swish", "top_activation")
    zeros = {"class_name": "Constant", "config": {"value": 0.0}}
    options = {"bias_initializer": zeros} if given.include_top else {}
    x = _efficient.top(x, given, 0.2, **options)
    return _build.close(start, x, given, f"efficientnetv2-{variant.lower()}")


def _round(filters: float) -> int:
    return max(8, int(filters + 4) // 8 * 8)


def _fused(
    x: Any, came: int, filters: int, stride: int, expansion: int, drop: float, name: str
) -> Any:
    before, wide = x, came * expansion
    if expansion != 1:
        x = _efficient.conv(x, wide, 3, f"{name}expand_conv", strides=stride)
        x = _efficient.norm(x, f"{name}expand_bn", _MOMENTUM, "swish", f"{name}expand_activation")
        x = _efficient.conv(x, filters, 1, f"{name}project_conv")
        x = _efficient.norm(x, f"{name}project_bn", _MOMENTUM)
    else:
        x = _efficient.conv(x, filters, 3, f"{name}project_conv", strides=stride)
        x = _efficient.norm(x, f"{name}project_bn", _MOMENTUM, "swish", f"{name}project_activation")
    if stride == 1 and came == filters:
        x = _efficient.join(x, before, drop, name)
    return x


def _block(
    x: Any, came: int, filters: int, stride: int, expansion: int, drop: float, name: str
) -> Any:
    before, wide = x, came * expansion
    x = _efficient.conv(x, wide, 1, f"{name}expand_conv")
    x = _efficient.norm(x, f"{name}expand_bn", _MOMENTUM, "swish", f"{name}expand_activation")
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        depthwise_initializer=_efficient.KERNEL,
        name=f"{name}dwconv2",
    )(x)
    return _efficient.gated(x, before, came, filters, expansion, stride, _MOMENTUM, drop, name)


def _variant(
    variant: str, size: int, groups: tuple[Any, ...], width: float = 1.0, depth: float = 1.0
):
    def make(
        include_top: bool = True,
        weights: str | None = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str = f"efficientnetv2-{variant.lower()}",
    ) -> Model:
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
        return _efficientnet_v2(variant, given, include_preprocessing, size, groups, width, depth)

    return named(make, __name__, f"EfficientNetV2{variant}", size)


EfficientNetV2B0 = _variant("B0", 224, _B, 1.0, 1.0)
EfficientNetV2B1 = _variant("B1", 240, _B, 1.0, 1.1)
EfficientNetV2B2 = _variant("B2", 260, _B, 1.1, 1.2)
EfficientNetV2B3 = _variant("B3", 300, _B, 1.2, 1.4)
EfficientNetV2S = _variant("S", 384, _S)
EfficientNetV2M = _variant("M", 480, _M)
EfficientNetV2L = _variant("L", 480, _L)
