import inspect

import keras as reference
import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import DTYPES, SHAPES, array, check_op

import torchkeras as keras
from oracle import rand

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
    "celu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "log_sigmoid",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "swish",
    "tanh_shrink",
]


@pytest.mark.parametrize("name", ONE)
@pytest.mark.filterwarnings("ignore")
def test_activations(name):
    for dtype in DTYPES:
        if name.startswith("sparse") and dtype == "uint8":
            continue  # Keras computes in bytes, where -1 is 255
        for shape in SHAPES[:3]:
            check_op(name, array(shape, dtype))


@pytest.mark.parametrize("name", ONE)
def test_gradients_and_unknown_sizes(name):
    check(name, rand(3, 4, low=-4, high=4))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_options(dtype):
    x = array((2, 3), dtype)
    for axis in (0, 1, (0, 1), -1, [0]):
        check_op("softmax", x, axis=axis)
        check_op("log_softmax", x, axis=axis)
    check_op("gelu", x, approximate=False)
    check_op("elu", x, alpha=0.5)
    check_op("leaky_relu", x, negative_slope=0.1)
    check_op("celu", x, alpha=0.5)
    check_op("squareplus", x, b=2)
    check_op("hard_shrink", x, threshold=0.2)
    check_op("soft_shrink", x, threshold=0.2)
    check_op("softmax", x, axis=None)
    for pair in ((0.5, 2), (-1, 0.25)):
        check_op("threshold", x, *pair)


def test_sparsemax_and_glu():
    for shape in ((4,), (3, 4), (2, 4, 6)):
        x = rand(*shape, low=-2, high=2)
        for axis in range(-len(shape), len(shape)):
            moved = keras.ops.sparsemax(np.moveaxis(x, axis, -1).copy()).movedim(-1, axis)
            torch.testing.assert_close(keras.ops.sparsemax(x, axis), moved)
            if shape[axis] % 2 == 0:
                check("glu", x, axis, symbols=axis % len(shape) != 0)
    for x in (torch.ones(3), keras.KerasTensor((None, 3))):
        with pytest.raises(ValueError, match="must be even"):
            keras.ops.glu(x)
    assert keras.ops.sparsemax(keras.KerasTensor((None, 3))).shape == (None, 3)


def test_sparsemax_is_the_projection():
    """Keras's is not: it often does not sum to 1. All that is kept is lowered by one number."""
    x = torch.tensor(rand(50, 9, low=-2, high=2))
    y = keras.ops.sparsemax(x)
    torch.testing.assert_close(y.sum(-1), torch.ones(50))
    lowest = torch.where(y > 0, x - y, torch.inf).amin(-1, True)
    highest = torch.where(y > 0, x - y, -torch.inf).amax(-1, True)
    torch.testing.assert_close(lowest, highest)
    assert ((y > 0) | (x <= lowest + 1e-6)).all()


@pytest.mark.parametrize("name", ONE)
def test_integers_and_flags_become_what_they_need(name):
    x = np.array([0, 1, 2])
    want = getattr(keras.ops, name)(x.astype("float32"))
    got = getattr(keras.ops, name)(x)
    np.testing.assert_allclose(got, want.to(got.dtype), rtol=1e-6)


def test_namespaces():
    for space in ("nn", "linalg"):
        ours, theirs = (
            {n for n in dir(getattr(lib.ops, space)) if not n.startswith("_")}
            for lib in (keras, reference)
        )
        assert ours == theirs
        for name in ours:
            a, b = (
                [(p.name, p.default) for p in inspect.signature(f).parameters.values()]
                for f in (getattr(getattr(lib.ops, space), name) for lib in (keras, reference))
            )
            assert a == b, name


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


def test_softmax_over_one_value_warns():
    for lib in (reference, keras):
        with pytest.warns(UserWarning, match="sigmoid"):
            lib.ops.softmax(np.ones((3, 1), "float32"))
