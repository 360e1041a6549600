import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_op

import torchkeras as keras
from oracle import rand

PAIR = (rand(2, 4, 6), rand(2, 4, 6, seed=1))


@pytest.mark.parametrize("name", ["fft", "fft2", "ifft2", "irfft"])
def test_of_pairs(name):
    f = getattr(keras.ops, name)
    for pair in (PAIR, tuple(p[..., :5] for p in PAIR), tuple(p.astype("float64") for p in PAIR)):
        assert check_op(name, pair)
    assert check_op(name, list(PAIR))
    z = torch.complex(*map(torch.tensor, PAIR))
    torch.testing.assert_close(f(z), f(PAIR))
    symbols = [keras.KerasTensor((None, 4, 6)) for _ in range(2)]
    got = f(symbols)
    shapes = [g.shape for g in got] if isinstance(got, tuple) else [got.shape]
    assert shapes == ([(None, 4, 10)] if name == "irfft" else [(None, 4, 6)] * 2)


@pytest.mark.parametrize("length", [None, 1, 4, 7, 12])
def test_real(length):
    check("rfft", PAIR[0], length)
    assert check_op("irfft", PAIR, length)
    assert check_op("rfft", PAIR[0].astype("float64"), length)
    assert check_op("rfft", np.arange(6), length)


def test_there_and_back():
    x = torch.tensor(PAIR[0])
    torch.testing.assert_close(keras.ops.irfft(keras.ops.rfft(x)), x)
    back = keras.ops.ifft2(keras.ops.fft2((x, torch.zeros_like(x))))
    torch.testing.assert_close(back[0], x)


@pytest.mark.parametrize("name", ["fft", "fft2", "ifft2", "irfft"])
def test_bad_arguments(name):
    f = getattr(keras.ops, name)
    for x, message in (
        (torch.ones(4), "a tuple of a real and an imaginary part"),
        ((torch.ones(2, 3), torch.ones(2, 4)), "both parts must have one shape"),
        ((torch.ones(2, 3).int(), torch.ones(2, 3).int()), "floating point numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            f(x)
    with pytest.raises(ValueError, match="fft_length must be a positive"):
        keras.ops.rfft(torch.ones(4), 0)
