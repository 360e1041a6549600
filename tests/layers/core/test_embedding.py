"""Embedding against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize("mask_zero", [False, True])
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32"])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 2)])
def test_numbers(shape, dtype, mask_zero):
    x = rand(*shape, low=0, high=7, dtype="int32").astype(dtype)
    check_layer("Embedding", {"input_dim": 7, "output_dim": 4, "mask_zero": mask_zero}, x)


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16", "bfloat16"])
def test_dtypes(dtype):
    x = rand(2, 3, low=0, high=7, dtype="int32")
    check_layer("Embedding", {"input_dim": 7, "output_dim": 4}, x, dtype=dtype)


def test_penalties_and_constraints():
    def args(lib):
        return {
            "input_dim": 7,
            "output_dim": 4,
            "embeddings_initializer": lib.initializers.RandomNormal(seed=1),
            "embeddings_regularizer": "l2",
            "embeddings_constraint": "unit_norm",
            "activity_regularizer": "l1",
        }

    check_layer("Embedding", args, rand(2, 3, low=0, high=7, dtype="int32"))


@pytest.mark.parametrize("wrapped", [True, False])
def test_weights_given(wrapped):
    table = rand(7, 4)
    args = {"input_dim": 7, "output_dim": 4, "weights": [table] if wrapped else table}
    x = torch.tensor([[1, 6]])
    ours, theirs = torchkeras.layers.Embedding(**args), keras.layers.Embedding(**args)
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours(x)[0].detach(), torch.tensor(table[[1, 6]]))


def test_negative_indices_count_from_the_end():
    layer = torchkeras.layers.Embedding(7, 2)
    layer.build()
    assert torch.equal(layer(torch.tensor([-1, 2])), layer(torch.tensor([6, 2])))


@pytest.mark.parametrize("index", [7, -8])
def test_index_out_of_range(index):
    with pytest.raises(ValueError, match="input_dim=7.*" + str(index)):
        torchkeras.layers.Embedding(7, 2)(torch.tensor([[1, index]]))


@pytest.mark.parametrize("args", [(0, 4), (4, 0), (-1, 4), (2.5, 1)])
def test_wrong_sizes(args):
    with pytest.raises(ValueError, match="Embedding"):
        torchkeras.layers.Embedding(*args)


def test_wrong_weights():
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match=r"\(7, 4\).*\(7, 3\)"):
            lib.layers.Embedding(7, 4, weights=[np.ones((7, 3))])


def test_input_length_of_old_scripts():
    assert torchkeras.layers.Embedding(7, 4, input_length=3)(torch.zeros(1, 3)).shape == (1, 3, 4)
