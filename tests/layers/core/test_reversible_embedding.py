"""ReversibleEmbedding against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

IDS = rand(2, 3, low=0, high=9, dtype="int32")


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"tie_weights": False},
        {"mask_zero": True},
        {"logit_soft_cap": 2.0},
        {"logit_soft_cap": 0.5, "tie_weights": False},
        {"embeddings_regularizer": "l2", "embeddings_constraint": "non_neg"},
        {"embeddings_initializer": "ones", "tie_weights": False, "embeddings_regularizer": "l1"},
        {"reverse_dtype": "float32"},
        {"reverse_dtype": "bfloat16", "logit_soft_cap": 3.0},
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dtype", [None, "mixed_bfloat16"])
def test_numbers(args, reverse, dtype):
    narrow = dtype or args.get("reverse_dtype") == "bfloat16"
    check_layer(
        "ReversibleEmbedding",
        {"input_dim": 9, "output_dim": 7, **args},
        rand(2, 3, 7) if reverse else IDS,
        training=None,
        call_kwargs={"reverse": True} if reverse else None,
        dtype=dtype,
        grads=reverse or not args.get("embeddings_constraint"),
        shapes=False,
        symbolic=not (reverse and narrow),
        rtol=3e-2 if narrow else None,
        atol=3e-2 if narrow else None,
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_shapes(reverse):
    shape = (None, 3, 7) if reverse else (None, 3)
    results = []
    for lib in (torchkeras, keras):
        layer = lib.layers.ReversibleEmbedding(9, 7)
        symbol = layer(lib.Input(shape[1:]), reverse=reverse)
        results.append((tuple(layer.compute_output_shape(shape, reverse)), tuple(symbol.shape)))
    assert results[0] == results[1] == ((None, 3, 9 if reverse else 7),) * 2


def test_mask_only_forwards():
    layer = torchkeras.layers.ReversibleEmbedding(9, 7, mask_zero=True)
    hidden = layer(IDS)
    assert torch.equal(hidden._keras_mask, torch.tensor(IDS) != 0)
    assert getattr(layer(hidden, reverse=True), "_keras_mask", None) is None


def test_initial_table():
    layer = torchkeras.layers.ReversibleEmbedding(9, 7, weights=[np.ones((9, 7))])
    assert layer(rand(2, 7), reverse=True).shape == (2, 9)
