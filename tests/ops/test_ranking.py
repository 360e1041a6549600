import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import array, check_op

import torchkeras as keras
from oracle import rand


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "uint8"])
def test_top_k(dtype):
    x = np.random.default_rng(0).permutation(24).reshape(2, 3, 4).astype(dtype)
    for k in (0, 1, 2, 4):
        assert check_op("top_k", x, k)
        check_op("top_k", x[0, 0], k)
    check("top_k", rand(3, 5), 2)
    values, indices = keras.ops.top_k(torch.tensor(x), 3, sorted=False)
    want = np.sort(x, -1)[..., 1:]
    np.testing.assert_array_equal(np.sort(values.numpy(), -1), want)
    np.testing.assert_array_equal(np.take_along_axis(x, indices.numpy().astype(int), -1), values)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_in_top_k(k):
    scores = np.array(
        [[1.0, 1, 1, 0], [0, np.nan, 1, 2], [2, 2, 1, 0], [0, 1, 2, 3], [-np.inf, 0, 1, 2]],
        "float32",
    )
    for targets in ([2, 2, 1, 3, 1], [0, 0, 0, 0, 3], [3, 3, 2, 0, 2]):
        check("in_top_k", np.array(targets), scores[[0, 0, 2, 3, 3]], k, grads=False)
    check_op("in_top_k", np.array([1, 2]), array((2, 4), "float64"), k)
    got = keras.ops.in_top_k([9, -1, 1, 0], scores[[0, 0, 1, 4]], k)  # no class, NaN, infinite
    assert not got.any()


def test_bad_arguments():
    for call, message in (
        (lambda: keras.ops.top_k(torch.ones(3), 4), "k must not be greater"),
        (lambda: keras.ops.top_k(keras.KerasTensor((None, 3)), 4), "k must not be greater"),
        (lambda: keras.ops.in_top_k([1], [[1.0, 2.0]], 0), "k must be a positive integer"),
        (lambda: keras.ops.in_top_k([1, 1], [[1.0, 2.0]], 1), "one target for each row"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
