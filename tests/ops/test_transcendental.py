import numpy as np
import pytest
import torch
from ops_oracle import SHAPES, array, check_gradients, check_op, check_symbols

import torchkeras as keras

UNARY = "arcsinh arccosh arctanh exp2 sinc cbrt deg2rad rad2deg i0".split()  # noqa: SIM905
BINARY = "hypot heaviside logaddexp logaddexp2 nextafter".split()  # noqa: SIM905
QUICK = ["float32", "float16", "int64", "bool"]


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    for dtype in QUICK:
        for shape in SHAPES:
            check_op(name, array(shape, dtype))
            check_symbols(name, array(shape, dtype))
    for value in (2, -1.5, True, [1, 2], [1.5, 2.0], [[1, 2], [3, 4]]):
        check_op(name, value)
    x = {"arccosh": 3, "arctanh": 0.3}.get(name, 1) + array((2, 3), "float64") / 9
    assert check_gradients(name, x)


@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    for dtype in QUICK:
        a = array((3,), dtype)
        for other in QUICK:
            check_op(name, array((2, 3), dtype), array((2, 3), other, seed=1))
        check_op(name, array((2, 1), dtype), a)
        check_op(name, array((0, 3), dtype), a)
        check_symbols(name, array((2, 3), dtype), array((1, 3), dtype))
        for number in (2, 1.5, True, -3):
            check_op(name, a, number)
            check_op(name, number, a)
    for pair in ((2, 3), (2.0, 3), ([1, 2, 3], [3, 2, 1]), (True, False)):
        check_op(name, *pair)
    if name in ("hypot", "logaddexp", "logaddexp2"):
        assert check_gradients(name, array((2, 3), "float32"), array((3,), "float32", seed=1))


EDGES = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e30, -1e30, 1e-30], "float32")


@pytest.mark.parametrize("name", [*UNARY, *BINARY[:-1]])
def test_edges(name):
    if name in UNARY:
        assert check_op(name, EDGES)
    else:
        assert check_op(name, EDGES, EDGES[:, None])


@pytest.mark.parametrize(
    ("name", "same"),
    [
        *[(n, getattr(np, n)) for n in ("arcsinh", "exp2", "sinc", "cbrt", "deg2rad", "rad2deg")],
        ("i0", np.i0),
    ],
    ids=["arcsinh", "exp2", "sinc", "cbrt", "deg2rad", "rad2deg", "i0"],
)
def test_numpy(name, same):
    x = array((4, 5), "float64")
    np.testing.assert_allclose(getattr(keras.ops, name)(x), same(x), rtol=1e-12)


def test_64_bits_are_kept():
    one = torch.ones(2, dtype=torch.float64)
    for name in BINARY:
        assert getattr(keras.ops, name)(one, one).dtype is torch.float64


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_next_number(dtype):
    # Keras steps in double precision and rounds the step away again; NumPy steps in the dtype.
    x, y = (np.concatenate([EDGES.clip(-6e4, 6e4), v]).astype(dtype) for v in ([1, 2], [2, 1]))
    for a, b in ((x, y), (x, y[:, None]), (x, x)):
        np.testing.assert_array_equal(keras.ops.nextafter(a, b), np.nextafter(a, b))


def test_next_number_of_bfloat16():
    one = torch.ones(1, dtype=torch.bfloat16)
    assert keras.ops.nextafter(one, 2 * one).item() == 1 + 2**-7
