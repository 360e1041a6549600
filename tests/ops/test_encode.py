import numpy as np
import pytest
import torch
from ops_oracle import check_op, check_symbols

import torchkeras as keras


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_multi_hot(dtype):
    for x in ([1, 2], [[1, 2], [0, 0]], [[[1, 2], [2, 2], [0, 1]]], [[1], [3]]):
        x = np.array(x, dtype)
        for kind in (None, "int32", "bool"):
            assert check_op("multi_hot", x, 4, dtype=kind)
        last = keras.ops.multi_hot(x, 4)
        for axis in range(last.ndim):  # Keras mixes up the axes
            assert torch.equal(keras.ops.multi_hot(x, 4, axis=axis), last.movedim(-1, axis))
    assert check_op("multi_hot", np.array([[1, 2]], dtype), num_tokens=4)
    assert check_symbols("multi_hot", np.array([[1, 2], [0, 1]], dtype), 4)


def test_out_of_range():
    assert keras.ops.multi_hot([-1, 2, 9], 3).tolist() == [0, 0, 1]
    check_op("multi_hot", np.array([[-1, 2]]), 3)
    assert keras.ops.one_hot([-1, 2, 9], 3).tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    ("args", "options", "error", "message"),
    [
        ((), {}, ValueError, "num_classes must be a positive integer"),
        ((3,), {"sparse": True}, ValueError, "no sparse tensors"),
        ((3,), {"classes": 2}, TypeError, "unknown arguments"),
    ],
)
def test_bad_arguments(args, options, error, message):
    with pytest.raises(error, match=message):
        keras.ops.multi_hot(torch.tensor([1]), *args, **options)
    with pytest.raises(ValueError, match="no sparse tensors"):
        keras.ops.one_hot(torch.tensor([1]), 3, sparse=True)
