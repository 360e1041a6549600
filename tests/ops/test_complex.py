import numpy as np
import pytest
import torch
from ops_oracle import check_op, check_symbols

import torchkeras as keras
from oracle import rand


def test_polar():
    for dtype in ("float32", "float64"):
        check_op("polar", rand(2, 3).astype(dtype), rand(2, 3, seed=1).astype(dtype))
    assert check_symbols("polar", rand(2, 3), rand(2, 3)) in (True, False)
    got = keras.ops.polar(np.ones((2, 1)), np.zeros(3))
    assert got.shape == (2, 3) and got.dtype is torch.complex128


def test_views():
    x = rand(3, 4, 2)
    assert check_op("view_as_complex", x)
    assert check_symbols("view_as_complex", x)
    z = keras.ops.view_as_complex(x)
    torch.testing.assert_close(keras.ops.view_as_real(z), torch.tensor(x))
    turned = torch.tensor(x).movedim(0, -1)[..., :2].mT  # no view: the pairs are apart in memory
    assert keras.ops.view_as_complex(turned.mT).shape == (4, 2)
    conjugate = keras.ops.view_as_real(z.conj())
    torch.testing.assert_close(conjugate[..., 1], -torch.tensor(x)[..., 1])
    assert keras.ops.view_as_real([1.0, 2.0]).tolist() == [[1, 0], [2, 0]]
    symbol = keras.KerasTensor((None, 3), "complex64")
    out = keras.ops.view_as_real(symbol)
    assert (out.shape, out.dtype) == ((None, 3, 2), "float32")


def test_bad_arguments():
    for bad in (torch.ones(3, 3), keras.KerasTensor((3, 3)), torch.ones(())):
        with pytest.raises(ValueError, match="the last axis must hold two entries"):
            keras.ops.view_as_complex(bad)
