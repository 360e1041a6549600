import numpy as np
import pytest
import torch
from ops_oracle import array, check_op, check_symbols

import torchkeras as keras

KINDS = ["int32", "int64", "uint8", "bool"]
BITS = "bitwise_and bitwise_or bitwise_xor".split()  # noqa: SIM905
SHIFTS = "bitwise_left_shift bitwise_right_shift left_shift right_shift".split()  # noqa: SIM905


@pytest.mark.parametrize("name", ["bitwise_not", "bitwise_invert"])
def test_not(name):
    for kind in KINDS:
        for shape in ((), (3,), (2, 3), (0, 3)):
            assert check_op(name, array(shape, kind))
            check_symbols(name, array(shape, kind))
    for value in (5, True, [1, 2]):
        assert check_op(name, value)
    with pytest.raises(TypeError, match=f"{name}: integers are expected. Received: .* float32"):
        getattr(keras.ops, name)(1.5)


@pytest.mark.parametrize("name", [*BITS, *SHIFTS, "gcd", "lcm"])
def test_pairs(name):
    for kind in KINDS:
        for other in KINDS:
            x, y = array((2, 3), kind), array((2, 3), other, seed=1)
            y = np.abs(y) if name in SHIFTS else y
            check_op(name, x, y)
            check_op(name, x, y[0])
            check_symbols(name, x, y)
        if kind != "bool":  # on which Keras takes int64 then
            assert check_op(name, array((2, 3), kind), 2)
            check_op(name, 3, np.abs(array((2, 3), kind)))
    assert check_op(name, [1, 2], [2, 3])
    assert check_op(name, array((0, 3), "int32"), array((3,), "int32"))
    for pair in ((1.5, 2), (torch.ones(2), torch.ones(2))):
        with pytest.raises(TypeError, match=f"{name}: integers are expected"):
            getattr(keras.ops, name)(*pair)


@pytest.mark.parametrize("name", [*BITS, *SHIFTS])
def test_names_of_arguments(name):
    x, y = torch.tensor([6, 5]), torch.tensor([1, 3])
    op = getattr(keras.ops, name)
    assert op(x=x, y=y).tolist() == op(x, y).tolist() == getattr(np, name)([6, 5], [1, 3]).tolist()


def test_ldexp():
    for kind in ("float32", "float64", "float16", "int32", "uint8", "bool"):
        for other in ("int32", "int64", "uint8", "int8"):
            x, y = array((2, 3), kind), array((2, 3), other, seed=1)
            check_op("ldexp", x, y)
            check_symbols("ldexp", x, y)
        check_op("ldexp", array((2, 3), kind), 3)
    assert check_op("ldexp", [1.0, 2.0], [3, 4])
    for exponent in (1.5, True, [1.0]):
        with pytest.raises(TypeError, match="ldexp: x2 must hold integers"):
            keras.ops.ldexp([1.0], exponent)


def test_gcd_of_booleans_is_refused():
    with pytest.raises(TypeError, match=r"gcd: integers are expected. Received: .* bool"):
        keras.ops.gcd(True, [True])
