import numpy as np
import pytest
import torch
from array_cases import NAMES
from array_oracle import check_calls

import torchkeras as keras

ops = keras.ops


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("name", NAMES["parts"])
@pytest.mark.filterwarnings("ignore")
def test_against_keras_and_numpy(name, dtype):
    assert check_calls(name, dtype)


def test_plain_numbers_and_mixes():
    assert ops.append([1, 2], 3.5).tolist() == [1, 2, 3.5]
    assert ops.hstack([1, np.array([2.5], "float32")]).tolist() == [1, 2.5]
    assert ops.vstack(torch.ones(2, 3)).shape == (2, 3)
    assert ops.dstack((keras.Variable(np.ones(2, "float32")), [1, 2])).shape == (1, 2, 2)


def test_joins_of_unknown_sizes():
    x = keras.KerasTensor((None,))
    assert ops.vstack([keras.KerasTensor((3,)), keras.KerasTensor((3,))]).shape == (2, 3)
    assert ops.hstack([x, x]).shape == (None,)
    assert ops.dstack([x, x]).shape == (1, None, 2)
    assert [p.shape for p in ops.hsplit(keras.KerasTensor((None, 4)), 2)] == [(None, 2)] * 2


def test_wrong_arguments():
    x = torch.ones(2, 3)
    for n in (0, -1):
        with pytest.raises(ValueError, match="array_split: indices_or_sections must be a positive"):
            ops.array_split(x, n)
    with pytest.raises(ValueError, match="hsplit: the axis must divide into equal parts"):
        ops.hsplit(x, 2)
    with pytest.raises(ValueError, match="vsplit: the axis must divide into equal parts"):
        ops.vsplit(x, 0)
    with pytest.raises(ValueError, match="vsplit: x must have at least 2 dimensions"):
        ops.vsplit(x[0], 1)
    with pytest.raises(ValueError, match="dsplit: x must have at least 3 dimensions"):
        ops.dsplit(x, 1)
    with pytest.raises(ValueError, match="hsplit: x must have at least 1 dimensions"):
        ops.hsplit(1.0, 1)
