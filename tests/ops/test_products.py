import keras as reference
import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["products"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


@pytest.mark.parametrize("name", ["dot", "vdot", "inner", "outer", "kron", "correlate"])
def test_plain_numbers_and_mixes(name):
    a, b = [1, 2, 3], np.array([1.0, 0.5, 2.0], "float32")
    want = getattr(np, name)(np.asarray(a, "float32"), b)
    for first in (a, torch.tensor(a), keras.Variable(np.asarray(a, "float32"))):
        got = getattr(ops, name)(first, b)
        assert got.dtype is torch.float32
        np.testing.assert_allclose(got.detach(), want, rtol=1e-6)


@pytest.mark.parametrize("name", ["vdot", "inner", "kron", "correlate", "dot"])
def test_complex(name):
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=5) + 1j * rng.normal(size=5) for _ in range(2))
    got = getattr(ops, name)(x.astype("complex64"), y.astype("complex64"))
    np.testing.assert_allclose(got, getattr(np, name)(x, y), rtol=1e-4, atol=1e-5)
    if name == "correlate":
        got = ops.correlate(x[:2].astype("complex64"), y.astype("complex64"), "full")
        np.testing.assert_allclose(got, np.correlate(x[:2], y, "full"), rtol=1e-4, atol=1e-5)


def test_einsum_with_lists_of_axes():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    assert ops.einsum(a, [0, 1], [1, 0]).shape == (3, 2)
    np.testing.assert_allclose(ops.einsum(a, [0, 1], b, [1]), a @ b)
    np.testing.assert_allclose(ops.einsum(a, [..., 1], [...]), a.sum(1))
    x = keras.Input((4, 3))
    model = keras.Model(x, ops.einsum(x, [0, 1, 2], [0, 2, 1], optimize=True))
    assert model(torch.ones(2, 4, 3)).shape == (2, 3, 4)
    with pytest.raises(ValueError, match="einsum: operands must be given"):
        ops.einsum("ab->ba")


def test_cross_of_flat_vectors_on_symbols():
    x, y = keras.KerasTensor((None, 2)), keras.KerasTensor((None, 3))
    assert ops.cross(x, x).shape == (None,)
    assert ops.cross(x, y).shape == (None, 3)
    assert ops.cross(keras.KerasTensor((3, None)), keras.KerasTensor((3, 1)), axis=0).shape == (3, None)  # fmt: skip  # noqa: E501


def test_wrong_arguments():
    with pytest.raises(ValueError, match="cross: vectors must have 2 or 3 components"):
        ops.cross(torch.ones(4), torch.ones(3))
    with pytest.raises(TypeError, match="cross: x1 and x2 must hold numbers"):
        ops.cross([True, False, True], [True, True, True])
    with pytest.raises(ValueError, match="correlate: mode must be one of"):
        ops.correlate([1.0], [1.0], "some")
    for a, b in (([[1.0]], [1.0]), ([], [1.0])):
        with pytest.raises(ValueError, match="correlate: x1 and x2 must be vectors with values"):
            ops.correlate(a, b)
    with pytest.raises((ValueError, RuntimeError), match="shapes"):
        ops.dot(torch.ones(2, 3), torch.ones(2, 3))


def test_int8_is_summed_up_in_int32():
    x = np.full((2, 64), 100, "int8")
    flags = np.ones((64, 2), bool)
    for lib in (reference, keras):
        assert lib.ops.matmul(x, x.T).tolist() == [[640000] * 2] * 2
        assert lib.ops.einsum("ab,cb->ac", x, x).tolist() == [[640000] * 2] * 2
        assert lib.ops.matmul(x, flags).dtype is torch.int8
    assert keras.ops.einsum("ab,bc->ac", x, flags).dtype is torch.int8
    symbol = keras.KerasTensor((2, 64), "int8")
    assert keras.ops.matmul(symbol, x.T).dtype == "int32"
