"""SGD against real Keras, and where it differs from torch's."""

import pytest
import torch

from torchkeras.optimizers import SGD

FORMS = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"nesterov": True}]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_common_options(compare, form, common):
    compare("SGD", {"learning_rate": 0.03, **form, **common})


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_plain(compare, form):
    compare("SGD", form, steps=30)


def test_excluded_from_decay(compare):
    compare("SGD", {"weight_decay": 0.2, "momentum": 0.5}, excluded="v[13]")


def test_float64(compare):
    compare("SGD", {"learning_rate": 0.05, "momentum": 0.9}, dtype="float64")


@pytest.mark.parametrize("form", FORMS[1:3], ids=str)
def test_a_change_of_rate_acts_on_later_gradients_only(form):
    """Keras keeps the rate inside the momentum; torch multiplies the momentum by the new one."""
    w = torch.nn.Parameter(torch.zeros(1))
    optimizer = SGD(1.0, **form)
    optimizer.apply([torch.ones(1)], [w])
    optimizer.learning_rate = 0.0
    before = w.item()
    optimizer.apply([torch.ones(1)], [w])
    moved = w.item() - before
    assert moved == pytest.approx(-0.81 if form.get("nesterov") else -0.9)


@pytest.mark.parametrize("momentum", [-0.1, 1.5, "high", None])
def test_momentum_out_of_range(momentum):
    with pytest.raises(ValueError, match=r"SGD: momentum must be a number in \[0, 1\]"):
        SGD(momentum=momentum)
