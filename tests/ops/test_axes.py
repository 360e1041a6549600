import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["axes"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


def test_plain_numbers_and_lists():
    assert ops.ravel(5).tolist() == [5]
    assert ops.roll([1, 2, 3], 1).tolist() == [3, 1, 2]
    assert ops.broadcast_to(1.5, (2,)).tolist() == [1.5, 1.5]
    assert ops.broadcast_to([1, 2], 2).tolist() == [1, 2]
    assert ops.moveaxis(keras.Variable(np.ones((2, 3), "float32")), 0, 1).shape == (3, 2)


def test_no_copy():
    x = torch.arange(6).reshape(2, 3)
    for y in (ops.ravel(x), ops.swapaxes(x, 0, 1), ops.moveaxis(x, 0, 1), ops.view(x, "int32")):
        assert y.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()


def test_half_turns_keep_unknown_sizes_in_place():
    x = keras.KerasTensor((None, 3, 4))
    assert [ops.rot90(x, k).shape for k in range(3)] == [(None, 3, 4), (3, None, 4), (None, 3, 4)]


def test_wrong_arguments():
    x = torch.ones(2, 3)
    with pytest.raises(ValueError, match="rot90: array must have at least 2 dimensions"):
        ops.rot90(x[0])
    for axes in ((0, 0), (0,), (0, 1, 1), (1, -1)):
        with pytest.raises(ValueError, match="rot90: axes must be two different dimensions"):
            ops.rot90(x, axes=axes)
    with pytest.raises(TypeError, match="rot90: k must be an integer"):
        ops.rot90(x, 1.5)
    with pytest.raises(ValueError, match="fliplr: x must have at least 2 dimensions"):
        ops.fliplr(x[0])
    with pytest.raises(ValueError, match="flipud: x must have at least one dimension"):
        ops.flipud(1)
    with pytest.raises((IndexError, ValueError), match="out of range"):
        ops.swapaxes(x, 0, 5)
