"""Adafactor against real Keras."""

import copy

import pytest
import torch

from torchkeras import optimizers

FORMS = [
    {},
    {"learning_rate": 1.0},
    {"beta_2_decay": -0.3},
    {"epsilon_1": 0.1},
    {"epsilon_2": 2.0},
    {"clip_threshold": 0.3},
    {"clip_threshold": 3.0, "learning_rate": 0.5},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_plain(compare, form):
    compare("Adafactor", {"learning_rate": 0.02, **form}, steps=50)


def test_common_options(compare, common):
    compare("Adafactor", {"learning_rate": 0.02, **common})


def test_excluded_from_decay(compare):
    compare("Adafactor", {"learning_rate": 0.02, "weight_decay": 0.2}, excluded="v[13]")


def test_without_relative_step():
    """As documented: the rate stays, where 1 / sqrt(t) would be less."""
    ends = []
    for relative in (True, False):
        w = torch.nn.Parameter(torch.ones(1))
        optimizer = optimizers.Adafactor(1.0, relative_step=relative)
        for _ in range(2):
            optimizer.apply([torch.full((1,), 1e-3)], [w])
            w.data.fill_(1.0) if optimizer.iterations == 1 else None
        ends.append(w.item())
    assert ends[0] == pytest.approx(1 - 2**-0.5)
    assert ends[1] == pytest.approx(0.0, abs=1e-6)


def test_copies_and_state_dicts_go_on_equally():
    layer = torch.nn.Linear(3, 4)
    optimizer = optimizers.Adafactor(0.1)
    optimizer.build(layer.parameters())
    grads = [torch.randn(4, 3), torch.randn(4)]
    optimizer.apply(grads)
    twin_layer, twin = copy.deepcopy((layer, optimizer))
    other_layer = copy.deepcopy(layer)
    other = optimizers.Adafactor(0.1)
    other.build(other_layer.parameters())
    other.load_state_dict(optimizer.state_dict())
    for o in (optimizer, twin, other):
        o.apply(grads)
    for a, b, c in zip(
        layer.parameters(), twin_layer.parameters(), other_layer.parameters(), strict=True
    ):
        assert torch.equal(a, b)
        assert torch.equal(a, c)
