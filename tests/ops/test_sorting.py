import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["sorting"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8", "bool"])
@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_argpartition(dtype, axis):
    x = np.random.default_rng(0).integers(0, 9, (5, 7)).astype(dtype)
    for kth in (0, 2, -1, [1, 3]):
        index = ops.argpartition(x, kth, axis=axis)
        assert index.dtype is torch.int32
        rows = np.take_along_axis(x.ravel() if axis is None else x, index.numpy(), axis or 0)
        want = np.sort(x, axis)
        for k in kth if isinstance(kth, list) else [kth]:
            a, b = (np.take(v, k, axis or 0) for v in (rows, want))
            np.testing.assert_array_equal(a, b)
            least, most = (np.take(rows, r, axis or 0) for r in (range(k % 5), range(k % 5, 5)))
            if k >= 0 and axis in (0, None) and k:
                assert (least.max(0) <= most.min(0)).all()
    assert ops.argpartition(keras.KerasTensor((None, 7)), 2).shape == (None, 7)


def test_found_past_the_ends_and_nan():
    assert ops.searchsorted([1, 2], [0, 1.5, 9]).tolist() == [0, 1, 2]
    assert ops.searchsorted([1.0, 2.0], 1.0, side="right").item() == 1
    assert ops.digitize([0.0, 5.0, float("nan")], [1.0, 2.0]).tolist() == [0, 2, 2]
    assert ops.searchsorted(keras.KerasTensor((5,)), keras.KerasTensor((None, 2))).shape == (None, 2)  # fmt: skip  # noqa: E501


def test_unique_in_a_model():
    x = keras.Input((3,))
    values, counts = ops.unique(x, return_counts=True, size=4)
    assert values.shape == (4,)
    model = keras.Model(x, [values, counts])
    got = model(torch.tensor([[1.0, 5, 1]]))
    assert [g.tolist() for g in got] == [[1, 5, 0, 0], [2, 1, 0, 0]]


def test_wrong_arguments():
    x = torch.ones(2, 3)
    for kth in (3, -4, [0, 3]):
        with pytest.raises(ValueError, match="argpartition: kth must be within 3 values"):
            ops.argpartition(x, kth)
    with pytest.raises(ValueError, match="sorted_sequence must have one dimension"):
        ops.searchsorted(x, x)
    with pytest.raises(ValueError, match="searchsorted: side must be one of"):
        ops.searchsorted(x[0], x, side="middle")
    with pytest.raises(ValueError, match="digitize: bins must have one dimension"):
        ops.digitize(x, x)
