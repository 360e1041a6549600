"""ActivityRegularization against real Keras."""

import numpy as np
import pytest

from oracle import check_layer, rand


@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.2), (0.1, 0.2)])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4)])
def test_numbers(l1, l2, shape):
    check_layer("ActivityRegularization", {"l1": l1, "l2": l2}, rand(*shape))


def test_mask_is_handed_on():
    check_layer("ActivityRegularization", {"l1": 0.1}, rand(2, 3, 4), mask=np.ones((2, 3), bool))
