import keras as reference
import numpy as np
import pytest
import torch
from ops_oracle import DTYPES, array, check_op

import torchkeras as keras


@pytest.mark.parametrize("dtype", DTYPES)
def test_form(dtype):
    x = array((2, 3), dtype)
    for shape in (6, (3, 2), (-1,), (2, -1), [3, -1], (4, 2)):
        check_op("reshape", x, shape)
    for axes in (None, (1, 0, 2), (-1, 0, 1), [2, 1, 0], (0, 1)):
        check_op("transpose", array((2, 3, 4), dtype), axes)
    for axis in (0, -1, 1, (0, 1), [0, -1], (1, 3)):
        check_op("expand_dims", x, axis)
    for axis in (None, 0, -1, (0, 2), [0]):
        check_op("squeeze", array((1, 3, 1), dtype), axis)
    for axis in (None, 0, -1, (0, 1), [1]):
        check_op("flip", x, axis)
    for kind in ("float32", "int32", "bool", "float16"):
        check_op("cast", x, kind)
        check_op("zeros_like", x, dtype=kind)
        check_op("ones_like", x, dtype=kind)


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts(dtype):
    x, wide = array((2, 3), dtype), array((4, 6), dtype)
    for axis in (0, 1, -1):
        check_op("concatenate", [x, array((2, 3), "int32")], axis)
        check_op("stack", [x, array((2, 3), "float32")], axis)
        check_op("split", wide, 2, axis=axis)
        check_op("split", wide, [1, 3], axis=axis)
    for repeats in (2, (2,), (2, 1), [1, 2, 3]):
        check_op("tile", x, repeats)
    for repeats, axis in ((2, None), (2, 1), ([1, 2], 0), ([2], None), ([1, 0, 2], -1)):
        check_op("repeat", x, repeats, axis=axis)
    check_op("repeat", array((), dtype), 3)
    for key in (0, -1, (0, 1), (slice(None), 1), slice(0, 1), [0, 1], (..., 0), (None, 0)):
        check_op("get_item", x, key)


@pytest.mark.parametrize("dtype", DTYPES)
def test_take(dtype):
    x = array((4, 3), dtype)
    for axis in (0, 1, -1):
        for indices in ([0, 2], 1, -1, np.array([[0, -1], [1, 1]])):
            check_op("take", x, indices, axis=axis)
    check_op("take", x, [0, 5], axis=None)
    check_op("take", x, 1, axis=None)
    # Keras counts a negative index from the end of the first axis here; NumPy from that of all.
    assert keras.ops.take(x, -1).numpy() == np.take(x, -1)


def test_matmul():
    for a in DTYPES:
        for b in DTYPES:
            check_op("matmul", array((2, 3), a), array((3, 2), b, seed=1))
        check_op("matmul", array((3,), a), array((2, 3, 4), a))
        check_op("matmul", array((2, 2, 3), a), array((3,), a))


def test_made_from_nothing():
    for args in ((5,), (1, 5), (1, 6, 2), (5.0,), (0, 1, 0.25), (5, 0, -1), (3, None), (0,)):
        for dtype in (None, "float32", "int32", "int64", "uint8"):
            check_op("arange", *args, dtype=dtype)
    assert keras.ops.arange(torch.tensor(3)).tolist() == [0, 1, 2]
    assert keras.ops.arange(np.float32(3)).dtype is torch.float32
    assert check_op("arange", True, 3)  # booleans are numbers here
    for args in ((7, 2), (1, 5, -1), (0,), (torch.tensor(5), torch.tensor(2.0))):
        assert keras.ops.arange(*args).shape == (0,)  # as NumPy; Keras raises torch's error
    for dtype in (None, "int32", "bool", "float16"):
        for shape in ((2, 3), 3, [2, 2], ()):
            check_op("zeros", shape, dtype=dtype)
            check_op("ones", shape, dtype=dtype)


@pytest.mark.parametrize("x", [1, 1.5, True, [1, 2], [1.0, 2], [True], [], [[]], (1, 2), range(3),
                               2**40, [2**40], [1, True], np.float64(1.5), np.int64(3), 1 + 2j,
                               np.array([1.0])], ids=str)  # fmt: skip
def test_convert(x):
    check_op("convert_to_tensor", x)
    for dtype in ("float32", "int32", "bool"):
        check_op("convert_to_tensor", x, dtype=dtype)


def test_squeeze_refuses_larger_axes():
    with pytest.raises(ValueError, match="size 1"):
        keras.ops.squeeze(torch.ones(2, 1), 0)


@pytest.mark.parametrize("name", ["sort", "argsort", "cumsum", "max", "flip", "softmax", "unstack"])
def test_axis_that_a_symbol_does_not_have(name):
    for lib in (reference, keras):
        with pytest.raises(ValueError):  # noqa: PT011
            getattr(lib.ops, name)(lib.KerasTensor((3, 4)), axis=10)


def test_shapes_that_do_not_go_together():
    for lib in (reference, keras):
        x, ops = lib.KerasTensor((2, 3)), lib.ops
        y = lib.KerasTensor((4, 5))
        for call in (
            lambda ops=ops, x=x, y=y: ops.matmul(x, y),
            lambda ops=ops, x=x, y=y: ops.add(x, y),
            lambda ops=ops, x=x: ops.reshape(x, (5, 5)),
            lambda ops=ops, x=x: ops.transpose(x, (0, 0)),
            lambda ops=ops: ops.reshape(np.zeros(20), (-2, 5)),
            lambda ops=ops: ops.reshape(np.zeros(20), (-1, -1, 5)),
        ):
            with pytest.raises(ValueError):  # noqa: PT011
                call()


def test_take_along_an_axis_that_is_not_there():
    for lib in (reference, keras):
        with pytest.raises(IndexError):
            lib.ops.take(np.ones((3, 4)), np.array([1]), axis=5)


def test_split_of_nothing():
    for lib in (reference, keras):
        assert [tuple(p.shape) for p in lib.ops.split(np.ones(0), 2)] == [(0,), (0,)]
