"""DenseNet (Huang et al., 2016, arXiv:1608.06993): each layer sees all before it."""

from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import architecture
from torchkeras.applications._preprocess import torch as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

_GROWTH = 32
_EPSILON = 1.001e-5


def _densenet(owner: str, given: Arguments, depths: tuple[int, ...]) -> Model:
    _build.check_weights(owner, given)
    start = _build.open_input(given, _build.full_shape(given, 224, 32, given.include_top))
    x: Any = layers.ZeroPadding2D(3)(start)
    x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
    x = _norm_relu(x, "conv1_bn", "conv1_relu")
    x = layers.ZeroPadding2D(1)(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, depth in enumerate(depths, 2):
        for i in range(1, depth + 1):
            x = _block(x, f"conv{stage}_block{i}")
        if stage < 5:
            x = _transition(x, f"pool{stage}")
    x = _norm_relu(x, "bn", "relu")
    if given.include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = _build.classify(x, given)
    else:
        x = _build.pool(x, given.pooling, "avg_pool", max="max_pool")
    return _build.close(start, x, given, owner.lower())


def _norm_relu(x: Any, norm: str, relu: str) -> Any:
    axis = _build.channel_axis()
    x = layers.BatchNormalization(axis=axis, epsilon=_EPSILON, name=norm)(x)
    return layers.Activation("relu", name=relu)(x)


def _block(x: Any, name: str) -> Any:
    y = _norm_relu(x, f"{name}_0_bn", f"{name}_0_relu")
    y = layers.Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(y)
    y = _norm_relu(y, f"{name}_1_bn", f"{name}_1_relu")
    y = layers.Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(y)
    return layers.Concatenate(axis=_build.channel_axis(), name=f"{name}_concat")([x, y])


def _transition(x: Any, name: str) -> Any:
    x = _norm_relu(x, f"{name}_bn", f"{name}_relu")
    half = x.shape[_build.channel_axis()] // 2
    x = layers.Conv2D(half, 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


DenseNet121 = architecture(__name__, "DenseNet121", _densenet, (6, 12, 24, 16))
DenseNet169 = architecture(__name__, "DenseNet169", _densenet, (6, 12, 32, 32))
DenseNet201 = architecture(__name__, "DenseNet201", _densenet, (6, 12, 48, 32))
