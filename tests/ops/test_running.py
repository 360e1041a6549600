import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["running"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


@pytest.mark.parametrize("name", ["nancumsum", "nancumprod"])
def test_no_gradient_out_of_nan(name):
    x = torch.tensor([1.0, torch.nan, 3.0], requires_grad=True)
    getattr(ops, name)(x).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_trapezoid_at_points_of_a_model():
    y, x = keras.Input((4,)), keras.Input((4,))
    model = keras.Model([y, x], ops.trapezoid(y, x))
    data = torch.rand(2, 4), torch.rand(2, 4)
    torch.testing.assert_close(model(list(data)), torch.trapezoid(*data))
    assert ops.trapezoid([1, 2, 3], x=[1, 2, 4]).item() == 6.5


def test_wrong_arguments():
    with pytest.raises(ValueError, match="diff: n must be >= 0"):
        ops.diff([1, 2], n=-1)
    with pytest.raises(ValueError, match="diff: a must have at least one dimension"):
        ops.diff(1)
    assert ops.diff(np.array([True, False, False])).tolist() == [True, False]
