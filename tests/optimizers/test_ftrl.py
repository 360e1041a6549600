"""Ftrl against real Keras."""

import pytest
import torch

from torchkeras import optimizers

FORMS = [
    {},
    {"learning_rate_power": -0.7},
    {"learning_rate_power": 0.0},
    {"initial_accumulator_value": 0.0},
    {"initial_accumulator_value": 2.0},
    {"l1_regularization_strength": 0.5},
    {"l2_regularization_strength": 0.5},
    {"l2_shrinkage_regularization_strength": 0.1},
    {"beta": 0.3},
    {"beta": 1.0, "l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_plain(compare, form):
    compare("Ftrl", {"learning_rate": 0.2, **form}, steps=50)


def test_common_options(compare, common):
    compare("Ftrl", {"learning_rate": 0.2, **common})


def test_float64(compare):
    compare("Ftrl", {"learning_rate": 0.2}, dtype="float64")


@pytest.mark.parametrize(
    "name",
    [
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
    ],
)
def test_negative_arguments(name):
    with pytest.raises(ValueError, match=f"Ftrl: {name} must be at least 0"):
        optimizers.Ftrl(**{name: -1.0})


def test_positive_power():
    with pytest.raises(ValueError, match="learning_rate_power must be at most 0"):
        optimizers.Ftrl(learning_rate_power=0.5)


def test_no_rate_no_change():
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = optimizers.Ftrl(0.0)
    optimizer.apply([torch.ones(2)], [w])
    assert w.data.tolist() == [1.0, 1.0]
    optimizer.learning_rate = 0.1
    optimizer.apply([torch.ones(2)], [w])
    assert torch.isfinite(w).all()
    assert w[0].item() < 1
