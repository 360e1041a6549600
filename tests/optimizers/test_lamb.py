"""Lamb against real Keras."""

import pytest
import torch

from torchkeras import optimizers


@pytest.mark.parametrize(
    "form", [{}, {"beta_1": 0.5, "beta_2": 0.9}, {"epsilon": 0.1}, {"epsilon": 1e-3}], ids=str
)
def test_plain(compare, form):
    compare("Lamb", {"learning_rate": 0.02, **form}, steps=50)


def test_common_options(compare, common):
    compare("Lamb", {"learning_rate": 0.02, **common})


def test_excluded_from_decay(compare):
    compare("Lamb", {"learning_rate": 0.02, "weight_decay": 0.2}, excluded="v[13]")


def test_float64(compare):
    compare("Lamb", {"learning_rate": 0.02}, dtype="float64")


def test_weights_and_gradients_of_zero():
    w, v = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.ones(2))
    optimizers.Lamb(0.1).apply([torch.ones(2), torch.zeros(2)], [w, v])
    assert torch.allclose(w, torch.full((2,), -0.1))
    assert torch.equal(v, torch.ones(2))
