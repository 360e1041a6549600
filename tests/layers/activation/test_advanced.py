"""ReLU, LeakyReLU, ELU, PReLU and Softmax against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

X = rand(3, 4, 5) * 4


@pytest.mark.parametrize("max_value", [None, 0.0, 1.5])
@pytest.mark.parametrize("negative_slope", [0.0, 0.3])
@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_relu(max_value, negative_slope, threshold):
    args = {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold}
    check_layer("ReLU", args, X)


@pytest.mark.parametrize("slope", [0.0, 0.3, 2])
def test_leaky_relu(slope):
    check_layer("LeakyReLU", {"negative_slope": slope}, X)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0, -0.5])
def test_elu(alpha):
    check_layer("ELU", {"alpha": alpha}, X)


@pytest.mark.parametrize("shared_axes", [None, 1, [2], (1, 2), []])
@pytest.mark.parametrize("alpha_initializer", ["zeros", "ones", "Zeros"])
def test_prelu(shared_axes, alpha_initializer):
    args = {"shared_axes": shared_axes, "alpha_initializer": alpha_initializer}
    check_layer("PReLU", args, X, scale_weights=1.0)


def test_prelu_penalties():
    args = {"alpha_regularizer": "l1", "alpha_constraint": "non_neg"}
    check_layer("PReLU", args, X, scale_weights=1.0)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("axis", [-1, 1, 0, [-1], [1, 2], (-1, -2), [0, 2]])
def test_softmax(axis, masked):
    x = X.copy()
    kwargs = {}
    if masked:
        seen = rand(3, 4, 5, seed=3) > 0
        seen[0] = False
        kwargs = {"mask": seen}
    check_layer("Softmax", {"axis": axis}, x, **kwargs)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_softmax_dtypes(dtype):
    seen = rand(3, 4, 5, seed=3) > 0
    seen[0, 0] = False
    check_layer("Softmax", {}, X, mask=seen, dtype=dtype)
    check_layer("Softmax", {"axis": [1, 2]}, X, mask=seen, dtype=dtype)


@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "ELU", "PReLU"])
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_dtypes_and_masks(name, dtype):
    check_layer(name, {}, X, dtype=dtype, mask=np.ones((3, 4), bool))
    check_layer(name, {"activity_regularizer": "l2"}, X)


WRONG = [
    ("ReLU", {"max_value": -1.0}),
    ("ReLU", {"negative_slope": -1.0}),
    ("ReLU", {"negative_slope": None}),
    ("ReLU", {"threshold": -1.0}),
    ("ReLU", {"threshold": None}),
    ("LeakyReLU", {"negative_slope": None}),
    ("LeakyReLU", {"negative_slope": -1.0}),
]


@pytest.mark.parametrize(("name", "args"), WRONG)
def test_wrong_arguments(name, args):
    with pytest.raises(ValueError, match=next(iter(args))):
        getattr(torchkeras.layers, name)(**args)


def test_prelu_other_shape():
    layer = torchkeras.layers.PReLU()
    layer(np.ones((2, 3), "float32"))
    with pytest.raises(ValueError, match="p_re_lu"):
        layer(np.ones((2, 4), "float32"))


def test_alpha_of_old_scripts():
    assert torchkeras.layers.LeakyReLU(alpha=0.5)(torch.tensor([-2.0])).tolist() == [-1.0]


@pytest.mark.parametrize("lib", [torchkeras, keras])
@pytest.mark.parametrize("shape", [(2, 3), (1, 1, 3), (1, 2), (2,)])
def test_softmax_masks_that_do_not_fit(lib, shape):
    with pytest.raises(ValueError, match="mask"):
        lib.layers.Softmax()(np.ones((1, 3), "float32"), mask=np.ones(shape, bool))
    lib.layers.Softmax()(np.ones((1, 3), "float32"), mask=np.ones((1, 1), bool))
