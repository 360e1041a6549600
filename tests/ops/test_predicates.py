import numpy as np
import pytest
import torch
from ops_oracle import SHAPES, array, check_op, check_symbols

import torchkeras as keras

QUICK = ["float32", "float16", "int64", "bool"]
UNARY = "isneginf isposinf isreal signbit isnan isinf isfinite".split()  # noqa: SIM905
ODD = np.array([0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf], "float32")


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    for dtype in QUICK:
        for shape in SHAPES:
            assert check_op(name, array(shape, dtype))
            check_symbols(name, array(shape, dtype))
    for value in (2, -1.5, True, [1, -2], float("-inf"), float("nan"), ODD, ODD.astype("float16")):
        assert check_op(name, value)


@pytest.mark.parametrize("name", ["isclose", "allclose"])
@pytest.mark.parametrize("options", [{}, {"rtol": 0.1}, {"atol": 1.5}, {"equal_nan": True},
                                     {"rtol": 0.0, "atol": 1e-6}], ids=str)  # fmt: skip
def test_close(name, options):
    for dtype in QUICK:
        for other in QUICK:
            x, y = array((2, 3), dtype), array((2, 3), other, seed=1)
            for pair in ((x, y), (x, x.astype(other)), (x, y[0])):
                got = getattr(keras.ops, name)(*pair, **options)
                assert got.tolist() == np.asarray(getattr(np, name)(*pair, **options)).tolist()
                if "float" in dtype + other:  # of integers, Keras does not heed the tolerances
                    assert check_op(name, *pair, **options)
            check_symbols(name, x, y, **options)
        for number in (1, 1.5, True):
            x = array((2, 3), dtype)
            got = getattr(keras.ops, name)(x, number, **options)
            assert got.tolist() == np.asarray(getattr(np, name)(x, number, **options)).tolist()
    assert check_op(name, ODD, ODD, **options)
    assert check_op(name, ODD, ODD[:, None], **options)
    assert check_op(name, ODD, ODD * (1 + 1e-6), **options)


def test_tolerances_may_be_tensors():
    x, y = torch.tensor(ODD), torch.tensor(ODD)[:, None] + 0.05
    for equal_nan in (False, True):
        want = torch.isclose(x, y, 0.0, 0.1, equal_nan)
        got = keras.ops.isclose(x, y, torch.tensor(0.0), torch.tensor(0.1), equal_nan)
        assert torch.equal(got, want)


@pytest.mark.parametrize("options", [{}, {"invert": True}, {"assume_unique": True}], ids=str)
def test_isin(options):
    for dtype in QUICK:
        x = np.unique(array((4, 3), dtype)) if "assume_unique" in options else array((2, 3), dtype)
        for other in QUICK:
            y = np.unique(array((3,), other, seed=1))
            assert check_op("isin", x, y, **options)
            check_symbols("isin", x, y, **options)
        assert check_op("isin", x, 1, **options)
        assert check_op("isin", x, [1, 2], **options)
    assert check_op("isin", 2, [1, 2], **options)
    assert check_op("isin", array((0, 3), "int32"), [1, 2], **options)
