"""Xception (Chollet, 2016, arXiv:1610.02357): separable convolutions with residual sums."""

from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import architecture
from torchkeras.applications._preprocess import tf as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = ["Xception", "decode_predictions", "preprocess_input"]


def _xception(owner: str, given: Arguments) -> Model:
    _build.check_weights(owner, given)
    start = _build.open_input(given, _build.full_shape(given, 299, 71, given.include_top))
    x: Any = layers.Conv2D(32, 3, strides=2, use_bias=False, name="block1_conv1")(start)
    x = _relu(_norm(x, "block1_conv1_bn"), "block1_conv1_act")
    x = layers.Conv2D(64, 3, use_bias=False, name="block1_conv2")(x)
    x = _relu(_norm(x, "block1_conv2_bn"), "block1_conv2_act")
    for i, filters in enumerate((128, 256, 728), 2):
        x = _reduce(x, (filters, filters), f"block{i}", relu_first=i > 2)
    for i in range(5, 13):
        before = x
        for j in (1, 2, 3):
            name = f"block{i}_sepconv{j}"
            x = _separable(_relu(x, f"{name}_act"), 728, name)
        x = layers.add([x, before])
    x = _reduce(x, (728, 1024), "block13", relu_first=True)
    for j, filters in enumerate((1536, 2048), 1):
        name = f"block14_sepconv{j}"
        x = _relu(_separable(x, filters, name), f"{name}_act")
    if given.include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = _build.classify(x, given)
    else:
        x = _build.pool(x, given.pooling)
    return _build.close(start, x, given, "xception")


def _reduce(x: Any, filters: tuple[int, int], name: str, relu_first: bool) -> Any:
    """Append two separable convolutions and a pooling, beside a strided 1x1 convolution."""
    residual = layers.Conv2D(filters[1], 1, strides=2, padding="same", use_bias=False)(x)
    residual = layers.BatchNormalization(axis=_build.norm_axis())(residual)
    for j, n in enumerate(filters, 1):
        if relu_first or j > 1:
            x = _relu(x, f"{name}_sepconv{j}_act")
        x = _separable(x, n, f"{name}_sepconv{j}")
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return layers.add([x, residual])


def _separable(x: Any, filters: int, name: str) -> Any:
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return _norm(x, f"{name}_bn")


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=_build.norm_axis(), name=name)(x)


def _relu(x: Any, name: str) -> Any:
    return layers.Activation("relu", name=name)(x)


Xception = architecture(__name__, "Xception", _xception, size=299)
