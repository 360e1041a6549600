import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_op

import torchkeras as keras
from oracle import rand

X = rand(2, 3, 3) + 2 * np.eye(3, dtype="float32")
RIGHT = [rand(3), rand(3, 2)]


@pytest.mark.parametrize("name", ["det", "inv", "logdet"])
def test_of_square_matrices(name):
    for x in (X, X[0], X.astype("float64")):
        check(name, x, symbols=x.ndim > 2)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4), (2, 4, 3)])
def test_rank_and_pseudo_inverse(shape):
    x = rand(*shape)
    low = x.copy()
    low[..., :1] = low[..., 1:2]
    for m in (x, low):
        for share in (None, 0.1, 0.7):
            assert check_op("pinv", m, share)
            assert check_op("matrix_rank", m, share)
    check("pinv", x, symbols=x.ndim > 2)
    check("matrix_rank", x, grads=False, symbols=x.ndim > 2)


@pytest.mark.parametrize("name", ["solve", "solve_triangular"])
def test_systems(name):
    for options in ({}, {"lower": True})[: 1 if name == "solve" else 2]:
        for b in RIGHT:
            assert check_op(name, X[0], b, **options)
        check(name, X, rand(2, 3, 2), **options)
        check(name, X, rand(2, 3), **options)


def test_least_squares():
    for shape in ((4, 3), (3, 3), (2, 3)):
        a = rand(*shape)
        for b in (rand(shape[0]), rand(shape[0], 2)):
            for rcond in (None, 0.1):
                assert check_op("lstsq", a, b, rcond)
            want = np.linalg.lstsq(a, b, rcond=None)[0]
            np.testing.assert_allclose(keras.ops.lstsq(a, b), want, rtol=1e-4, atol=1e-5)
    check_op("lstsq", rand(2, 4, 3), rand(2, 4, 2))
    check("lstsq", rand(4, 3), rand(4), symbols=False)
    check_op("lstsq", np.ones((3, 3), "float32"), rand(3))


VECTORS = [None, 0, 1, 2, 3, -1, -2, 0.5, np.inf, -np.inf]
MATRICES = [None, 1, 2, -1, -2, np.inf, -np.inf, "fro", "nuc"]


@pytest.mark.parametrize("keepdims", [False, True])
def test_norm(keepdims):
    x = rand(2, 3, 4)
    for ord in VECTORS:
        for axis in (0, 1, -1, (2,)):
            assert check_op("norm", x, ord, axis, keepdims)
        assert check_op("norm", x[0, 0], ord, None, keepdims)
    for ord in MATRICES:
        for axis in ((0, 1), (1, 2), (2, 1), [-1, 0]):
            assert check_op("norm", x, ord, axis, keepdims)
        assert check_op("norm", x[0], ord, None, keepdims)
    assert check_op("norm", x, None, None, keepdims)
    for dtype in ("int32", "bool", "float64", "float16"):
        check_op("norm", x.astype(dtype), None, -1, keepdims)
    check("norm", x, 2, -1, keepdims)
    check("norm", x, "fro", (1, 2), keepdims)


def test_mixed_dtypes():
    got = keras.ops.solve(X[0], RIGHT[0].astype("float64"))
    assert got.dtype is torch.float64
    torch.testing.assert_close(keras.ops.solve([[2, 0], [0, 4]], [2, 2]), torch.tensor([1, 0.5]))
    torch.testing.assert_close(keras.ops.det([[2, 0], [0, 4]]), torch.tensor(8.0))


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("det", [(3,)], "two dimensions or more"),
        ("inv", [(2, 3)], "square matrices are needed"),
        ("logdet", [(2, 3)], "square matrices are needed"),
        ("solve", [(2, 3), (2,)], "square matrices are needed"),
        ("solve", [(2, 2), (3,)], "as many rows as a"),
        ("solve_triangular", [(2, 2), (2, 2, 2)], "as many rows as a"),
        ("lstsq", [(4, 2), (3,)], "as many rows as a"),
    ],
)
def test_bad_shapes(name, args, message):
    for make in (torch.ones, keras.KerasTensor):
        with pytest.raises(ValueError, match=message):
            getattr(keras.ops, name)(*(make(s) for s in args))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"axis": (0, 1, 2)}, "one axis or two"),
        ({"ord": "fro", "axis": 0}, "ord must be a number"),
        ({"ord": "foo", "axis": (0, 1)}, "ord must be a number"),
    ],
)
def test_bad_norms(options, message):
    with pytest.raises(ValueError, match=message):
        keras.ops.norm(torch.ones(2, 3, 4), **options)
