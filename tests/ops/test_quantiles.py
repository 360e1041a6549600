import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["quantiles"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


@pytest.mark.parametrize("name", NAMES["quantiles"])
def test_gradients(name):
    x = torch.rand(3, 5, dtype=torch.float64)
    if "nan" in name:
        x[0, 1] = x[1, :4] = torch.nan
    q = {"quantile": [0.3, 0.9], "percentile": [30, 90]}.get(name.removeprefix("nan"))
    args = (1,) if q is None else (q, 1)
    line = torch.where(torch.isnan(x), 0, x).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda v: getattr(ops, name)(torch.where(torch.isnan(x), torch.nan, v), *args), line
    )


def test_shares_of_any_shape():
    x = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    q = np.array([[0.1, 0.5, 0.9], [0.0, 1.0, 0.3]], "float32")
    np.testing.assert_allclose(ops.quantile(x, q, axis=0), np.quantile(x, q, axis=0), rtol=1e-5)
    assert ops.quantile(keras.KerasTensor((None, 5)), q, axis=1).shape == (2, 3, None)
    y, share = keras.Input((5,)), keras.Input(batch_shape=(1,))
    model = keras.Model([y, share], ops.quantile(y, share[0], axis=1))
    got = model([torch.tensor(x), torch.tensor([0.3])])
    torch.testing.assert_close(got, torch.quantile(torch.tensor(x), 0.3, dim=1))


def test_infinite_values():
    x = torch.tensor([torch.inf, torch.inf, 1.0])
    assert ops.median(x).item() == torch.inf
    assert ops.quantile(x, 0.75).item() == torch.inf


@pytest.mark.sweep
def test_median_in_a_long_row():
    x = torch.randperm(2**24 + 2, dtype=torch.int32)  # torch.quantile refuses 16 million
    assert ops.median(x.double()).item() == (2**24 + 1) / 2


def test_wrong_arguments():
    x = torch.ones(2, 3)
    for q in (1.5, -0.1, [0.5, 2], torch.tensor(3.0), float("nan")):
        with pytest.raises(ValueError, match="quantile: q must be between 0 and 1"):
            ops.quantile(x, q)
    with pytest.raises(ValueError, match="percentile: q must be between 0 and 100"):
        ops.percentile(x, 101)
    with pytest.raises(ValueError, match="quantile: method must be one of"):
        ops.quantile(x, 0.5, method="cubic")
    with pytest.raises(ValueError, match="median: x must have values"):
        ops.median(torch.ones(0))
