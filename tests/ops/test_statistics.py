import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["statistics"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


def test_bincount_of_lines():
    x = torch.tensor([[1, 2, 2], [0, 0, 5]])
    assert ops.bincount(x).tolist() == [[0, 1, 2, 0, 0, 0], [2, 0, 0, 0, 0, 1]]
    w = torch.tensor([[1.0, 2, 3], [4, 5, 6]], requires_grad=True)
    out = ops.bincount(x, weights=w, minlength=7)
    assert out.tolist() == [[0, 1, 5, 0, 0, 0, 0], [9, 0, 0, 0, 0, 6, 0]]
    out.sum().backward()
    assert w.grad.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert ops.bincount([]).tolist() == []


def test_bincount_in_a_model():
    x, w = keras.Input((3,), dtype="int32"), keras.Input((3,))
    y = ops.bincount(x, weights=w, minlength=4)
    assert (y.shape, y.dtype) == ((None, None), "float32")
    got = keras.Model([x, w], y)([torch.tensor([[1, 1, 3]]), torch.tensor([[1.0, 2.0, 4.0]])])
    assert got.tolist() == [[0, 3, 0, 4]]


def test_average_in_a_model():
    x, w = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([x, w], ops.average(x, axis=-1, weights=w))
    assert model([torch.tensor([[1.0, 2, 6]]), torch.tensor([[1.0, 1, 2]])]).tolist() == [3.75]
    assert ops.average([1, 2], weights=[3.0, 1.0]).item() == 1.25
    assert ops.average(torch.ones(2, 3), axis=(0, 1), weights=torch.ones(2, 3)).item() == 1


def test_histogram_counts_what_numpy_counts():
    x = np.random.default_rng(0).integers(0, 40, 300)
    for bins, span in ((10, None), (7, (3, 31)), (40, (0, 40))):
        counts, edges = ops.histogram(x, bins, span)
        want = np.histogram(x, bins, span)
        np.testing.assert_array_equal(counts, want[0])
        np.testing.assert_allclose(edges, want[1], rtol=1e-6)
    assert ops.histogram([], 2)[1].tolist() == [0, 0.5, 1]


def test_symbols():
    x = keras.KerasTensor((3, None))
    assert ops.corrcoef(x).shape == (3, 3)
    assert ops.corrcoef(keras.KerasTensor((None,), "int32")).shape == ()
    assert [s.shape for s in ops.histogram(x, 5)] == [(5,), (6,)]


def test_wrong_arguments():
    x = torch.ones(2, 3)
    for weights, axis in ((torch.ones(2), None), (torch.ones(2), 1), (torch.ones(3, 2), 0)):
        with pytest.raises(ValueError, match="average: weights must have the shape of x"):
            ops.average(x, axis=axis, weights=weights)
    with pytest.raises(ValueError, match="corrcoef: x must have at most 2 dimensions"):
        ops.corrcoef(torch.ones(1, 2, 3))
    with pytest.raises(TypeError, match="histogram: bins must be an integer"):
        ops.histogram(x, [1.0, 2.0])
    with pytest.raises(ValueError, match="histogram: bins must be positive"):
        ops.histogram(x, 0)
    with pytest.raises(ValueError, match="histogram: range must be a pair"):
        ops.histogram(x, range=(3, 1))
    with pytest.raises(TypeError, match="bincount: x must hold integers"):
        ops.bincount([0.5])
    with pytest.raises(ValueError, match="bincount: torch has no sparse counts"):
        ops.bincount([1], sparse=True)
    with pytest.raises(ValueError, match="bincount: weights must have the shape of x"):
        ops.bincount([1, 2], weights=[1.0])
    for args in (([-1],), ([1], None, -1), (3,)):
        with pytest.raises(ValueError, match="bincount: x must hold integers >= 0"):
            ops.bincount(*args)
