"""What the EfficientNets share: initializers, squeeze-and-excitation, the classifier."""

import copy
import math
from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments

KERNEL = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"},
}
_DENSE = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0 / 3.0, "mode": "fan_out", "distribution": "uniform"},
}


def conv(x: Any, filters: int, kernel: int, name: str, **options: Any) -> Any:
    """Append a convolution, without bias if not told otherwise."""
    options = {"padding": "same", "use_bias": False, **options}
    return layers.Conv2D(
        filters, kernel, kernel_initializer=copy.deepcopy(KERNEL), name=name, **options
    )(x)


def norm(
    x: Any, name: str, momentum: float, activation: Any = None, silu: str | None = None
) -> Any:
    """Append a normalisation, and the layer named `silu` of an activation."""
    x = layers.BatchNormalization(axis=_build.channel_axis(), momentum=momentum, name=name)(x)
    return layers.Activation(activation, name=silu)(x) if silu else x


def squeeze(x: Any, filters: int, narrow: int, name: str) -> Any:
    """Append a squeeze-and-excitation (Hu et al., 2017, arXiv:1709.01507)."""
    gate = layers.GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    shape = (filters, 1, 1) if _build.channel_axis() == 1 else (1, 1, filters)
    gate = layers.Reshape(shape, name=f"{name}se_reshape")(gate)
    gate = conv(gate, narrow, 1, f"{name}se_reduce", use_bias=True, activation="swish")
    gate = conv(gate, filters, 1, f"{name}se_expand", use_bias=True, activation="sigmoid")
    return layers.multiply([x, gate], name=f"{name}se_excite")


def join(x: Any, before: Any, drop: float, name: str) -> Any:
    """Append the residual sum, whose new part is left out of whole samples at random."""
    if drop > 0:
        x = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
    return layers.add([x, before], name=f"{name}add")


def gated(
    x: Any,
    before: Any,
    came: int,
    filters: int,
    expansion: int,
    stride: int,
    momentum: float,
    drop: float,
    name: str,
) -> Any:
    """Append what follows the depthwise convolution of a block that began with `before`."""
    x = norm(x, f"{name}bn", momentum, "swish", f"{name}activation")
    x = squeeze(x, came * expansion, max(1, int(came * 0.25)), name)
    x = conv(x, filters, 1, f"{name}project_conv")
    x = norm(x, f"{name}project_bn", momentum)
    return join(x, before, drop, name) if stride == 1 and came == filters else x


def repeats(depth: int, coefficient: float) -> int:
    """Return the blocks of a group in a deeper network."""
    return math.ceil(coefficient * depth)


def top(x: Any, given: Arguments, dropout: float, **options: Any) -> Any:
    """Append the classifier, or the pooling of a network without."""
    if not given.include_top:
        return _build.pool(x, given.pooling, "avg_pool", max="max_pool")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    if dropout > 0:
        x = layers.Dropout(dropout, name="top_dropout")(x)
    return _build.classify(x, given, kernel_initializer=copy.deepcopy(_DENSE), **options)
