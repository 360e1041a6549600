import keras as reference
import numpy as np
import pytest
import torch
from ops_oracle import array, check_gradients, check_op, check_symbols

import torchkeras as keras
from oracle import assert_close, dtype_of

ENDS = [(0, 10), (0.0, 1.0), (-3, 3.5), (2, 2), (5, -5), (True, 3), (1.5, np.float32(4))]
KINDS = [None, "float32", "float64"]


@pytest.mark.parametrize("name", ["linspace", "logspace"])
@pytest.mark.parametrize("endpoint", [True, False])
def test_numbers(name, endpoint):
    for start, stop in ENDS:
        for num in (0, 1, 2, 7, 50):
            for dtype in KINDS:
                check_op(name, start, stop, num, endpoint=endpoint, dtype=dtype)
            if name == "logspace":
                for base in (2, 2.5, 1):
                    check_op(name, start, stop, num, endpoint=endpoint, base=base)
    assert check_op(name, 0, 3)


@pytest.mark.parametrize("name", ["linspace", "logspace"])
@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_integers(name, endpoint):
    # Keras rounds the ends already; NumPy computes all in double precision.
    for start, stop in ENDS:
        for num in (0, 1, 2, 7, 50):
            for kind in ("int32", "int64"):
                got = getattr(keras.ops, name)(start, stop, num, endpoint=endpoint, dtype=kind)
                want = getattr(np, name)(start, stop, num, endpoint=endpoint, dtype=kind)
                np.testing.assert_array_equal(got, want)
                assert dtype_of(got) == kind


@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
@pytest.mark.parametrize("endpoint", [True, False])
def test_tensors(name, endpoint):
    for kind in ("float32", "float64", "uint8"):
        for shape in ((), (2, 3)):
            start, stop = (np.abs(array(shape, kind, s)) + 1 for s in (0, 1))
            start, stop = start.astype(kind), np.maximum(start, stop).astype(kind)
            for num in (2, 5):
                assert check_op(name, start, stop, num, endpoint=endpoint)
                check_symbols(name, start, stop, num, endpoint=endpoint)
                for axis in (0, 1, -1) if shape else ():
                    got = getattr(keras.ops, name)(start, stop, num, endpoint=endpoint, axis=axis)
                    want = getattr(np, name)(start, stop, num, endpoint=endpoint, axis=axis)
                    assert_close(got, want.astype(got.numpy().dtype), 2e-5)
                    check_symbols(name, start, stop, num, endpoint=endpoint, axis=axis)


def test_half_precision():  # of which Keras rounds the steps
    got = keras.ops.linspace(-3, 3.5, 50, dtype="float16")
    np.testing.assert_array_equal(got, np.linspace(-3, 3.5, 50).astype("float16"))


def test_an_end_that_is_a_number():
    x = torch.tensor([[0.0, 1.0]], dtype=torch.float16)
    got = keras.ops.linspace(x, 3, 4, axis=-1)
    assert got.dtype is torch.float16
    assert got.tolist() == [[[0, 1, 2, 3], [1, got[0, 1, 1], got[0, 1, 2], 3]]]
    np.testing.assert_allclose(
        keras.ops.logspace(0, 1, 3, base=torch.tensor(2.0)), np.logspace(0, 1, 3, base=2), 1e-6
    )


@pytest.mark.parametrize("endpoint", [True, False])
def test_step(endpoint):
    for start, stop in ENDS[:5]:
        for num in (0, 1, 2, 7):
            for lib in (keras, reference):
                samples, step = lib.ops.linspace(start, stop, num, endpoint=endpoint, retstep=True)
                want = np.linspace(start, stop, num, endpoint=endpoint, retstep=True)
                assert_close(samples, want[0].astype("float32"), 1e-6)
                if num > 1:  # of none, NumPy's versions differ
                    np.testing.assert_allclose(step, want[1], 1e-6)
    x, step = keras.ops.linspace(torch.zeros(2), torch.ones(2), 3, endpoint, retstep=True)
    np.testing.assert_allclose(step, [0.5 if endpoint else 1 / 3] * 2, 1e-6)
    x, step = keras.ops.linspace(keras.KerasTensor((None, 2)), 1.0, 3, retstep=True)
    assert (x.shape, step.shape) == ((3, None, 2), (None, 2))


@pytest.mark.parametrize("endpoint", [True, False])
def test_geomspace(endpoint):
    for start, stop in ((1, 1000), (-1, -1000), (1000.0, 0.5), (3, 3)):
        for num in (0, 1, 2, 4, 9):
            got = keras.ops.geomspace(start, stop, num, endpoint=endpoint)
            want = np.geomspace(start, stop, num, endpoint=endpoint)
            assert_close(got, want.astype("float32"), 2e-5)
            if num > 1:  # of one, Keras gives NaN
                assert check_op("geomspace", start, stop, num, endpoint=endpoint)
    # Keras does not heed the dtype of numbers.
    got = keras.ops.geomspace(1000, 1, 4, dtype="int32")
    assert (got.dtype, got.tolist()) == (torch.int32, [1000, 100, 10, 1])
    got = keras.ops.geomspace(1j, 1000j, 4)
    np.testing.assert_allclose(got, np.geomspace(1j, 1000j, 4), 1e-5)


@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
def test_gradients(name):
    start = np.abs(array((2, 3), "float32")) + 1
    assert check_gradients(name, start, start[::-1].copy(), 5)
    x = torch.tensor(2.0, requires_grad=True)
    getattr(keras.ops, name)(1.0, x, 3).sum().backward()
    assert x.grad > 1


@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
def test_bad_counts(name):
    with pytest.raises(TypeError, match=f"{name}: num must be an integer. Received: num=2.5"):
        getattr(keras.ops, name)(1, 2, 2.5)
    with pytest.raises(ValueError, match=f"{name}: num must not be negative. Received: num=-1"):
        getattr(keras.ops, name)(1, 2, -1)
