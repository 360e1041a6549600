"""Rows of the recurrent layers."""

import numpy as np
from layer_rows.values import BOOL, OMIT, WEIGHTS, B, N, Of, Row, T


def recurrent(**options: list) -> Row:
    """Return the row of SimpleRNN, LSTM or GRU."""
    return Row(
        (B, T, N),
        {
            "units": [3, 5],
            "activation": [OMIT, "tanh", "relu", "sigmoid"],
            "use_bias": [OMIT, True, False],
            "recurrent_initializer": [OMIT, "glorot_uniform"],
            "recurrent_regularizer": [OMIT, "l2"],
            "recurrent_constraint": [OMIT, "non_neg"],
            "return_sequences": [False, True],
            "return_state": [False, True],
            "go_backwards": [OMIT, True, False],
            "unroll": [OMIT, True, False],
            **WEIGHTS,
            **options,
        },
        mask=2,
        rtol=1e-4,
        ignore_config=("use_cudnn",),
    )


def conv_lstm(rank: int) -> Row:
    """Return the row of ConvLSTMND."""
    return Row(
        ((1, 2), (2, 4), *[(5, 6)] * rank, 2),
        {
            "filters": [3, 2],
            "kernel_size": [3, 2, 1],
            "strides": [1, OMIT, 2],
            "padding": ["same", "valid"],
            "data_format": [OMIT, "channels_last"],
            "dilation_rate": [OMIT, 1],
            "activation": [OMIT, "relu"],
            "recurrent_activation": [OMIT, "hard_sigmoid"],
            "use_bias": BOOL,
            "unit_forget_bias": BOOL,
            "return_sequences": [False, True],
            "return_state": [False, True],
            "go_backwards": [False, True],
            "recurrent_initializer": [OMIT, "glorot_uniform"],
            "recurrent_regularizer": [OMIT, "l2"],
            "recurrent_constraint": [OMIT, "non_neg"],
            **{k: v for k, v in WEIGHTS.items() if k != "trainable"},
        },
        rtol=1e-4,
        training=(False,),
    )


def cell(**options: list) -> Row:
    """Return the row of a recurrent cell: it is called on an input and its states."""
    count = options.pop("states")

    def states(rng: np.random.Generator, x: np.ndarray) -> dict:
        made = [rng.standard_normal((x.shape[0], 3)).astype("float32") for _ in range(count)]
        return {"states": made}

    return Row(
        (B, N),
        {
            "units": [3],
            "activation": [OMIT, "relu", None],
            "use_bias": [OMIT, True, False],
            "recurrent_initializer": [OMIT, "glorot_uniform"],
            "recurrent_regularizer": [OMIT, "l2"],
            "recurrent_constraint": [OMIT, "non_neg"],
            **{k: v for k, v in WEIGHTS.items() if k != "activity_regularizer"},
            **options,
        },
        call=states,
        saves=False,  # a cell takes states: it stands in files inside an RNN
        symbolic=False,
        shapes=False,
    )


ROWS: dict[str, Row] = {
    # ------------------------------------------------------------------ recurrent
    "SimpleRNN": recurrent(activity_regularizer=[OMIT]),  # which Keras's forgets
    "LSTM": recurrent(
        recurrent_activation=[OMIT, "hard_sigmoid"],
        unit_forget_bias=[OMIT, True, False],
        use_cudnn=[OMIT, "auto", False],
    ),
    "GRU": recurrent(
        recurrent_activation=[OMIT, "hard_sigmoid"],
        reset_after=[OMIT, True, False],
        use_cudnn=[OMIT, "auto", False],
    ),
    "SimpleRNNCell": cell(states=1),
    "LSTMCell": cell(states=2, recurrent_activation=[OMIT, "tanh"], unit_forget_bias=BOOL),
    "GRUCell": cell(states=1, recurrent_activation=[OMIT, "tanh"], reset_after=BOOL),
    "StackedRNNCells": Row(
        (B, N),
        {
            "cells": [
                Of(lambda lib: [lib.layers.SimpleRNNCell(3), lib.layers.SimpleRNNCell(2)]),
                Of(lambda lib: [lib.layers.GRUCell(3), lib.layers.GRUCell(2)]),
            ]
        },
        call=lambda rng, x: {
            "states": [rng.standard_normal((x.shape[0], n)).astype("float32") for n in (3, 2)]
        },
        saves=False,
        symbolic=False,
        shapes=False,
    ),
    "RNN": Row(
        (B, T, N),
        {
            "cell": [
                Of(lambda lib: lib.layers.LSTMCell(3)),
                Of(lambda lib: lib.layers.GRUCell(3, reset_after=False)),
                Of(lambda lib: [lib.layers.LSTMCell(3), lib.layers.SimpleRNNCell(2)]),
            ],
            "return_sequences": [False, True],
            "return_state": [False, True],
            "go_backwards": [False, True],
            "unroll": [False, True],
            "zero_output_for_mask": [False, True],
        },
        mask=2,
        rtol=1e-4,
    ),
    **{f"ConvLSTM{r}D": conv_lstm(r) for r in (1, 2, 3)},
    "Bidirectional": Row(
        (B, T, N),
        {
            "layer": [
                Of(lambda lib: lib.layers.LSTM(3)),
                Of(lambda lib: lib.layers.GRU(3, return_sequences=True)),
                Of(lambda lib: lib.layers.SimpleRNN(2, return_sequences=True)),
                Of(lambda lib: lib.layers.LSTM(3, return_state=True)),
            ],
            "merge_mode": [OMIT, "concat", "sum", "mul", "ave", None],
        },
        mask=2,
        rtol=1e-4,
    ),
    "TimeDistributed": Row(
        (B, T, 5, N),
        {
            "layer": [
                Of(lambda lib: lib.layers.Dense(3)),
                Of(lambda lib: lib.layers.Conv1D(2, 3)),
                Of(lambda lib: lib.layers.LSTM(2)),
            ]
        },
        mask=2,
        rtol=1e-4,
    ),
}
