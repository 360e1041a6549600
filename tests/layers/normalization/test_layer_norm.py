"""LayerNormalization against real Keras."""

import itertools

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, rand


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((2, 3), -1),
        ((2, 5, 3), -1),
        ((2, 5, 3), [1, 2]),
        ((2, 5, 3), (-2, -1)),
        ((2, 5, 4, 3), [3]),
        ((2, 5, 4, 3), [1, 2, 3]),
    ],
)
@pytest.mark.parametrize(("center", "scale"), [*itertools.product([True, False], repeat=2)])
def test_numbers(shape, axis, center, scale):
    args = {"axis": axis, "center": center, "scale": scale, "epsilon": 1e-2}
    check_layer("LayerNormalization", args, rand(*shape) * 3, scale_weights=1.0)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float64", "bfloat16"])
def test_dtypes(dtype):
    options = {} if dtype == "float64" else {"rtol": 2e-2, "atol": 3e-2}
    check_layer("LayerNormalization", {}, rand(2, 5, 3), dtype=dtype, **options)


@pytest.mark.parametrize("axis", [1, 2, [1, 3], [3, 1], (1, 2)])
def test_inner_axes(axis):
    """Keras on torch fails for those; the formula is the same."""
    x = torch.tensor(rand(2, 5, 4, 3))
    layer = torchkeras.layers.LayerNormalization(axis=axis)
    layer.build(x.shape)
    axes = [axis] if isinstance(axis, int) else list(axis)
    layer.set_weights([rand(*w.shape, seed=i) for i, w in enumerate(layer.weights)])
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    order = sorted(range(len(axes)), key=axes.__getitem__)
    shape = [x.shape[a] if a in axes else 1 for a in range(4)]
    gamma, beta = (w.permute(order).reshape(shape) for w in layer.weights)
    want = (x - mean) / torch.sqrt(variance + 1e-3) * gamma + beta
    torch.testing.assert_close(layer(x), want, rtol=1e-5, atol=1e-5)


def test_penalties_and_constraints():
    args = {
        "beta_initializer": "ones",
        "gamma_initializer": "zeros",
        "beta_regularizer": "l1",
        "gamma_regularizer": "l2",
        "beta_constraint": "non_neg",
        "gamma_constraint": "unit_norm",
    }
    check_layer("LayerNormalization", args, rand(6, 3))


def test_mask_is_handed_on():
    check_layer("LayerNormalization", {}, rand(2, 5, 3), mask=rand(2, 5) > 0)


def test_wrong_arguments():
    for lib in (keras, torchkeras):
        with pytest.raises(TypeError):
            lib.layers.LayerNormalization(axis="x")
    with pytest.raises(ValueError, match="axis"):
        torchkeras.layers.LayerNormalization(axis=5)(rand(2, 3))
