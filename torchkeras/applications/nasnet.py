"""NASNet (Zoph et al., 2017, arXiv:1707.07012): searched normal and reduction cells."""

from typing import Any

from torchkeras import layers
from torchkeras.applications import _build
from torchkeras.applications._build import Arguments
from torchkeras.applications._family import named
from torchkeras.applications._preprocess import tf as preprocess_input
from torchkeras.applications.imagenet_utils import decode_predictions
from torchkeras.models import Model

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]

_MOMENTUM = 0.9997


def _nasnet(
    owner: str,
    size: int,
    last: int,
    cells: int,
    stem: int,
    skip_reduction: bool,
    given: Arguments,
) -> Model:
    """Return the network; `skip_reduction` hands the cell before the last on over a reduction."""
    _build.check_weights(owner, given)
    start = _build.open_input(given, _build.full_shape(given, size, 32, given.include_top))
    filters = last // 24
    x: Any = layers.Conv2D(
        stem, 3, strides=2, use_bias=False, kernel_initializer="he_normal", name="stem_conv1"
    )(start)
    x = _norm(x, "stem_bn1")
    before = None
    x, before = _reduction(x, before, filters // 4, "stem_1")
    x, before = _reduction(x, before, filters // 2, "stem_2")
    for i in range(cells):
        x, before = _normal(x, before, filters, str(i))
    for part in (1, 2):
        x, came = _reduction(x, before, filters * 2**part, f"reduce_{part * cells}")
        before = before if skip_reduction else came
        for i in range(cells):
            x, before = _normal(x, before, filters * 2**part, str(part * cells + i + 1))
    x = layers.Activation("relu")(x)
    if given.include_top:
        x = layers.GlobalAveragePooling2D()(x)
        x = _build.classify(x, given)
    else:
        x = _build.pool(x, given.pooling)
    return _build.close(start, x, given, "nasnet_mobile" if size == 224 else "nasnet_large")


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=_build.norm_axis(), momentum=_MOMENTUM, name=name)(x)


def _project(x: Any, filters: int, name: str) -> Any:
    return layers.Conv2D(
        filters,
        1,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _separable(x: Any, filters: int, kernel: int, name: str, strides: int = 1) -> Any:
    """Append two separable convolutions, each after a relu and before a normalisation."""
    x = layers.Activation("relu")(x)
    if strides == 2:
        padding = _build.stride_padding(x, kernel)
        x = layers.ZeroPadding2D(padding, name=f"separable_conv_1_pad_{name}")(x)
    x = layers.SeparableConv2D(
        filters,
        kernel,
        strides=strides,
        padding="valid" if strides == 2 else "same",
        use_bias=False,
        name=f"separable_conv_1_{name}",
    )(x)
    x = layers.Activation("relu")(_norm(x, f"separable_conv_1_bn_{name}"))
    x = layers.SeparableConv2D(
        filters, kernel, padding="same", use_bias=False, name=f"separable_conv_2_{name}"
    )(x)
    return _norm(x, f"separable_conv_2_bn_{name}")


def _adjust(before: Any, x: Any, filters: int, cell: str) -> Any:
    """Return the output of the cell before, with the size of `x` and so many channels."""
    if before is None:
        return x
    axis = 2 if _build.channel_axis() == 1 else 1
    if before.shape[axis] != x.shape[axis]:
        y = layers.Activation("relu", name=f"adjust_relu_1_{cell}")(before)
        first = layers.AveragePooling2D(1, strides=2, name=f"adjust_avg_pool_1_{cell}")(y)
        first = _project(first, filters // 2, f"adjust_conv_1_{cell}")
        second = layers.ZeroPadding2D(((0, 1), (0, 1)))(y)
        second = layers.Cropping2D(((1, 0), (1, 0)))(second)
        second = layers.AveragePooling2D(1, strides=2, name=f"adjust_avg_pool_2_{cell}")(second)
        second = _project(second, filters // 2, f"adjust_conv_2_{cell}")
        y = layers.concatenate([first, second], axis=_build.norm_axis())
        return _norm(y, f"adjust_bn_{cell}")
    if before.shape[_build.norm_axis()] != filters:
        y = layers.Activation("relu")(before)
        y = _project(y, filters, f"adjust_conv_projection_{cell}")
        return _norm(y, f"adjust_bn_{cell}")
    return before


def _average(x: Any, name: str) -> Any:
    return layers.AveragePooling2D(3, strides=1, padding="same", name=name)(x)


def _normal(x: Any, before: Any, filters: int, cell: str) -> tuple[Any, Any]:
    """Return the output of a cell that keeps the size, and its input."""
    p = _adjust(before, x, filters, cell)
    h = layers.Activation("relu")(x)
    h = _norm(_project(h, filters, f"normal_conv_1_{cell}"), f"normal_bn_1_{cell}")
    one = layers.add(
        [
            _separable(h, filters, 5, f"normal_left1_{cell}"),
            _separable(p, filters, 3, f"normal_right1_{cell}"),
        ],
        name=f"normal_add_1_{cell}",
    )
    two = layers.add(
        [
            _separable(p, filters, 5, f"normal_left2_{cell}"),
            _separable(p, filters, 3, f"normal_right2_{cell}"),
        ],
        name=f"normal_add_2_{cell}",
    )
    three = layers.add([_average(h, f"normal_left3_{cell}"), p], name=f"normal_add_3_{cell}")
    four = layers.add(
        [_average(p, f"normal_left4_{cell}"), _average(p, f"normal_right4_{cell}")],
        name=f"normal_add_4_{cell}",
    )
    five = layers.add(
        [_separable(h, filters, 3, f"normal_left5_{cell}"), h], name=f"normal_add_5_{cell}"
    )
    joined = layers.concatenate(
        [p, one, two, three, four, five], axis=_build.norm_axis(), name=f"normal_concat_{cell}"
    )
    return joined, x


def _reduction(x: Any, before: Any, filters: int, cell: str) -> tuple[Any, Any]:
    """Return the output of a cell that halves the size, and its input."""
    p = _adjust(before, x, filters, cell)
    h = layers.Activation("relu")(x)
    h = _norm(_project(h, filters, f"reduction_conv_1_{cell}"), f"reduction_bn_1_{cell}")
    padded = layers.ZeroPadding2D(_build.stride_padding(h, 3), name=f"reduction_pad_1_{cell}")(h)
    one = layers.add(
        [
            _separable(h, filters, 5, f"reduction_left1_{cell}", 2),
            _separable(p, filters, 7, f"reduction_right1_{cell}", 2),
        ],
        name=f"reduction_add_1_{cell}",
    )
    two = layers.add(
        [
            layers.MaxPooling2D(3, strides=2, name=f"reduction_left2_{cell}")(padded),
            _separable(p, filters, 7, f"reduction_right2_{cell}", 2),
        ],
        name=f"reduction_add_2_{cell}",
    )
    three = layers.add(
        [
            layers.AveragePooling2D(3, strides=2, name=f"reduction_left3_{cell}")(padded),
            _separable(p, filters, 5, f"reduction_right3_{cell}", 2),
        ],
        name=f"reduction_add3_{cell}",
    )
    four = layers.add([two, _average(one, f"reduction_left4_{cell}")])
    five = layers.add(
        [
            _separable(one, filters, 3, f"reduction_left4_{cell}"),
            layers.MaxPooling2D(3, strides=2, name=f"reduction_right5_{cell}")(padded),
        ],
        name=f"reduction_add4_{cell}",
    )
    joined = layers.concatenate(
        [two, three, four, five], axis=_build.norm_axis(), name=f"reduction_concat_{cell}"
    )
    return joined, x


def _variant(kind: str, size: int, *table: Any):
    owner = f"NASNet{kind}"

    def make(
        input_shape: Any = None,
        include_top: bool = True,
        weights: str | None = "imagenet",
        input_tensor: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = f"nasnet_{kind.lower()}",
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
        return _nasnet(owner, size, *table, given)

    return named(make, __name__, owner, size)


# Filters of the last cell, cells of a group, filters of the stem, whether a reduction is skipped.
NASNetMobile = _variant("Mobile", 224, 1056, 4, 32, False)
NASNetLarge = _variant("Large", 331, 4032, 6, 96, True)
