import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["padding"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


MODES = ["constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect",
         "symmetric", "wrap", "circular", "empty"]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_gradients_and_symbols(mode):
    x = torch.rand(3, 4, dtype=torch.float64, requires_grad=True)
    widths = ((2, 1), (0, 3))
    assert torch.autograd.gradcheck(lambda v: ops.pad(v, widths, mode), x)
    y = ops.pad(keras.KerasTensor((None, 4)), widths, mode)
    assert y.shape == (None, 7)
    assert ops.pad(x, widths, mode).shape == (6, 7)
    z = keras.Input((4,))
    model = keras.Model(z, ops.pad(z, widths, mode))
    assert model(torch.ones(5, 4)).shape == (8, 7)


@pytest.mark.parametrize("width", [2, (2,), (1, 2), ((1, 2),), [[1, 2], [0, 1]], ((1,), (2,))])
def test_forms_of_widths(width):
    x = np.arange(6.0, dtype="float32").reshape(2, 3)
    whole = [[w[0], w[0]] for w in width] if width == ((1,), (2,)) else width
    np.testing.assert_array_equal(ops.pad(x, width), np.pad(x, whole))
    np.testing.assert_array_equal(ops.pad(x, np.array(whole)), np.pad(x, whole))


def test_constant_as_tensor():
    value = torch.tensor(3.0, requires_grad=True)
    y = ops.pad(torch.ones(2), 1, constant_values=value)
    assert y.tolist() == [3, 1, 1, 3]
    y.sum().backward()
    assert value.grad.item() == 2
    x, v = keras.Input((2,)), keras.Input(batch_shape=(1,))
    model = keras.Model([x, v], ops.pad(x, ((0, 0), (1, 0)), constant_values=v[0]))
    assert model([torch.ones(1, 2), torch.tensor([5.0])]).tolist() == [[5, 1, 1]]


def test_wrong_arguments():
    x = torch.ones(2, 3)
    with pytest.raises(ValueError, match="pad: mode must be one of"):
        ops.pad(x, 1, "mirror")
    with pytest.raises(ValueError, match="constant_values must be None unless"):
        ops.pad(x, 1, "reflect", constant_values=1)
    for width in (-1, ((1, -1),), ((1, 2), (0, 1), (0, 0)), 1.5, ((1, 2, 3),), "ab"):
        with pytest.raises(ValueError, match="pad: pad_width must hold integers"):
            ops.pad(x, width)
    with pytest.raises(ValueError, match="pad: x must have values"):
        ops.pad(torch.ones(0, 2), 1, "edge")
    assert ops.pad(torch.ones(0, 2), ((0, 0), (1, 1)), "edge").shape == (0, 4)
