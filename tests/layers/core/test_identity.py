"""Identity against real Keras."""

import numpy as np
import pytest

from oracle import check_layer, rand


@pytest.mark.parametrize("dtype", [None, "mixed_bfloat16"])
def test_numbers(dtype):
    check_layer("Identity", {}, rand(2, 3), dtype=dtype)
    check_layer("Identity", {"activity_regularizer": "l2"}, rand(2, 3), dtype=dtype)


def test_structures_and_masks():
    check_layer("Identity", {}, [rand(2, 3), rand(4, 1)])
    check_layer("Identity", {}, {"a": rand(2, 3), "b": rand(4, 1)})
    check_layer("Identity", {}, rand(2, 3), mask=np.array([[True, False, True]] * 2))
