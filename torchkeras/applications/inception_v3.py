"""InceptionV3 (Szegedy et al., 2015, arXiv:1512.00567): parallel branches of factored kernels."""

from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import architecture
from torchkeras.applications._preprocess import tf as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]


def _inception_v3(owner: str, given: Arguments) -> Model:
    _build.check_weights(owner, given)
    start = _build.open_input(given, _build.full_shape(given, 299, 75, given.include_top))
    x: Any = _stem(start)
    for i, filters in enumerate((32, 64, 64)):
        x = _concat(
            _conv(x, 64),
            _chain(x, (48, 1, 1), (64, 5, 5)),
            _chain(x, (64, 1, 1), (96, 3, 3), (96, 3, 3)),
            _conv(_average(x), filters),
            name=f"mixed{i}",
        )
    x = _concat(
        _conv(x, 384, 3, 3, strides=2, padding="valid"),
        _conv(_chain(x, (64, 1, 1), (96, 3, 3)), 96, 3, 3, strides=2, padding="valid"),
        layers.MaxPooling2D(3, strides=2)(x),
        name="mixed3",
    )
    for i, n in enumerate((128, 160, 160, 192), 4):
        x = _concat(
            _conv(x, 192),
            _chain(x, (n, 1, 1), (n, 1, 7), (192, 7, 1)),
            _chain(x, (n, 1, 1), (n, 7, 1), (n, 1, 7), (n, 7, 1), (192, 1, 7)),
            _conv(_average(x), 192),
            name=f"mixed{i}",
        )
    x = _concat(
        _conv(_conv(x, 192), 320, 3, 3, strides=2, padding="valid"),
        _conv(
            _chain(x, (192, 1, 1), (192, 1, 7), (192, 7, 1)), 192, 3, 3, strides=2, padding="valid"
        ),
        layers.MaxPooling2D(3, strides=2)(x),
        name="mixed8",
    )
    for i in range(2):
        x = _wide(x, i)
    if given.include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = _build.classify(x, given)
    else:
        x = _build.pool(x, given.pooling)
    return _build.close(start, x, given, "inception_v3")


def _stem(x: Any) -> Any:
    x = _conv(x, 32, 3, 3, strides=2, padding="valid")
    x = _conv(x, 32, 3, 3, padding="valid")
    x = _conv(x, 64, 3, 3)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _conv(x, 80, padding="valid")
    x = _conv(x, 192, 3, 3, padding="valid")
    return layers.MaxPooling2D(3, strides=2)(x)


def _wide(x: Any, i: int) -> Any:
    """Return the block whose 3x3 kernels are a row and a column side by side."""
    single = _conv(x, 320)
    middle = _conv(x, 384)
    middle = _concat(_conv(middle, 384, 1, 3), _conv(middle, 384, 3, 1), name=f"mixed9_{i}")
    double = _chain(x, (448, 1, 1), (384, 3, 3))
    double = _concat(_conv(double, 384, 1, 3), _conv(double, 384, 3, 1))
    return _concat(single, middle, double, _conv(_average(x), 192), name=f"mixed{9 + i}")


def _conv(
    x: Any, filters: int, rows: int = 1, columns: int = 1, padding: str = "same", strides: int = 1
) -> Any:
    x = layers.Conv2D(filters, (rows, columns), strides=strides, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(axis=_build.channel_axis(), scale=False)(x)
    return layers.Activation("relu")(x)


def _chain(x: Any, *steps: tuple[int, int, int]) -> Any:
    for filters, rows, columns in steps:
        x = _conv(x, filters, rows, columns)
    return x


def _average(x: Any) -> Any:
    return layers.AveragePooling2D(3, strides=1, padding="same")(x)


def _concat(*branches: Any, name: str | None = None) -> Any:
    return layers.concatenate(list(branches), axis=_build.channel_axis(), name=name)


InceptionV3 = architecture(__name__, "InceptionV3", _inception_v3, name="inception_v3", size=299)
