"""MobileNet (Howard et al., 2017, arXiv:1704.04861): depthwise separable convolutions."""

import warnings
from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._preprocess import tf as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

_SIZES = (128, 160, 192, 224)
_ALPHAS = (0.25, 0.5, 0.75, 1.0)
# Filters and stride of each block.
_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
    (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


def MobileNet(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 0.001,
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """Return MobileNet; `alpha` scales all filters, `depth_multiplier` the depthwise ones."""
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
    return _mobilenet(given, alpha, depth_multiplier, dropout)


def _mobilenet(given: Arguments, alpha: float, depth_multiplier: int, dropout: float) -> Model:
    _build.check_weights("MobileNet", given)
    size = _build.trained_size(given.input_shape, _SIZES)
    shape = _build.full_shape(given, size, 32, given.include_top)
    rows = _build.rows(shape)
    if given.pretrained:
        if depth_multiplier != 1:
            raise ValueError(
                "If imagenet weights are being loaded, depth multiplier must be 1. "
                f"Received: depth_multiplier={depth_multiplier}"
            )
        if alpha not in _ALPHAS:
            raise ValueError(
                "If imagenet weights are being loaded, alpha can be one of `0.25`, `0.50`, "
                f"`0.75` or `1.0` only. Received: alpha={alpha}"
            )
        if rows != shape[1] or rows not in _SIZES:
            rows = 224
            warnings.warn(
                "`input_shape` is undefined or non-square, or `rows` is not in [128, 160, 192, "
                "224]. Weights for input shape (224, 224) will be loaded as the default.",
                stacklevel=3,
            )
    start = _build.open_input(given, shape)
    x: Any = layers.Conv2D(
        int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1"
    )(start)
    x = _norm_relu(x, "conv1")
    for i, (filters, stride) in enumerate(_BLOCKS, 1):
        if stride == 2:
            x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{i}")(x)
        x = layers.DepthwiseConv2D(
            3,
            strides=stride,
            padding="same" if stride == 1 else "valid",
            depth_multiplier=depth_multiplier,
            use_bias=False,
            name=f"conv_dw_{i}",
        )(x)
        x = _norm_relu(x, f"conv_dw_{i}")
        x = layers.Conv2D(
            int(filters * alpha), 1, padding="same", use_bias=False, name=f"conv_pw_{i}"
        )(x)
        x = _norm_relu(x, f"conv_pw_{i}")
    if given.include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Conv2D(given.classes, 1, padding="same", name="conv_preds")(x)
        x = layers.Reshape((given.classes,), name="reshape_2")(x)
        activation = _build.check_activation(given)
        x = layers.Activation(activation, name="predictions")(x)
    else:
        x = _build.pool(x, given.pooling)
    if given.name is None:
        given.name = f"mobilenet_{alpha:0.2f}_{rows}"
    factor = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0"}.get(alpha, "2_5")
    suffix = "" if given.include_top else "_no_top"
    file = f"mobilenet/mobilenet_{factor}_{rows}_tf{suffix}.h5"
    return _build.close(start, x, given, file)


def _norm_relu(x: Any, name: str) -> Any:
    x = layers.BatchNormalization(axis=_build.norm_axis(), name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)
