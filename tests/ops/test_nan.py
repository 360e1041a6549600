import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["nan"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


@pytest.mark.parametrize("name", NAMES["nan"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_nothing_but_nan(name, shape):
    got = getattr(ops, name)(torch.full(shape, torch.nan))
    if name in ("nansum", "nanprod", "nanargmax", "nanargmin"):
        assert got.item() == {"nansum": 0, "nanprod": 1}.get(name, -1)
    else:
        assert torch.isnan(got)


@pytest.mark.parametrize("name", NAMES["nan"][:7])
def test_gradients(name):
    x = torch.tensor([[0.5, torch.nan, 3.0, -1.0], [2.0, 1.0, torch.nan, torch.nan]])
    x = x.double().requires_grad_()
    getattr(ops, name)(x, axis=1).sum().backward()
    assert torch.isfinite(x.grad).all()
    assert (x.grad[torch.isnan(x)] == 0).all()
    whole = x.detach()[:1, [0, 2, 3]].requires_grad_()
    same = whole.detach().clone().requires_grad_()
    getattr(ops, name)(whole, axis=1).sum().backward()
    getattr(ops, name[3:])(same, axis=1).sum().backward()
    torch.testing.assert_close(whole.grad, same.grad)
    torch.testing.assert_close(x.grad[0, [0, 2, 3]], same.grad[0])


def test_complex():
    x = torch.tensor([1 + 1j, torch.nan, 3 - 2j, 2j])
    kept = x[[0, 2, 3]].numpy()
    for name in ("nansum", "nanprod", "nanmean", "nanvar", "nanstd"):
        got = getattr(ops, name)(x) if name != "nanmean" else ops.nansum(x) / 3
        np.testing.assert_allclose(got, getattr(np, name[3:])(kept), rtol=1e-5)
