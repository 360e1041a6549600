import keras as reference
import numpy as np
import pytest
import torch
from ops_oracle import array, check_gradients, check_op, check_symbols

import torchkeras as keras
from oracle import assert_close, dtype_of

KINDS = [None, "float16", "int64", "bool"]
QUICK = ["float32", "int32", "bool"]


@pytest.mark.parametrize("dtype", QUICK)
def test_like(dtype):
    for shape in ((), (2, 3), (0, 3)):
        x = array(shape, dtype)
        assert check_op("copy", x)
        check_symbols("copy", x)
        for kind in KINDS:
            assert check_op("array", x, dtype=kind)
            check_symbols("array", x, dtype=kind)
            check_symbols("empty_like", x, dtype=kind)
            got = keras.ops.empty_like(torch.tensor(x), dtype=kind)
            assert tuple(got.shape) == shape
            assert dtype_of(got) == (kind or dtype)
            for value in (3, 2.5, True, array((), "float32")):
                assert check_op("full_like", x, value, dtype=kind)
                check_symbols("full_like", x, value, dtype=kind)


def test_full():
    for kind in KINDS:
        for shape in ((2, 3), [3, 2], (), (0, 2)):
            for value in (3, 2.5, True, np.float64(1.5), array((), "int32")):
                assert check_op("full", shape, value, dtype=kind)
        assert check_op("full", (2, 3), array((3,), "float32"), dtype=kind)
        assert check_op("full", (2, 3), [1, 2, 3], dtype=kind)
        check_symbols("full", (2, 3), array((3,), "float32"), dtype=kind, unknown=False)
        assert check_op("empty", (0, 3), dtype=kind)
    assert keras.ops.full(3, 1).tolist() == [1, 1, 1]
    assert keras.ops.full((torch.tensor(2),), 1).tolist() == [1, 1]
    assert keras.ops.full(torch.tensor([1, 2]), 1).tolist() == [[1, 1]]
    assert keras.ops.empty(3).shape == (3,)
    assert keras.ops.full_like([1, 2], 3).tolist() == [3, 3]


def test_copies_are_copies():
    x = torch.zeros(2)
    for made in (keras.ops.copy(x), keras.ops.full((2,), x), keras.ops.full_like(x, x)):
        made += 1
    assert x.tolist() == [0, 0]
    assert check_gradients("full", (2, 3), array((3,), "float32"))
    assert check_gradients("full_like", array((2, 3), "float32"), array((3,), "float32"))


@pytest.mark.parametrize("kind", KINDS)
def test_matrices(kind):
    for n in (0, 1, 4):
        assert check_op("identity", n, dtype=kind)
        for m in (None, 0, 2, 6):
            for k in (0, 1, -1, 9):
                assert check_op("eye", n, m, k=k, dtype=kind)
                if m != 0:  # which Keras takes for None
                    assert check_op("tri", n, m, k=k, dtype=kind)
    assert keras.ops.eye(torch.tensor(2), np.int64(3)).shape == (2, 3)


@pytest.mark.parametrize("name", ["eye", "tri", "identity"])
def test_bad_sizes(name):
    make, label = getattr(keras.ops, name), "n" if name == "identity" else "N"
    with pytest.raises(TypeError, match=f"{name}: {label} must be an integer. Received: {label}=2"):
        make(2.0)
    with pytest.raises(TypeError, match=f"{name}: {label} must be an integer."):
        make(keras.KerasTensor(()))
    with pytest.raises(ValueError, match=f"{name}: {label} must not be negative. Received: .*=-1"):
        make(-1)
    if name != "identity":
        with pytest.raises(ValueError, match=f"{name}: M must not be negative. Received: M=-2"):
            make(1, -2)
        with pytest.raises(TypeError, match=f"{name}: k must be an integer. Received: k=1.5"):
            make(1, k=1.5)


def test_bad_shapes():
    with pytest.raises(TypeError, match=r"full: shape must be an integer. Received: shape='a'"):
        keras.ops.full("a", 1)
    with pytest.raises(ValueError, match=r"empty: shape must not be negative. Received: shape=-1"):
        keras.ops.empty((2, -1))


GRIDS = [
    ((3,),),
    ((3,), (4,)),
    ((3,), (0,)),
    ((2,), (3,), (4,)),
    ((1,), (2,), (3,), (2,)),
    ((), (3,)),
]


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("shapes", GRIDS, ids=str)
def test_meshgrid(indexing, shapes):
    for dtype in QUICK:
        axes = [array(s, dtype, i) for i, s in enumerate(shapes)]
        assert check_op("meshgrid", *axes, indexing=indexing)
        got = keras.ops.meshgrid(*axes, indexing=indexing)
        for a, b in zip(got, np.meshgrid(*axes, indexing=indexing), strict=True):
            np.testing.assert_array_equal(a, b)
        check_symbols("meshgrid", *axes, indexing=indexing)


def test_meshgrid_keeps_each_dtype():
    whole, real = keras.ops.meshgrid([1, 2], [0.5])
    assert (whole.dtype, real.dtype) == (torch.int32, torch.float32)
    with pytest.raises(ValueError, match=r"meshgrid: indexing must be 'xy' or 'ij'. Received: ind"):
        keras.ops.meshgrid([1], [2], indexing="yx")
    for bad in ((), ([[1]], [2])):
        with pytest.raises(ValueError, match="meshgrid: one tensor or more of rank 1 are expected"):
            keras.ops.meshgrid(*bad)


def test_lists_and_numbers():
    for name in ("array", "copy"):
        for x in ([1, 2], [1.5], 3, True, np.ones(2)):
            got, want = getattr(keras.ops, name)(x), getattr(reference.ops, name)(x)
            assert dtype_of(got) == dtype_of(want)
            assert_close(got, want)
