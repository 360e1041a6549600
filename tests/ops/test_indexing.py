import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["indexing"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


def test_take_along_axis_flat_and_broadcast():
    x = np.arange(6.0, dtype="float32").reshape(2, 3)
    assert ops.take_along_axis(x, [[0, 1], [-1, 2]]).tolist() == [0, 1, 5, 2]
    assert ops.take_along_axis(x, [[1]], axis=1).tolist() == [[1], [4]]
    with pytest.raises(ValueError, match="equally many dimensions"):
        ops.take_along_axis(x, [0, 1], axis=1)


def test_nonzero():
    x = np.array([[0, 1], [2, 0]])
    assert [i.tolist() for i in ops.nonzero(x)] == [[0, 1], [1, 0]]
    assert torch.as_tensor(x)[ops.nonzero(x)].tolist() == [1, 2]
    assert [i.tolist() for i in ops.nonzero(3)] == [[0]]
    found = ops.nonzero(keras.KerasTensor((2, None)))
    assert [(s.shape, s.dtype) for s in found] == [((None,), "int32")] * 2
    x = keras.Input((3,))
    model = keras.Model(x, ops.nonzero(x)[1])
    assert model(torch.tensor([[0.0, 1, 2]])).tolist() == [1, 2]


def test_size_and_ndim():
    x = keras.Input((3,))
    assert keras.Model(x, ops.size(x))(torch.ones(5, 3)).item() == 15
    assert ops.ndim(x) == 2
    assert ops.ndim([[1], [2]]) == 2
    assert ops.ndim(1.0) == 0
    assert ops.size([1, 2]).item() == 2


def test_select():
    x = np.arange(4)
    assert ops.select([x < 1, x < 3], [x + 10, 7], 2).tolist() == [10, 7, 7, 2]
    assert ops.select((x < 1,), (x,), 0.5).dtype is torch.float32
    for condlist, choicelist in (([], []), (x > 1, x), ([x > 1], [x, x])):
        with pytest.raises(ValueError, match="select: condlist and choicelist must be lists"):
            ops.select(condlist, choicelist)


def test_wrong_arguments():
    with pytest.raises(TypeError, match="unravel_index: indices must be integers"):
        ops.unravel_index([0.5], (2, 2))
    with pytest.raises(ValueError, match="trace: axis1 and axis2 must be two axes"):
        ops.trace(torch.ones(2, 2), axis1=1, axis2=-1)
    with pytest.raises(ValueError, match="trace: axis1 and axis2 must be two axes"):
        ops.trace(torch.ones(2))


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ((slice(None), [True, False, True]), (None, 2)),
        ((slice(None), np.array([True, False, True])), (None, 2)),
        ((slice(None), torch.tensor([True, False, True])), (None, 2)),
        ((..., [False, True, True], None), (None, 2, 1)),
        ([True, False, True, True], (3, 3)),
        ((slice(None), [0, 2]), (None, 2)),
        ((slice(None), np.array([0, 2])), (None, 2)),
        ((slice(None, 1),), (1, 3)),
        ((slice(1, None), 0), (None,)),
        ((None, slice(None, -1)), (1, None, 3)),
    ],
    ids=str,
)
def test_keys_of_symbols(key, shape, tmp_path):
    x, values = keras.Input((3,)), torch.randn(4, 3)
    model = keras.Model(x, x[key])
    assert model.output_shape == shape
    model.save(tmp_path / "m.keras")
    want = ops.get_item(values, key)
    for one in (model, keras.saving.load_model(tmp_path / "m.keras")):
        torch.testing.assert_close(one(values), want)


def test_masks_that_are_symbols(tmp_path):
    x, values = keras.Input((3,)), torch.randn(4, 3)
    model = keras.Model(x, [x[x > 0], x[x[:, 0] > 0], x[:, 1:][x[:, 0] > 0, 1]])
    assert model.output_shape == [(None,), (None, 3), (None,)]
    model.save(tmp_path / "m.keras")
    first = values[:, 0] > 0
    want = [values[values > 0], values[first], values[first, 2]]
    for one in (model, keras.saving.load_model(tmp_path / "m.keras")):
        for got, w in zip(one(values), want, strict=True):
            torch.testing.assert_close(got, w)


@pytest.mark.parametrize(
    ("key", "received"),
    [
        ((slice(None), [True, False]), r"a mask of shape \(2,\) for axes of shape \(3,\)"),
        ((..., [True] * 4), r"a mask of shape \(4,\) for axes of shape \(3,\)"),
        ((None, slice(None), [True]), r"a mask of shape \(1,\) for axes of shape \(3,\)"),
    ],
)
def test_masks_of_another_size(key, received):
    with pytest.raises(IndexError, match=received):
        keras.Input((3,))[key]
