"""The tuple forms of data, against real Keras."""

import keras
import pytest

from torchkeras.training.data import pack_x_y_sample_weight, unpack_x_y_sample_weight


@pytest.mark.parametrize(
    "args",
    [(1,), (1, 2), (1, 2, 3), (1, None, 3), ([1],), ((1,),), ({"a": 1},), ([1], [2]), (None, 2)],
)
def test_pack(args):
    assert pack_x_y_sample_weight(*args) == keras.utils.pack_x_y_sample_weight(*args)


@pytest.mark.parametrize(
    "data",
    [1, None, (1,), (1, 2), (1, 2, 3), (1, None, 3), [1], [1, 2], [1, 2, 3], {"a": 1}, ([1], (2,))],
)
def test_unpack(data):
    assert unpack_x_y_sample_weight(data) == keras.utils.unpack_x_y_sample_weight(data)


@pytest.mark.parametrize("data", [(), [], (1, 2, 3, 4), [1, 2, 3, 4]])
def test_unpack_refuses_other_lengths(data):
    with pytest.raises(ValueError, match="Data is expected to be in format"):
        keras.utils.unpack_x_y_sample_weight(data)
    with pytest.raises(ValueError, match=f"Data is expected.*{len(data)} parts"):
        unpack_x_y_sample_weight(data)
