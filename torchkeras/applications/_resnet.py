"""The residual networks: bottleneck blocks, after (V1) or before (V2) normalisation."""

from collections.abc import Callable
from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.models import Model

_EPSILON = 1.001e-5


def resnet(owner: str, given: Arguments, depths: tuple[int, ...]) -> Model:
    """Return the network with so many blocks in its four stages."""

    def stages(x: Any) -> Any:
        for stage, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512), strict=True), 2):
            for i in range(1, depth + 1):
                stride = 2 if i == 1 and stage > 2 else 1
                x = _block(x, filters, stride, i == 1, f"conv{stage}_block{i}")
        return x

    return _assemble(owner, stages, False, given)


def resnet_v2(owner: str, given: Arguments, depths: tuple[int, ...]) -> Model:
    """Return the network with so many blocks in its four stages."""

    def stages(x: Any) -> Any:
        for stage, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512), strict=True), 2):
            for i in range(1, depth + 1):
                stride = 2 if i == depth and stage < 5 else 1
                x = _block_v2(x, filters, stride, i == 1, f"conv{stage}_block{i}")
        return x

    return _assemble(owner, stages, True, given)


def _assemble(
    owner: str, stages: Callable[[Any], Any], preactivation: bool, given: Arguments
) -> Model:
    _build.check_weights(owner, given)
    start = _build.open_input(given, _build.full_shape(given, 224, 32, given.include_top))
    x = layers.ZeroPadding2D(3, name="conv1_pad")(start)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    if not preactivation:
        x = _relu(_norm(x, "conv1_bn"), "conv1_relu")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    x = stages(x)
    if preactivation:
        x = _relu(_norm(x, "post_bn"), "post_relu")
    if given.include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = _build.classify(x, given)
    else:
        x = _build.pool(x, given.pooling, "avg_pool", max="max_pool")
    return _build.close(start, x, given, owner.lower())


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=_build.channel_axis(), epsilon=_EPSILON, name=name)(x)


def _relu(x: Any, name: str) -> Any:
    return layers.Activation("relu", name=name)(x)


def _block(x: Any, filters: int, stride: int, widen: bool, name: str) -> Any:
    shortcut = x
    if widen:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        shortcut = _norm(shortcut, f"{name}_0_bn")
    x = layers.Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = _relu(_norm(x, f"{name}_1_bn"), f"{name}_1_relu")
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = _relu(_norm(x, f"{name}_2_bn"), f"{name}_2_relu")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = _norm(x, f"{name}_3_bn")
    return _relu(layers.Add(name=f"{name}_add")([shortcut, x]), f"{name}_out")


def _block_v2(x: Any, filters: int, stride: int, widen: bool, name: str) -> Any:
    before = _relu(_norm(x, f"{name}_preact_bn"), f"{name}_preact_relu")
    if widen:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(before)
    else:
        shortcut = layers.MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(before)
    y = _relu(_norm(y, f"{name}_1_bn"), f"{name}_1_relu")
    y = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(y)
    y = layers.Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(y)
    y = _relu(_norm(y, f"{name}_2_bn"), f"{name}_2_relu")
    y = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(y)
    return layers.Add(name=f"{name}_out")([shortcut, y])
