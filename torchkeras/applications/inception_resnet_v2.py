"""InceptionResNetV2 (Szegedy et al., 2016, arXiv:1602.07261): Inception branches added."""

from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import architecture
from torchkeras.applications._preprocess import tf as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.core.registry import LAYERS
from torchkeras.models import Model

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]

# Branches of each residual block, as steps of filters, rows and columns; the sum's scale.
_BLOCKS: dict[str, tuple[Any, float]] = {
    "block35": (
        (((32, 1, 1),), ((32, 1, 1), (32, 3, 3)), ((32, 1, 1), (48, 3, 3), (64, 3, 3))),
        0.17,
    ),
    "block17": ((((192, 1, 1),), ((128, 1, 1), (160, 1, 7), (192, 7, 1))), 0.1),
    "block8": ((((192, 1, 1),), ((192, 1, 1), (224, 1, 3), (256, 3, 1))), 0.2),
}


@LAYERS.register(module="keras.src.applications.inception_resnet_v2")
class CustomScaleLayer(layers.Layer):
    """Return the first input plus the second one, scaled.

    Args:
        scale: Factor of the second.

    >>> import numpy as np
    >>> CustomScaleLayer(0.5)([np.array([1.0]), np.array([4.0])]).tolist()
    [3.0]
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Return the sum."""
        return inputs[0] + inputs[1] * self.scale


def _inception_resnet_v2(owner: str, given: Arguments) -> Model:
    _build.check_weights(owner, given)
    start = _build.open_input(given, _build.full_shape(given, 299, 75, given.include_top))
    x: Any = _stem(start)
    average = layers.AveragePooling2D(3, strides=1, padding="same")
    x = _concat(
        _conv(x, 96),
        _chain(x, (48, 1, 1), (64, 5, 5)),
        _chain(x, (64, 1, 1), (96, 3, 3), (96, 3, 3)),
        _conv(average(x), 64),
        name="mixed_5b",
    )
    for i in range(1, 11):
        x = _block(x, "block35", i)
    x = _concat(
        _shrink(x, 384),
        _shrink(_chain(x, (256, 1, 1), (256, 3, 3)), 384),
        layers.MaxPooling2D(3, strides=2)(x),
        name="mixed_6a",
    )
    for i in range(1, 21):
        x = _block(x, "block17", i)
    x = _concat(
        _shrink(_conv(x, 256), 384),
        _shrink(_conv(x, 256), 288),
        _shrink(_chain(x, (256, 1, 1), (288, 3, 3)), 320),
        layers.MaxPooling2D(3, strides=2)(x),
        name="mixed_7a",
    )
    for i in range(1, 10):
        x = _block(x, "block8", i)
    x = _block(x, "block8", 10, last=True)
    x = _conv(x, 1536, name="conv_7b")
    if given.include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = _build.classify(x, given)
    else:
        x = _build.pool(x, given.pooling)
    return _build.close(start, x, given, "inception_resnet_v2")


def _stem(x: Any) -> Any:
    x = _shrink(x, 32)
    x = _conv(x, 32, 3, 3, padding="valid")
    x = _conv(x, 64, 3, 3)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _conv(x, 80, padding="valid")
    x = _conv(x, 192, 3, 3, padding="valid")
    return layers.MaxPooling2D(3, strides=2)(x)


def _block(x: Any, kind: str, number: int, last: bool = False) -> Any:
    branches, scale = _BLOCKS[kind]
    name = f"{kind}_{number}"
    y = _concat(*(_chain(x, *steps) for steps in branches), name=f"{name}_mixed")
    channels = x.shape[_build.channel_axis()]
    y = layers.Conv2D(channels, 1, padding="same", name=f"{name}_conv")(y)
    x = CustomScaleLayer(1.0 if last else scale)([x, y])
    return x if last else layers.Activation("relu", name=f"{name}_ac")(x)


def _conv(
    x: Any,
    filters: int,
    rows: int = 1,
    columns: int = 1,
    padding: str = "same",
    strides: int = 1,
    name: str | None = None,
) -> Any:
    x = layers.Conv2D(
        filters, (rows, columns), strides=strides, padding=padding, use_bias=False, name=name
    )(x)
    norm, relu = (f"{name}_bn", f"{name}_ac") if name else (None, None)
    x = layers.BatchNormalization(axis=_build.channel_axis(), scale=False, name=norm)(x)
    return layers.Activation("relu", name=relu)(x)


def _shrink(x: Any, filters: int) -> Any:
    return _conv(x, filters, 3, 3, padding="valid", strides=2)


def _chain(x: Any, *steps: tuple[int, int, int]) -> Any:
    for filters, rows, columns in steps:
        x = _conv(x, filters, rows, columns)
    return x


def _concat(*branches: Any, name: str) -> Any:
    return layers.Concatenate(axis=_build.channel_axis(), name=name)(list(branches))


InceptionResNetV2 = architecture(
    __name__, "InceptionResNetV2", _inception_resnet_v2, name="inception_resnet_v2", size=299
)
