"""Rows of core, activation, attention, normalization, regularization, merging, reshaping."""

import numpy as np
from layer_rows.values import (
    ACTIVATION,
    BOOL,
    CONSTRAINT,
    FORMAT,
    OMIT,
    REGULARIZER,
    SEED,
    WEIGHTS,
    B,
    N,
    Of,
    Row,
    S,
    T,
    attention,
    equal,
    normal,
    sizes,
)


def einsum(equations: list, shapes: list, bias: str) -> Row:
    """Return a row of EinsumDense."""
    return Row(
        (B, 3, 4),
        {
            "equation": equations,
            "output_shape": shapes,
            "activation": ACTIVATION,
            "bias_axes": [OMIT, None, bias],
            **WEIGHTS,
        },
        lenient=True,  # it finds sizes in the input that Keras wants in output_shape
        shapes=False,  # docs/differences.md: Keras's say None where output_shape does
        symbolic=False,
    )


def spatial(rank: int, argument: str, values: list, **options: list) -> Row:
    """Return the row of a layer that crops, pads or repeats."""
    return Row((B, *[S] * rank, N), {argument: values, **options}, channels=True)


def merge(**options: list) -> Row:
    """Return the row of an elementwise merge of two or three inputs."""

    def inputs(rng: np.random.Generator, args: dict) -> list:
        return equal(int(rng.integers(2, 4)), B, T, N)(rng, args)

    return Row(inputs=inputs, options=options or {"name": [OMIT, "mine"]}, mask=2)


ROWS: dict[str, Row] = {
    # ------------------------------------------------------------------ core
    "Dense": Row(
        (B, T, N),
        {"units": [4, 1, 7], "activation": ACTIVATION, "use_bias": BOOL, **WEIGHTS},
        mask=2,
    ),
    "EinsumDense": einsum(["abc,cd->abd", "abc,bcd->abd"], [(None, 5), (3, 5)], "d"),
    "EinsumDense/heads": einsum(["abc,cde->abde"], [(None, 5, 2), (3, 5, 2)], "de"),
    "EinsumDense/ellipsis": einsum(["...c,cd->...d"], [5, (7,)], "d"),
    "Embedding": Row(
        (B, T),
        {
            "input_dim": [7, 9],
            "output_dim": [3, 5],
            "embeddings_initializer": [OMIT, "glorot_normal", "ones"],
            "embeddings_regularizer": REGULARIZER,
            "embeddings_constraint": CONSTRAINT,
            "mask_zero": [OMIT, True, False],
            "trainable": [OMIT, True, False],
        },
        integers=(0, 7),
    ),
    "ReversibleEmbedding": Row(
        (B, T),
        {
            "input_dim": [7, 9],
            "output_dim": [3, 5],
            "tie_weights": [OMIT, True, False],
            "embeddings_initializer": [OMIT, "glorot_normal", "ones"],
            "embeddings_regularizer": REGULARIZER,
            "embeddings_constraint": CONSTRAINT,
            "mask_zero": [OMIT, True, False],
            "reverse_dtype": [OMIT, "float32"],
            "logit_soft_cap": [OMIT, 3.0],
        },
        integers=(0, 7),
    ),
    "Identity": Row((B, T, N), {"name": [OMIT, "mine"], "dtype": [OMIT, "float32"]}, mask=2),
    "Lambda": Row(
        (B, T, N),
        {
            "function": [
                Of(lambda lib: lambda x: x * 2.0),
                Of(lambda lib: lib.ops.square),
                Of(lambda lib: lambda x: lib.ops.mean(x, axis=-1)),
            ],
            "mask": [OMIT, None],
            "output_shape": [OMIT, None],
            "arguments": [OMIT, {}],
        },
        saves=False,  # code is not loaded from files
        config=False,
    ),
    "Masking": Row(
        inputs=lambda rng, args: (
            (rng.random(sizes(rng, (B, T, 1))) < 0.7).astype("float32")
            * np.ones((1, 1, 3), "float32")
        ),
        options={"mask_value": [0.0, 1.0, OMIT]},
    ),
    # ------------------------------------------------------------------ activation
    "Activation": Row(
        (B, T, N),
        {"activation": ["relu", "tanh", "softmax", "gelu", "selu", "elu", "mish", "linear"]},
        mask=2,
    ),
    "ReLU": Row(
        (B, T, N),
        {
            "max_value": [OMIT, None, 0.8, 6.0],
            "negative_slope": [OMIT, 0.2],
            "threshold": [OMIT, 0.3],
        },
        mask=2,
    ),
    "LeakyReLU": Row((B, T, N), {"negative_slope": [OMIT, 0.1, 0.0, 1]}, mask=2),
    "ELU": Row((B, T, N), {"alpha": [OMIT, 0.5, 2.0]}, mask=2),
    "PReLU": Row(
        (B, T, N),
        {
            "alpha_initializer": ["ones", "glorot_normal", OMIT],
            "alpha_regularizer": REGULARIZER,
            "alpha_constraint": CONSTRAINT,
            "shared_axes": [[1], OMIT, [1, 2]],
        },
    ),
    "Softmax": Row((B, T, N), {"axis": [OMIT, -1, 1, (1, 2)]}, mask=3),
    # ------------------------------------------------------------------ attention
    "Attention": Row(
        inputs=lambda rng, args: attention(bool(rng.integers(0, 2)))(rng, args),
        options={
            "use_scale": [OMIT, True, False],
            "score_mode": [OMIT, "dot", "concat"],
            "dropout": [OMIT, 0.0],
            "seed": SEED,
        },
        mask=2,
        call=lambda rng, x: {"use_causal_mask": bool(rng.integers(0, 2))},
        noise=4e-6,
    ),
    "AdditiveAttention": Row(
        inputs=lambda rng, args: attention(bool(rng.integers(0, 2)))(rng, args),
        options={"use_scale": [OMIT, True, False], "dropout": [OMIT, 0.0]},
        mask=2,
        call=lambda rng, x: {"return_attention_scores": bool(rng.integers(0, 2))},
        shapes=False,
        noise=4e-6,
    ),
    "MultiHeadAttention": Row(
        inputs=normal(B, T, N),
        options={
            "num_heads": [2, 1, 3],
            "key_dim": [4, 3],
            "value_dim": [OMIT, None, 5],
            "dropout": [OMIT, 0.0],
            "seed": SEED,
            "sliding_window": [OMIT, None, 2, 3],
            "use_bias": BOOL,
            "use_gate": [OMIT, True],
            "output_shape": [OMIT, None, 6],
            "attention_axes": [OMIT, None, (1,)],
            "flash_attention": [OMIT, None, False],
            **{k: v for k, v in WEIGHTS.items()},
        },
        call=lambda rng, x: {
            "value": rng.standard_normal(x.shape).astype("float32"),
            "use_causal_mask": bool(rng.integers(0, 2)),
        },
        shapes=False,
        noise=4e-6,
    ),
    "GroupQueryAttention": Row(
        inputs=normal(B, T, N),
        options={
            "head_dim": [4, 3],
            "num_query_heads": [4, 6],
            "num_key_value_heads": [2, 1],
            "dropout": [OMIT, 0.0],
            "seed": SEED,
            "sliding_window": [OMIT, None, 2, 3],
            "use_bias": BOOL,
            "use_gate": [OMIT, True],
            "flash_attention": [OMIT, None, False],
            **WEIGHTS,
        },
        call=lambda rng, x: {
            "value": rng.standard_normal(x.shape).astype("float32"),
            "use_causal_mask": bool(rng.integers(0, 2)),
        },
        shapes=False,
        noise=4e-6,
    ),
    # ------------------------------------------------------------------ normalization
    "BatchNormalization": Row(
        ((2, 4), T, N),
        {
            "axis": [OMIT, -1, 1],
            "momentum": [OMIT, 0.9],
            "epsilon": [OMIT, 1e-2],
            "center": BOOL,
            "scale": BOOL,
            "beta_initializer": [OMIT, "ones"],
            "gamma_initializer": [OMIT, "he_normal"],
            "moving_mean_initializer": [OMIT, "ones"],
            "moving_variance_initializer": [OMIT, "ones"],
            "beta_regularizer": REGULARIZER,
            "gamma_regularizer": REGULARIZER,
            "beta_constraint": [OMIT, "non_neg"],
            "gamma_constraint": [OMIT, "non_neg"],
            "synchronized": [OMIT, False],
        },
        mask=2,
    ),
    "LayerNormalization": Row(
        (B, T, N),
        {
            "axis": [OMIT, -1, (1, 2)],  # others: docs/differences.md
            "epsilon": [OMIT, 1e-2],
            "center": BOOL,
            "scale": BOOL,
            "beta_initializer": [OMIT, "ones"],
            "gamma_initializer": ["ones", "uniform"],
            "beta_regularizer": REGULARIZER,
            "gamma_regularizer": REGULARIZER,
            "beta_constraint": [OMIT, "non_neg"],
            "gamma_constraint": [OMIT, "non_neg"],
        },
        mask=2,
    ),
    "RMSNormalization": Row((B, T, N), {"axis": [OMIT, -1, 1], "epsilon": [OMIT, 1e-2]}),
    "GroupNormalization": Row(
        (B, T, T, 4),
        {
            "groups": [2, 4, 1, -1],
            "axis": [OMIT, -1],
            "epsilon": [OMIT, 1e-2],
            "center": BOOL,
            "scale": BOOL,
            "beta_initializer": [OMIT, "ones"],
            "gamma_initializer": ["ones", "uniform"],
            "beta_regularizer": REGULARIZER,
            "gamma_regularizer": REGULARIZER,
            "beta_constraint": [OMIT, "non_neg"],
            "gamma_constraint": [OMIT, "non_neg"],
        },
    ),
    "UnitNormalization": Row((B, T, N), {"axis": [OMIT, -1, 1, (1, 2), [1]]}),
    "SpectralNormalization": Row(
        (B, S, S, 3),
        {
            "layer": [
                Of(lambda lib: lib.layers.Conv2D(4, 2)),
                Of(lambda lib: lib.layers.Dense(3)),
                Of(lambda lib: lib.layers.Conv2D(2, 3, padding="same", use_bias=False)),
            ],
            "power_iterations": [OMIT, 1, 3],
        },
        compiles=False,  # its state changes in training mode alone
    ),
    # ------------------------------------------------------------------ regularization
    "Dropout": Row(
        (B, T, N),
        {"rate": [0.5, 0.0, 0.9], "noise_shape": [OMIT, (None, 1, None)], "seed": SEED},
        mask=2,
        random=True,
    ),
    **{
        f"SpatialDropout{r}D": Row(
            (B, *[S] * r, N),
            {
                "rate": [0.5, 0.0, 0.2],
                "seed": SEED,
                "dtype": [OMIT, "float32"],
                "name": [OMIT, "mine"],
            }
            | ({"data_format": FORMAT} if r > 1 else {}),
            channels=True,
            random=True,
        )
        for r in (1, 2, 3)
    },
    "GaussianDropout": Row((B, T, N), {"rate": [0.5, 0.0, 0.2], "seed": SEED}, mask=2, random=True),
    "GaussianNoise": Row((B, T, N), {"stddev": [0.5, 0.0, 0.2], "seed": SEED}, mask=2, random=True),
    "AlphaDropout": Row(
        (B, T, N),
        {"rate": [0.5, 0.0, 0.2], "noise_shape": [OMIT, (None, 1, None)], "seed": SEED},
        random=True,
        mask=2,
    ),
    "ActivityRegularization": Row((B, T, N), {"l1": [OMIT, 0.1, 0.0], "l2": [OMIT, 0.2]}, mask=2),
    # ------------------------------------------------------------------ merging
    **{k: merge() for k in ("Add", "Multiply", "Average", "Maximum", "Minimum")},
    "Subtract": Row(inputs=equal(2, B, T, N), options={"name": [OMIT, "mine"]}, mask=2),
    "Concatenate": merge(axis=[OMIT, -1, 1, 2]),
    "Dot": Row(
        inputs=equal(2, B, T, N), options={"axes": [1, 2, (1, 1), (2, 2)], "normalize": BOOL}
    ),
    # ------------------------------------------------------------------ reshaping
    "Flatten": Row((B, S, S, N), {"data_format": FORMAT}),
    "Permute": Row((B, T, T, N), {"dims": [(2, 1, 3), (3, 1, 2), (1, 2, 3), (3, 2, 1)]}),
    "RepeatVector": Row((B, N), {"n": [3, 1, 5]}),
    "Reshape": Row((B, 4, 6), {"target_shape": [(24,), (-1,), (3, 8), (2, -1, 3), (6, 4, 1)]}),
    "Cropping1D": Row((B, S, N), {"cropping": [1, (1, 2), (0, 1), OMIT]}),
    "Cropping2D": spatial(2, "cropping", [1, (1, 2), ((0, 1), (2, 0)), OMIT], data_format=FORMAT),
    "Cropping3D": spatial(
        3, "cropping", [1, (1, 2, 0), ((0, 1), (2, 0), (1, 1)), OMIT], data_format=FORMAT
    ),
    "ZeroPadding1D": spatial(1, "padding", [1, (1, 2), (0, 1), OMIT], data_format=FORMAT),
    "ZeroPadding2D": spatial(2, "padding", [1, (1, 2), ((0, 1), (2, 0)), OMIT], data_format=FORMAT),
    "ZeroPadding3D": spatial(
        3, "padding", [1, (1, 2, 0), ((0, 1), (2, 0), (1, 1)), OMIT], data_format=FORMAT
    ),
    "UpSampling1D": Row((B, S, N), {"size": [2, 3, 1, OMIT]}),
    "UpSampling2D": spatial(
        2,
        "size",
        [2, (2, 3), 1, OMIT],
        data_format=FORMAT,
        interpolation=[OMIT, "nearest", "bilinear", "bicubic"],  # lanczos: not in Keras on torch
    ),
    "UpSampling3D": spatial(3, "size", [2, (2, 3, 1), OMIT], data_format=FORMAT),
}
