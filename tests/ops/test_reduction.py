import numpy as np
import pytest
import torch
from ops_oracle import DTYPES, SHAPES, array, check_op

import torchkeras as keras

REDUCTIONS = ["sum", "mean", "var", "std", "max", "min", "prod", "all", "any", "logsumexp"]


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_reductions(name):
    for dtype in DTYPES:
        for shape in SHAPES:
            if 0 not in shape or name in ("sum", "prod", "all", "any"):
                check_op(name, array(shape, dtype))
        for axis in (0, -1, (0, 1), (0, -1), [0, 2]):
            for keepdims in (False, True):
                check_op(name, array((2, 3, 4), dtype), axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_axes_as_in_numpy(name):
    x = array((2, 3), "float32")
    op = getattr(keras.ops, name)
    assert op(x, axis=()).shape == (2, 3)
    assert op(x, axis=None, keepdims=True).shape == (1, 1)
    for axis in (2, -3, (0, 5)):
        with pytest.raises((IndexError, ValueError)):
            op(x, axis=axis)
    if hasattr(np, name):
        got = op(x, axis=None, keepdims=True)
        np.testing.assert_allclose(got, getattr(np, name)(x, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_arguments_of_extremes(name):
    for dtype in DTYPES:
        x = array((2, 3, 4), dtype)
        for axis in (0, -1, None):
            check_op(name, x, axis=axis)
            check_op(name, x, axis=axis, keepdims=axis is not None)


@pytest.mark.parametrize("dtype", DTYPES)
def test_options(dtype):
    x = array((2, 3), dtype)
    for name in ("max", "min"):
        check_op(name, x, initial=1)
        check_op(name, x, axis=1, initial=3)
        nothing = getattr(keras.ops, name)(array((0, 3), dtype), axis=0, initial=1)
        np.testing.assert_array_equal(nothing, [1, 1, 1])
    for kind in (None, "float32", "int32"):
        for axis in (0, -1, None):
            check_op("cumsum", x, axis=axis, dtype=kind)
        check_op("prod", x, axis=1, dtype=kind)


def test_small_integers_do_not_wrap():
    x = torch.full((4,), 200, dtype=torch.uint8)
    assert keras.ops.sum(x).item() == 800
    assert keras.ops.prod(x[:2]).item() == 40000
