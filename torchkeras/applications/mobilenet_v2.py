"""MobileNetV2 (Sandler et al., 2018, arXiv:1801.04381): inverted residuals."""

import warnings
from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._preprocess import tf as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

_SIZES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.50, 0.75, 1.0, 1.3, 1.4)
# Filters, stride of the first, blocks.
_GROUPS = (
    (16, 1, 1), (24, 2, 2), (32, 2, 3), (64, 2, 4), (96, 1, 3), (160, 2, 3), (320, 1, 1)
)  # fmt: skip


def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """Return MobileNetV2; `alpha` scales the filters."""
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
    return _mobilenet_v2(given, alpha)


def _mobilenet_v2(given: Arguments, alpha: float) -> Model:
    _build.check_weights("MobileNetV2", given)
    size = _build.trained_size(given.input_shape, _SIZES)
    shape = _build.full_shape(given, size, 32, given.include_top)
    rows = _build.rows(shape)
    if given.pretrained:
        if alpha not in _ALPHAS:
            raise ValueError(
                "If imagenet weights are being loaded, alpha must be one of `0.35`, `0.50`, "
                f"`0.75`, `1.0`, `1.3` or `1.4` only; Received: alpha={alpha}"
            )
        if rows != shape[1] or rows not in _SIZES:
            rows = 224
            warnings.warn(
                "`input_shape` is undefined or non-square, or `rows` is not in [96, 128, 160, "
                "192, 224]. Weights for input shape (224, 224) will be loaded as the default.",
                stacklevel=3,
            )
    start = _build.open_input(given, shape)
    x: Any = layers.Conv2D(
        _build.divisible(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1"
    )(start)
    x = layers.ReLU(6.0, name="Conv1_relu")(_norm(x, "bn_Conv1"))
    number = 0
    for filters, first_stride, depth in _GROUPS:
        for i in range(depth):
            x = _block(x, _build.divisible(int(filters * alpha)), 1 if i else first_stride, number)
            number += 1
    last = _build.divisible(1280 * alpha) if alpha > 1.0 else 1280
    x = _norm(layers.Conv2D(last, 1, use_bias=False, name="Conv_1")(x), "Conv_1_bn")
    x = layers.ReLU(6.0, name="out_relu")(x)
    if given.include_top:
        x = layers.GlobalAveragePooling2D()(x)
        x = _build.classify(x, given)
    else:
        x = _build.pool(x, given.pooling)
    if given.name is None:
        given.name = f"mobilenetv2_{alpha:0.2f}_{rows}"
    suffix = "" if given.include_top else "_no_top"
    file = f"mobilenet_v2/mobilenet_v2_@_{float(alpha)}_{rows}{suffix}.h5"
    return _build.close(start, x, given, file)


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=_build.norm_axis(), momentum=0.999, name=name)(x)


def _block(x: Any, filters: int, stride: int, number: int) -> Any:
    before, channels = x, x.shape[_build.norm_axis()]
    name = f"block_{number}_" if number else "expanded_conv_"
    if number:
        x = layers.Conv2D(6 * channels, 1, padding="same", use_bias=False, name=f"{name}expand")(x)
        x = layers.ReLU(6.0, name=f"{name}expand_relu")(_norm(x, f"{name}expand_BN"))
    if stride == 2:
        x = layers.ZeroPadding2D(_build.stride_padding(x, 3), name=f"{name}pad")(x)
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=False,
        name=f"{name}depthwise",
    )(x)
    x = layers.ReLU(6.0, name=f"{name}depthwise_relu")(_norm(x, f"{name}depthwise_BN"))
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}project")(x)
    x = _norm(x, f"{name}project_BN")
    if channels == filters and stride == 1:
        return layers.Add(name=f"{name}add")([before, x])
    return x
