import inspect

import keras as reference
import numpy as np
import pytest
from ops_oracle import DTYPES, SHAPES, array, check_op

import torchkeras as keras

ONE = [
    "relu",
    "relu6",
    "sigmoid",
    "softplus",
    "softsign",
    "silu",
    "selu",
    "softmax",
    "log_softmax",
    "gelu",
    "elu",
    "leaky_relu",
]


@pytest.mark.parametrize("name", ONE)
@pytest.mark.filterwarnings("ignore")
def test_activations(name):
    for dtype in DTYPES:
        for shape in SHAPES[:3]:
            check_op(name, array(shape, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_options(dtype):
    x = array((2, 3), dtype)
    for axis in (0, 1, (0, 1), -1, [0]):
        check_op("softmax", x, axis=axis)
        check_op("log_softmax", x, axis=axis)
    check_op("gelu", x, approximate=False)
    check_op("elu", x, alpha=0.5)
    check_op("leaky_relu", x, negative_slope=0.1)


def test_one_hot():
    for x in (np.array([0, 2, 5, -1]), np.array([[0, 1], [2, 1]]), np.array([[1], [2]], "int32")):
        for axis in (-1, 0, 1):
            for dtype in (None, "int32", "bool"):
                check_op("one_hot", x, 4, axis=axis, dtype=dtype)
    check_op("one_hot", [0, 1], 3)
    check_op("one_hot", 2, 3)
    check_op("one_hot", np.array([1, 2], "uint8"), 3)


NAMES = [
    n
    for n in dir(keras.ops)
    if not n.startswith("_") and hasattr(reference.ops, n) and callable(getattr(keras.ops, n))
]


def test_signatures():
    assert len(NAMES) > 100
    for name in NAMES:
        a, b = (
            [(p.name, p.default) for p in inspect.signature(getattr(lib, name)).parameters.values()]
            for lib in (keras.ops, reference.ops)
        )
        assert a == b, name
