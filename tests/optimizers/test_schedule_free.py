"""ScheduleFreeAdamW against real Keras."""

import pytest
import torch

from torchkeras import optimizers

FORMS = [
    {},
    {"beta_1": 0.5},
    {"beta_2": 0.5},
    {"epsilon": 0.1},
    {"warmup_steps": 5},
    {"warmup_steps": 100, "beta_2": 0.9},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_plain(compare, form):
    compare("ScheduleFreeAdamW", {"learning_rate": 0.02, **form}, steps=50)


def test_common_options(compare, common):
    compare("ScheduleFreeAdamW", {"learning_rate": 0.02, **common})


def test_excluded_from_decay(compare):
    compare("ScheduleFreeAdamW", {"learning_rate": 0.02, "weight_decay": 0.2}, excluded="v[13]")


def test_variables_are_the_average_of_the_points():
    w = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = optimizers.ScheduleFreeAdamW(0.1)
    points = []
    for g in (1.0, -0.5, 2.0):
        optimizer.apply([torch.tensor([g])], [w])
        points.append(optimizer.variables[2].clone())
    assert w.item() == pytest.approx(torch.stack(points).mean().item())
