"""MobileNetV3 (Howard et al., 2019, arXiv:1905.02244): searched blocks, hard activations."""

import warnings
from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import named
from torchkeras.models import Model

# Expansion, filters, kernel, squeeze ratio, stride, whether hard_silu (else ReLU).
_SMALL = (
    (1, 16, 3, 0.25, 2, False),
    (72 / 16, 24, 3, None, 2, False),
    (88 / 24, 24, 3, None, 1, False),
    (4, 40, 5, 0.25, 2, True),
    (6, 40, 5, 0.25, 1, True),
    (6, 40, 5, 0.25, 1, True),
    (3, 48, 5, 0.25, 1, True),
    (3, 48, 5, 0.25, 1, True),
    (6, 96, 5, 0.25, 2, True),
    (6, 96, 5, 0.25, 1, True),
    (6, 96, 5, 0.25, 1, True),
)
_LARGE = (
    (1, 16, 3, None, 1, False),
    (4, 24, 3, None, 2, False),
    (3, 24, 3, None, 1, False),
    (3, 40, 5, 0.25, 2, False),
    (3, 40, 5, 0.25, 1, False),
    (3, 40, 5, 0.25, 1, False),
    (6, 80, 3, None, 2, True),
    (2.5, 80, 3, None, 1, True),
    (2.3, 80, 3, None, 1, True),
    (2.3, 80, 3, None, 1, True),
    (6, 112, 3, 0.25, 1, True),
    (6, 112, 3, 0.25, 1, True),
    (6, 160, 5, 0.25, 2, True),
    (6, 160, 5, 0.25, 1, True),
    (6, 160, 5, 0.25, 1, True),
)


def _mobilenet_v3(
    owner: str,
    table: tuple[Any, ...],
    last: int,
    given: Arguments,
    alpha: float,
    minimalistic: bool,
    dropout_rate: float,
    include_preprocessing: bool,
) -> Model:
    _build.check_weights(owner, given)
    shape = (None, None, 3) if given.input_shape is None else tuple(given.input_shape)
    if given.input_shape is None and _build.channel_axis() == 1:
        shape = (3, None, None)
    _build.check_size(shape, 32)
    rows = _build.rows(shape)
    if given.pretrained:
        if (not minimalistic and alpha not in (0.75, 1.0)) or (minimalistic and alpha != 1.0):
            raise ValueError(
                "If imagenet weights are being loaded, alpha must be one of `0.75`, `1.0` for "
                f"non minimalistic or `1.0` for minimalistic only. Received: alpha={alpha}"
            )
        if rows != shape[1] or rows != 224:
            warnings.warn(
                "`input_shape` is undefined or non-square, or `rows` is not 224. Weights for "
                "input shape (224, 224) will be loaded as the default.",
                stacklevel=3,
            )
    start = _build.open_input(given, shape)
    x: Any = start
    if include_preprocessing:
        x = layers.Rescaling(1.0 / 127.5, offset=-1.0)(x)
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
    x = _activate(_norm(x, "conv_bn"), not minimalistic)
    for number, (expansion, filters, kernel, squeeze, stride, hard) in enumerate(table):
        x = _block(
            x,
            number,
            expansion,
            _build.divisible(filters * alpha),
            3 if minimalistic else kernel,
            stride,
            None if minimalistic else squeeze,
            hard and not minimalistic,
        )
    channels = _build.divisible(x.shape[_build.norm_axis()] * 6)
    if alpha > 1.0:
        last = _build.divisible(last * alpha)
    x = layers.Conv2D(channels, 1, padding="same", use_bias=False, name="conv_1")(x)
    x = _activate(_norm(x, "conv_1_bn"), not minimalistic)
    if given.include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Conv2D(last, 1, padding="same", use_bias=True, name="conv_2")(x)
        x = _activate(x, not minimalistic)
        if dropout_rate > 0:
            x = layers.Dropout(dropout_rate)(x)
        x = layers.Conv2D(given.classes, 1, padding="same", name="logits")(x)
        x = layers.Flatten()(x)
        x = layers.Activation(_build.check_activation(given), name="predictions")(x)
    else:
        x = _build.pool(x, given.pooling, "avg_pool", max="max_pool")
    kind = "minimalistic_" if minimalistic else ""
    size = owner.removeprefix("MobileNetV3").lower()
    return _build.close(start, x, given, f"mobilenet_v3_{size}_{kind}224_{float(alpha)}")


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=_build.norm_axis(), momentum=0.999, name=name)(x)


def _activate(x: Any, hard: bool, name: str | None = None) -> Any:
    return layers.Activation("hard_silu", name=name)(x) if hard else layers.ReLU(name=name)(x)


def _block(
    x: Any,
    number: int,
    expansion: float,
    filters: int,
    kernel: int,
    stride: int,
    squeeze: float | None,
    hard: bool,
) -> Any:
    before, channels = x, x.shape[_build.norm_axis()]
    wide = _build.divisible(channels * expansion)
    name = f"expanded_conv_{number}_" if number else "expanded_conv_"
    if number:
        x = layers.Conv2D(wide, 1, padding="same", use_bias=False, name=f"{name}expand")(x)
        x = _activate(_norm(x, f"{name}expand_bn"), hard)
    if stride == 2:
        x = layers.ZeroPadding2D(_build.stride_padding(x, kernel), name=f"{name}depthwise_pad")(x)
    x = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=False,
        name=f"{name}depthwise",
    )(x)
    x = _activate(_norm(x, f"{name}depthwise_bn"), hard)
    if squeeze:
        x = _squeeze(x, wide, _build.divisible(wide * squeeze), f"{name}squeeze_excite")
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}project")(x)
    x = _norm(x, f"{name}project_bn")
    if stride == 1 and channels == filters:
        x = layers.Add(name=f"{name}add")([before, x])
    return x


def _squeeze(x: Any, channels: int, narrow: int, name: str) -> Any:
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_avg_pool")(x)
    gate = layers.Conv2D(narrow, 1, padding="same", name=f"{name}_conv")(gate)
    gate = layers.ReLU(name=f"{name}_relu")(gate)
    gate = layers.Conv2D(channels, 1, padding="same", name=f"{name}_conv_1")(gate)
    gate = layers.ReLU(6.0)(gate + 3.0) * (1.0 / 6.0)
    return layers.Multiply(name=f"{name}_mul")([x, gate])


def _variant(owner: str, table: tuple[Any, ...], last: int):
    def make(
        input_shape: Any = None,
        alpha: float = 1.0,
        minimalistic: bool = False,
        include_top: bool = True,
        weights: str | None = "imagenet",
        input_tensor: Any = None,
        classes: int = 1000,
        pooling: str | None = None,
        dropout_rate: float = 0.2,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str = owner,
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
        options = (alpha, minimalistic, dropout_rate, include_preprocessing)
        return _mobilenet_v3(owner, table, last, given, *options)

    named(make, "torchkeras.applications.mobilenet_v3", owner, 224)
    make.__doc__ = f"Return {owner}; `minimalistic` leaves out 5x5 kernels, gates and hard_silu."
    return make


MobileNetV3Small = _variant("MobileNetV3Small", _SMALL, 1024)
MobileNetV3Large = _variant("MobileNetV3Large", _LARGE, 1280)
