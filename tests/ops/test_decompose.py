import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_op

import torchkeras as keras
from oracle import rand

X = rand(2, 3, 3)
SPD = X @ X.swapaxes(-1, -2) + np.eye(3, dtype="float32")
SHAPES = [(3, 3), (4, 3), (3, 4), (2, 4, 3)]


@pytest.mark.parametrize("upper", [False, True])
def test_cholesky(upper):
    for x in (SPD, SPD[0], SPD.astype("float64")):
        check("cholesky", x, upper, symbols=x.ndim > 2)
        factor = np.linalg.cholesky(x)
        factor = factor.swapaxes(-1, -2).copy() if upper else factor
        check("cholesky_inverse", factor, upper, grads=False, symbols=x.ndim > 2)


@pytest.mark.parametrize("name", ["eig", "eigh"])
def test_eigenvalues(name):
    for x in (SPD, SPD[0]):
        assert check_op("eigh", x)
        values, vectors = getattr(keras.ops, name)(x)
        torch.testing.assert_close(
            torch.tensor(x).to(vectors.dtype) @ vectors, vectors * values.unsqueeze(-2)
        )
    values, vectors = getattr(keras.ops, name)(keras.KerasTensor((None, 3, 3)))
    assert (values.shape, vectors.shape) == ((None, 3), (None, 3, 3))


@pytest.mark.parametrize("shape", SHAPES)
def test_lu_qr_svd(shape):
    x = rand(*shape)
    assert check_op("lu_factor", x)
    for mode in ("reduced", "complete"):
        assert check_op("qr", x, mode)
    for full in (True, False):
        assert check_op("svd", x, full)
    check("svd", x, compute_uv=False, symbols=x.ndim > 2)
    check("qr", rand(*shape[:-2], 3, 3), symbols=x.ndim > 2)


def test_pivots_are_those_of_scipy():
    both, pivots = keras.ops.lu_factor([[0.0, 1.0], [2.0, 3.0]])
    assert (both.tolist(), pivots.tolist()) == ([[2, 3], [0, 1]], [1, 1])


def test_integers_become_floats():
    x = [[4, 2], [2, 3]]
    for name in ("cholesky", "eigh", "qr", "svd", "lu_factor"):
        got, want = (getattr(keras.ops, name)(np.array(x, d)) for d in ("int32", "float32"))
        torch.testing.assert_close(got, want)


@pytest.mark.parametrize(
    "name", ["cholesky", "cholesky_inverse", "eig", "eigh", "lu_factor", "qr", "svd"]
)
def test_bad_arguments(name):
    op = getattr(keras.ops, name)
    for make in (torch.ones, keras.KerasTensor):
        with pytest.raises(ValueError, match="two dimensions or more"):
            op(make((3,)))
        if name not in ("lu_factor", "qr", "svd"):
            with pytest.raises(ValueError, match="square matrices are needed"):
                op(make((2, 3)))
    if name == "cholesky":
        with pytest.raises(ValueError, match="must be positive definite"):
            op([[1.0, 2.0], [2.0, 1.0]])
    if name == "qr":
        with pytest.raises(ValueError, match="mode must be one of"):
            op(torch.ones(2, 2), "r")
