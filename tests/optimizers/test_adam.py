"""Adam and AdamW against real Keras."""

import pytest
import torch

from torchkeras.optimizers import Adam, AdamW

FORMS = [{}, {"amsgrad": True}, {"epsilon": 0.1, "beta_1": 0.5, "beta_2": 0.9}]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_adam_common_options(compare, form, common):
    compare("Adam", {"learning_rate": 0.02, **form, **common})


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_adam_plain(compare, form):
    compare("Adam", form, steps=50)


def test_adamw_common_options(compare, common):
    compare("AdamW", {"learning_rate": 0.02, **common})


@pytest.mark.parametrize("form", [*FORMS, {"weight_decay": 0.0}, {"weight_decay": 0.3}], ids=str)
def test_adamw_plain(compare, form):
    compare("AdamW", form, steps=50)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_excluded_from_decay(compare, name):
    compare(name, {"learning_rate": 0.02, "weight_decay": 0.2}, excluded="v[13]")


def test_missing_gradients(compare):
    missing = [(0, 1), (1, 1), (2, 0), (2, 3), (5, 2)]
    with pytest.warns(UserWarning, match="Gradients do not exist for variables"):
        compare("Adam", {"weight_decay": 0.1}, steps=8, missing=missing)


def test_missing_gradients_with_accumulation_and_averages(compare):
    missing = [(0, 1), (1, 1), (2, 0), (2, 3), (5, 2)]
    options = {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.5}
    with pytest.warns(UserWarning, match="Gradients do not exist for variables"):
        compare("Adam", options, steps=9, missing=missing)


def test_float64(compare):
    compare("Adam", {"learning_rate": 0.05, "amsgrad": True}, dtype="float64")


def test_no_rate_no_change():
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = AdamW(0.0, weight_decay=0.5)
    optimizer.apply([torch.ones(2)], [w])
    assert w.data.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_parameters(dtype):
    w = torch.nn.Parameter(torch.ones(4, dtype=dtype))
    optimizer = Adam(0.125)
    optimizer.apply([torch.ones(4)], [w])
    assert w.dtype == dtype
    assert w.data.tolist() == pytest.approx([0.875] * 4, abs=4e-3)


def test_adamw_needs_a_decay():
    with pytest.raises(ValueError, match="AdamW: weight_decay must be a number"):
        AdamW(weight_decay=None)
