import numpy as np
import pytest
from op_check import check
from ops_oracle import DTYPES, SHAPES, array, check_op

from oracle import rand


@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv"])
def test_special(name):
    for dtype in DTYPES:
        for shape in SHAPES:
            check_op(name, array(shape, dtype))
    for value in (0.5, -1, True, [0.1, 0.2], np.array([-2.0, -1, 0, 1, 2, np.nan, np.inf])):
        check_op(name, value)
    check(name, rand(3, 4, low=-0.9, high=0.9))
