"""What every architecture shares: its arguments, its input, its top, and its weights."""

import dataclasses
import os
import warnings
from typing import Any

from torchkeras import layers
from torchkeras._base.config import image_data_format
from torchkeras.applications import _weights
from torchkeras.core.symbolic import KerasTensor
from torchkeras.models import Model
from torchkeras.utils.sources import get_source_inputs

CLASSES = 1000  # of ImageNet


@dataclasses.dataclass
class Arguments:
    """The arguments that all architectures take."""

    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: str | None
    classes: int
    classifier_activation: Any
    name: str | None

    @property
    def pretrained(self) -> bool:
        """Whether ImageNet's weights are wanted."""
        return isinstance(self.weights, str) and self.weights == "imagenet"


def channel_axis() -> int:
    """Return the axis of the channels of an image batch."""
    return 1 if image_data_format() == "channels_first" else 3


def norm_axis() -> int:
    """Return the axis of the channels as -1 where it is the last."""
    return 1 if image_data_format() == "channels_first" else -1


def rows(shape: tuple[Any, ...]) -> Any:
    """Return the height of an image's shape."""
    return shape[1] if image_data_format() == "channels_first" else shape[0]


def trained_size(shape: Any, sizes: tuple[int, ...]) -> int:
    """Return the side of a square image if there are weights for it, else 224."""
    if shape is None or len(tuple(shape)) != 3:
        return 224
    height, width = shape[1:] if image_data_format() == "channels_first" else shape[:-1]
    return height if height == width and height in sizes else 224


def divisible(filters: float, divisor: int = 8, least: int | None = None) -> int:
    """Return the nearest multiple of the divisor that is not more than a tenth below."""
    found = max(least or divisor, int(filters + divisor / 2) // divisor * divisor)
    return found + divisor if found < 0.9 * filters else found


def stride_padding(x: Any, kernel: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the padding that puts a kernel of stride 2 where TensorFlow's "same" puts it."""
    sizes = x.shape[2:4] if image_data_format() == "channels_first" else x.shape[1:3]
    half = kernel // 2
    height, width = (1 if n is None else 1 - n % 2 for n in sizes)
    return (half - height, half), (half - width, half)


def check_weights(owner: str, given: Arguments) -> None:
    """Refuse weights that are neither None, ImageNet's nor a file, and tops that do not fit."""
    if not given.weights or given.pretrained:
        if given.pretrained and given.include_top and given.classes != CLASSES:
            raise ValueError(
                f'{owner}: with weights="imagenet" and include_top=True, `classes` should be '
                f"{CLASSES}. Received: classes={given.classes}."
            )
    elif not os.path.exists(given.weights):
        raise ValueError(
            f"{owner}: the `weights` argument should be either `None` (random initialization), "
            f"'imagenet' (pre-training on ImageNet), or the path to the weights file to be "
            f"loaded. Received: weights={given.weights}."
        )


def full_shape(given: Arguments, size: int, min_size: int, static: bool) -> tuple[Any, ...]:
    """Return the shape of one image.

    Args:
        given: The arguments.
        size: Height and width of the images that the weights were trained on.
        min_size: Least height and width.
        static: Whether the sizes must be known.
    """
    shape = None if given.input_shape is None else tuple(given.input_shape)
    first = image_data_format() == "channels_first"
    channels = 3
    if shape is not None and len(shape) == 3 and not given.pretrained:
        channels = shape[0] if first else shape[-1]
        if channels not in (1, 3):
            warnings.warn(
                "This model usually expects 1 or 3 input channels. However, it was passed an "
                f"input_shape with {channels} input channels.",
                stacklevel=4,
            )
    usual = (channels, size, size) if first else (size, size, channels)
    if shape is None:
        return usual if static else ((channels, None, None) if first else (None, None, channels))
    if given.pretrained and static:
        if shape != usual:
            raise ValueError(
                "When setting `include_top=True` and loading `imagenet` weights, `input_shape` "
                f"should be {usual}. Received: input_shape={shape}"
            )
        return usual
    if len(shape) != 3:
        raise ValueError(f"`input_shape` must be a tuple of three integers. Received: {shape}.")
    if given.pretrained and (shape[0] if first else shape[-1]) != 3:
        raise ValueError(f"The input must have 3 channels; Received `input_shape={shape}`")
    check_size(shape, min_size)
    if static and None in shape:
        raise ValueError(
            "If `include_top` is True, you should specify a static `input_shape`. "
            f"Received: input_shape={shape}"
        )
    return shape


def check_size(shape: tuple[Any, ...], min_size: int) -> None:
    """Refuse images that are too small for the architecture."""
    rows_columns = shape[1:] if image_data_format() == "channels_first" else shape[:-1]
    if any(n is not None and n < min_size for n in rows_columns):
        raise ValueError(
            f"Input size must be at least {min_size}x{min_size}; Received: input_shape={shape}"
        )


def open_input(given: Arguments, shape: tuple[Any, ...]) -> KerasTensor:
    """Return the tensor that the architecture starts from."""
    if given.input_tensor is None:
        return layers.Input(shape=shape)
    if not isinstance(given.input_tensor, KerasTensor):
        return layers.Input(tensor=given.input_tensor, shape=shape)
    return given.input_tensor


def pool(x: Any, pooling: str | None, name: str | None = None, **names: str) -> Any:
    """Append the pooling of a model without a top.

    Args:
        x: The features.
        pooling: `"avg"`, `"max"`, or None for none.
        name: Name of the layer; default: an automatic one.
        names: `max`, the name of maximum pooling.
    """
    if pooling == "avg":
        return layers.GlobalAveragePooling2D(name=name)(x)
    if pooling == "max":
        return layers.GlobalMaxPooling2D(name=names.get("max", name))(x)
    return x


def check_activation(given: Arguments) -> Any:
    """Return the activation of the top, which trained weights fix."""
    activation = given.classifier_activation
    if given.weights is not None and activation not in (None, "softmax"):
        raise ValueError(
            "Only `None` and `softmax` activations are allowed for the `classifier_activation` "
            "argument when using pretrained weights, with `include_top=True`; Received: "
            f"classifier_activation={activation}"
        )
    return activation


def classify(x: Any, given: Arguments, **options: Any) -> Any:
    """Append the dense layer that gives the classes' scores."""
    activation = check_activation(given)
    options.setdefault("name", "predictions")
    return layers.Dense(given.classes, activation=activation, **options)(x)


def close(start: Any, x: Any, given: Arguments, files: str | None = None) -> Model:
    """Return the model from its first to its last tensor, with its weights.

    Args:
        start: What `open_input` gave.
        x: The output.
        given: The arguments.
        files: Key of the ImageNet weights; default: the model's name.
    """
    inputs = start if given.input_tensor is None else get_source_inputs(start)
    if isinstance(inputs, list) and len(inputs) == 1:
        inputs = inputs[0]
    model = Model(inputs, x, name=given.name)
    if given.pretrained:
        model.load_weights(_weights.fetch(files or given.name or "", given.include_top))
    elif given.weights is not None:
        model.load_weights(given.weights)
    return model
