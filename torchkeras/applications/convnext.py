"""ConvNeXt (Liu et al., 2022, arXiv:2201.03545): convolutions arranged like a transformer."""

from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import named
from torchkeras.applications._preprocess import unchanged as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.core.registry import LAYERS
from torchkeras.models import Model, Sequential

__all__ = [
    "ConvNeXtBase",
    "ConvNeXtLarge",
    "ConvNeXtSmall",
    "ConvNeXtTiny",
    "ConvNeXtXLarge",
    "decode_predictions",
    "preprocess_input",
]

_DEPTHS = (3, 3, 27, 3)
_EPSILON = 1e-6
_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
_VARIANCE = ((0.229 * 255) ** 2, (0.224 * 255) ** 2, (0.225 * 255) ** 2)


@LAYERS.register(module="keras.src.applications.convnext")
class LayerScale(layers.Layer):
    """Multiply each channel by a weight of its own.

    Args:
        init_values: What the weights start as.
        projection_dim: Number of channels.

    >>> import numpy as np
    >>> LayerScale(0.5, 3)(np.array([[1.0, 1.0, 2.0]])).tolist()
    [[0.5, 0.5, 1.0]]
    """

    def __init__(self, init_values: float, projection_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.init_values = init_values
        self.projection_dim = projection_dim

    def build(self, input_shape: Any) -> None:
        """Create the weights."""
        start = {"class_name": "Constant", "config": {"value": self.init_values}}
        self.gamma = self.add_weight(shape=(self.projection_dim,), initializer=start)

    def call(self, x: Any) -> Any:
        """Return the scaled input."""
        return x * self.gamma


def _convnext(
    owner: str, depths: tuple[int, ...], width: int, given: Arguments, include_preprocessing: bool
) -> Model:
    _build.check_weights(owner, given)
    shape = _build.full_shape(given, 224, 32, given.include_top)
    start = _build.open_input(given, shape)
    x: Any = start
    name = given.name
    if include_preprocessing and shape[_build.channel_axis() - 1] == 3:
        x = layers.Normalization(
            mean=list(_MEAN), variance=list(_VARIANCE), name=f"{name}_prestem_normalization"
        )(x)
    downsampling = [
        Sequential(
            [
                layers.Conv2D(width, 4, strides=4, name=f"{name}_stem_conv"),
                layers.LayerNormalization(epsilon=_EPSILON, name=f"{name}_stem_layernorm"),
            ],
            name=f"{name}_stem",
        )
    ]
    downsampling += [
        Sequential(
            [
                layers.LayerNormalization(
                    epsilon=_EPSILON, name=f"{name}_downsampling_layernorm_{i}"
                ),
                layers.Conv2D(
                    width * 2 ** (i + 1), 2, strides=2, name=f"{name}_downsampling_conv_{i}"
                ),
            ],
            name=f"{name}_downsampling_block_{i}",
        )
        for i in range(3)
    ]
    for stage, depth in enumerate(depths):
        x = downsampling[stage](x)
        for i in range(depth):
            x = _block(x, width * 2**stage, f"{name}_stage_{stage}_block_{i}")
    if given.include_top:
        x = layers.GlobalAveragePooling2D(name=f"{name}_head_gap")(x)
        x = layers.LayerNormalization(epsilon=_EPSILON, name=f"{name}_head_layernorm")(x)
        x = _build.classify(x, given, name=f"{name}_head_dense")
    else:
        x = _build.pool(x, given.pooling)
        x = layers.LayerNormalization(epsilon=_EPSILON)(x)
    return _build.close(start, x, given, owner.replace("ConvNeXt", "convnext_").lower())


def _block(before: Any, filters: int, name: str) -> Any:
    x = layers.Conv2D(filters, 7, padding="same", groups=filters, name=f"{name}_depthwise_conv")(
        before
    )
    x = layers.LayerNormalization(epsilon=_EPSILON, name=f"{name}_layernorm")(x)
    x = layers.Dense(4 * filters, name=f"{name}_pointwise_conv_1")(x)
    x = layers.Activation("gelu", name=f"{name}_gelu")(x)
    x = layers.Dense(filters, name=f"{name}_pointwise_conv_2")(x)
    x = LayerScale(1e-6, filters, name=f"{name}_layer_scale")(x)
    x = layers.Activation("linear", name=f"{name}_identity")(x)
    return before + x


def _variant(size: str, depths: tuple[int, ...], width: int):
    owner = f"ConvNeXt{size}"

    def make(
        include_top: bool = True,
        include_preprocessing: bool = True,
        weights: str | None = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = f"convnext_{size.lower()}",
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
        return _convnext(owner, depths, width, given, include_preprocessing)

    return named(make, __name__, owner, 224)


ConvNeXtTiny = _variant("Tiny", (3, 3, 9, 3), 96)
ConvNeXtSmall = _variant("Small", _DEPTHS, 96)
ConvNeXtBase = _variant("Base", _DEPTHS, 128)
ConvNeXtLarge = _variant("Large", _DEPTHS, 192)
ConvNeXtXLarge = _variant("XLarge", _DEPTHS, 256)
