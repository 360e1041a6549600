"""GroupNormalization against real Keras."""

import itertools

import keras
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, rand

SHAPES = [
    ((3, 4), -1), ((2, 5, 4), -1), ((2, 4, 5), 1), ((2, 3, 5, 4), 3), ((2, 4, 3, 5), 1),
    ((2, 3, 4, 5), -2),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("groups", [1, 2, 4, -1])
def test_numbers(shape, axis, groups):
    args = {"groups": groups, "axis": axis, "epsilon": 1e-2}
    check_layer("GroupNormalization", args, rand(*shape) * 3, scale_weights=1.0, atol=5e-6)


@pytest.mark.parametrize(("center", "scale"), [*itertools.product([True, False], repeat=2)])
def test_center_and_scale(center, scale):
    args = {"groups": 2, "center": center, "scale": scale}
    check_layer("GroupNormalization", args, rand(2, 5, 4), scale_weights=1.0, mask=rand(2, 5) > 0)


def test_penalties_and_constraints():
    args = {
        "groups": 2,
        "beta_initializer": "ones",
        "gamma_initializer": "zeros",
        "beta_regularizer": "l1",
        "gamma_regularizer": "l2",
        "beta_constraint": "non_neg",
        "gamma_constraint": "unit_norm",
    }
    check_layer("GroupNormalization", args, rand(2, 5, 4))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_dtypes(dtype):
    options = {} if dtype == "float64" else {"rtol": 2e-2, "atol": 4e-2}
    check_layer("GroupNormalization", {"groups": 2}, rand(2, 5, 4), dtype=dtype, **options)


@pytest.mark.parametrize("groups", [3, 8])
def test_wrong_groups(groups):
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match=rf"(?i)groups.*(\({groups}\)|groups={groups})"):
            lib.layers.GroupNormalization(groups)(rand(2, 5, 4))
    with pytest.raises(ValueError, match="axis"):
        torchkeras.layers.GroupNormalization(2, axis=7)(rand(2, 5, 4))


def test_training_on_data_that_need_no_gradient():
    """torch's own backward pass for channels-last data crashes the process there."""
    layer = torchkeras.layers.GroupNormalization(2)
    x = torch.tensor(rand(2, 3, 3, 4))
    layer(x).square().sum().backward()
    first = [v.grad.clone() for v in layer.trainable_variables]
    layer.zero_grad()
    layer(x.clone().requires_grad_()).square().sum().backward()
    assert_close([v.grad for v in layer.trainable_variables], first)


@pytest.mark.parametrize("groups", [0, -2, 1.5, "32"])
def test_groups_that_are_none(groups):
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match="groups"):
            lib.layers.GroupNormalization(groups)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("GroupNormalization", {"groups": 2}),
        ("LayerNormalization", {}),
        ("LayerNormalization", {"axis": (1, 2)}),
    ],
)
def test_inputs_too_large_for_the_dtype(name, options):
    x = torch.arange(64.0).reshape(2, 4, 8) * 9000  # float16 ends at 65504
    for dtype in ("mixed_float16", "float16"):
        ours, theirs = (
            getattr(lib.layers, name)(dtype=dtype, **options)(x) for lib in (torchkeras, keras)
        )
        assert ours.dtype == theirs.dtype == torch.float16
        assert_close(ours, theirs, rtol=2e-3, atol=2e-3)
