"""Rows of convolution and pooling."""

import dataclasses

from layer_rows.values import ACTIVATION, BOOL, FORMAT, OMIT, REGULARIZER, WEIGHTS, B, N, Row, S


def conv(rank: int) -> Row:
    """Return the row of ConvND."""
    return Row(
        (B, *[S] * rank, 4),
        {
            "filters": [4, 6],
            "kernel_size": [3, 2, 1, tuple(range(1, rank + 1))],
            "strides": [1, 2, OMIT, tuple(range(1, rank + 1))],
            "padding": ["valid", "same", "causal"][: 3 if rank == 1 else 2],
            "data_format": FORMAT,
            "dilation_rate": [OMIT, 1, 2],
            "groups": [OMIT, 2, 1],
            "activation": ACTIVATION,
            "use_bias": BOOL,
            **WEIGHTS,
        },
        channels=True,
    )


def transpose(rank: int) -> Row:
    """Return the row of ConvNDTranspose."""
    return Row(
        (B, *[(3, 6)] * rank, 3),
        {
            "filters": [4, 2],
            "kernel_size": [3, 2, 4, tuple(range(2, rank + 2))],
            "strides": [2, 1, 3, OMIT],
            "padding": ["valid", "same"],
            "output_padding": [OMIT, None, 1],
            "data_format": FORMAT,
            "dilation_rate": [OMIT, 1, OMIT, 2],
            "activation": ACTIVATION,
            "use_bias": BOOL,
            **WEIGHTS,
        },
        channels=True,
    )


def depthwise(rank: int) -> Row:
    """Return the row of DepthwiseConvND."""
    weights = {k.replace("kernel", "depthwise"): v for k, v in WEIGHTS.items()}
    return Row(
        (B, *[S] * rank, N),
        {
            "kernel_size": [3, 2, 1],
            "strides": [1, 2, OMIT],
            "padding": ["valid", "same"],
            "depth_multiplier": [1, 2, 3],
            "data_format": FORMAT,
            "dilation_rate": [OMIT, 1, 2],
            "activation": ACTIVATION,
            "use_bias": BOOL,
            **weights,
        },
        channels=True,
    )


def separable(rank: int) -> Row:
    """Return the row of SeparableConvND."""
    row = depthwise(rank)
    pointwise = {
        "filters": [4, 3],
        "pointwise_initializer": [OMIT, "he_normal"],
        "pointwise_regularizer": REGULARIZER,
        "pointwise_constraint": [OMIT, "non_neg"],
    }
    padding = ["valid", "same", "causal"][: 3 if rank == 1 else 2]
    return dataclasses.replace(row, options={**row.options, **pointwise, "padding": padding})


def pool(rank: int, size_is_optional: bool = False) -> Row:
    """Return the row of a windowed pooling.

    AveragePooling's size was optional until Keras 3; ours still is (docs/compatibility.md).
    """
    size = [OMIT] if size_is_optional else []
    return Row(
        (B, *[S] * rank, N),
        {
            "pool_size": [2, 3, *size, tuple(range(2, rank + 2))],
            "strides": [OMIT, None, 1, 2, 3],
            "padding": ["valid"],  # "same": docs/differences.md, and the family's own tests
            "data_format": FORMAT,
            "name": [OMIT, "mine"],
        },
        channels=True,
    )


def global_pool(rank: int) -> Row:
    """Return the row of a global pooling."""
    return Row(
        (B, *[S] * rank, N), {"data_format": FORMAT, "keepdims": [OMIT, True, False]}, channels=True
    )


def adaptive_pool(rank: int) -> Row:
    """Return the row of an adaptive pooling."""
    return Row(
        (B, *[S] * rank, N),
        {"output_size": [2, 3, 1, tuple(range(2, rank + 2))], "data_format": FORMAT},
        channels=True,
    )


ROWS: dict[str, Row] = {
    # ------------------------------------------------------------------ convolution
    **{f"Conv{r}D": conv(r) for r in (1, 2, 3)},
    **{f"Conv{r}DTranspose": transpose(r) for r in (1, 2, 3)},
    **{f"DepthwiseConv{r}D": depthwise(r) for r in (1, 2)},
    **{f"SeparableConv{r}D": separable(r) for r in (1, 2)},
    # ------------------------------------------------------------------ pooling
    **{f"MaxPooling{r}D": pool(r, size_is_optional=True) for r in (1, 2, 3)},
    **{f"AveragePooling{r}D": pool(r) for r in (1, 2, 3)},
    **{f"Global{k}Pooling{r}D": global_pool(r) for k in ("Max", "Average") for r in (1, 2, 3)},
    **{f"Adaptive{k}Pooling{r}D": adaptive_pool(r) for k in ("Max", "Average") for r in (1, 2, 3)},
}
