import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import array, check_op

import torchkeras as keras
from oracle import rand

NAMES = ["segment_sum", "segment_max", "segment_min", "segment_prod"]
IDS = np.array([0, 0, 1, 3, 3, 1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"]
)
def test_segments(name, dtype):
    for shape in ((6,), (6, 3), (6, 2, 3), (6, 0)):
        x = array(shape, dtype)
        for kind in ("int32", "int64"):
            # Without rows a segment of integers or booleans has the least value of its type.
            ids = np.array([0, 0, 1, 2, 3, 1]) if "float" not in dtype else IDS
            for count in (2, 4):
                check_op(name, x, ids.astype(kind), count)
            f = getattr(keras.ops, name)
            assert torch.equal(f(x, ids.astype(kind)), f(x, ids, 4))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_and_symbols(name):
    for count in (4, 6):
        check(name, rand(6, 3), IDS, count)
    check(name, rand(6, 3), np.sort(IDS), 4, sorted=True)
    data, ids = keras.KerasTensor((None, 3)), keras.KerasTensor((None,), "int32")
    assert getattr(keras.ops, name)(data, ids).shape == (None, 3)


def test_rows_without_a_segment():
    x, ids = torch.tensor([1, 2, 3, 4]), [0, -1, 7, 1]
    assert keras.ops.segment_sum(x, ids, 3).tolist() == [1, 4, 0]
    assert keras.ops.segment_prod(x, ids, 3).tolist() == [1, 4, 1]
    big = 2**63
    assert keras.ops.segment_max(x, ids, 3).tolist() == [1, 4, -big]
    assert keras.ops.segment_min(x, ids, 3).tolist() == [1, 4, big - 1]
    assert keras.ops.segment_sum(x[:0], ids[:0]).shape == (0,)
    assert keras.ops.segment_max(torch.ones(0, 2), [], 1).tolist() == [[-np.inf, -np.inf]]


@pytest.mark.parametrize("ids", [[[0, 1], [1, 0]], [0, 1], []])
def test_bad_arguments(ids):
    with pytest.raises(ValueError, match="one number for each row"):
        keras.ops.segment_sum(torch.ones(4, 2), ids)
