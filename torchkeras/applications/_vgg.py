"""VGG (Simonyan and Zisserman, 2014, arXiv:1409.1556): stacks of 3x3 convolutions."""

from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.models import Model

_FILTERS = (64, 128, 256, 512, 512)


def vgg(owner: str, given: Arguments, depths: tuple[int, ...]) -> Model:
    """Return the network with so many convolutions before each of its poolings."""
    _build.check_weights(owner, given)
    start = _build.open_input(given, _build.full_shape(given, 224, 32, given.include_top))
    x: Any = start
    for i, (depth, filters) in enumerate(zip(depths, _FILTERS, strict=True), 1):
        for j in range(1, depth + 1):
            x = layers.Conv2D(
                filters, 3, activation="relu", padding="same", name=f"block{i}_conv{j}"
            )(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"block{i}_pool")(x)
    if given.include_top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(4096, activation="relu", name="fc1")(x)
        x = layers.Dense(4096, activation="relu", name="fc2")(x)
        x = _build.classify(x, given)
    else:
        x = _build.pool(x, given.pooling)
    return _build.close(start, x, given, owner.lower())
