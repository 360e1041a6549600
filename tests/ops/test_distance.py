import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_op

import torchkeras as keras
from oracle import rand


def test_cdist():
    for a, b in (((3, 2), (4, 2)), ((5, 3, 2), (5, 4, 2)), ((5, 3, 2), (4, 2)), ((0, 2), (3, 2))):
        check_op("cdist", rand(*a), rand(*b, seed=1))
    check("cdist", rand(5, 3, 2), rand(5, 4, 2, seed=1))
    for dtype in ("int32", "float64", "float16"):
        check_op("cdist", rand(3, 2, high=9).astype(dtype), rand(4, 2, seed=1))
    check_op("cdist", [[0, 0], [1, 1]], [[3, 4]])


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_psnr(shape):
    a, b = rand(*shape), rand(*shape, seed=1)
    for most in (1.0, 255, 0.5):
        check("psnr", a, b, most)
        check_op("psnr", a.astype("float64"), b, most)
    check_op("psnr", a, a, 1.0)
    assert keras.ops.psnr(np.array([0]), np.array([1]), 10).item() == pytest.approx(20)


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("cdist", [(3, 2), (3, 4)], "of one size"),
        ("cdist", [(3,), (3,)], "two dimensions or more"),
        ("psnr", [(2, 3), (3,)], "same shape"),
    ],
)
def test_bad_arguments(name, shapes, message):
    rest = (1.0,) if name == "psnr" else ()
    for make in (torch.ones, keras.KerasTensor):
        with pytest.raises(ValueError, match=message):
            getattr(keras.ops, name)(*(make(s) for s in shapes), *rest)
