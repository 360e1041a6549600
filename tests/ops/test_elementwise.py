import itertools

import keras as reference
import numpy as np
import pytest
import torch
from ops_oracle import DTYPES, SHAPES, array, check_gradients, check_op

import torchkeras as keras

UNARY = [
    "negative",
    "absolute",
    "fabs",
    "real",
    "conj",
    "angle",
    "trunc",
    "nan_to_num",
    "square",
    "sign",
    "conjugate",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sqrt",
    "reciprocal",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "floor",
    "ceil",
    "isnan",
    "isinf",
    "isfinite",
    "logical_not",
    "rsqrt",
    "erf",
    "round",
]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "power",
    "mod",
    "fmod",
    "fmax",
    "fmin",
    "divide_no_nan",
    "floor_divide",
    "maximum",
    "minimum",
    "true_divide",
    "divide",
    "arctan2",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
]


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.filterwarnings("ignore")
def test_unary(name):
    for dtype in DTYPES:
        for shape in SHAPES:
            check_op(name, array(shape, dtype))
    for value in (2, -1.5, True, [1, 2], [1.5, 2.0], [[1, 2], [3, 4]]):
        check_op(name, value)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.filterwarnings("ignore")
def test_binary(name):
    for dtype in DTYPES:
        a = array((3,), dtype)
        for other in DTYPES:
            check_op(name, array((2, 3), dtype), array((2, 3), other, seed=1))
        check_op(name, array((2, 1), dtype), a)
        check_op(name, array((), dtype), array((2, 3), dtype))
        check_op(name, array((0, 3), dtype), a)
        for number in (2, 1.5, True, -3):
            check_op(name, a, number)
            check_op(name, number, a)
    for pair in ((2, 3), (2.0, 3), ([1, 2, 3], [3, 2, 1]), (True, False)):
        check_op(name, *pair)


@pytest.mark.parametrize("dtype", DTYPES)
def test_clip_round_where(dtype):
    x = array((2, 3), dtype)
    for low, high in ((-1, 1), (0.5, 1.5), (np.float32(0), np.float32(1)), (2, True)):
        check_op("clip", x, low, high)
    for decimals in (0, 1, 2, -1):
        check_op("round", x, decimals=decimals)
    condition = array((2, 3), "bool", seed=2)
    for other in DTYPES:
        check_op("where", condition, x, array((2, 3), other, seed=1))
    for pair in ((1, 2.5), (x, 0), (x, 1.5), (0, x)):
        check_op("where", condition, *pair)
    check_op("where", True, x, 0)


def test_where_alone_gives_indices_as_numpy():
    x = array((3, 4), "bool")
    got = keras.ops.where(torch.tensor(x))
    for a, b in zip(got, np.where(x), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "make",
    [keras.Variable, np.asarray, torch.tensor, list],
    ids=["Variable", "array", "tensor", "list"],
)
def test_kinds_of_arguments(make):
    x = make([1.0, 2.0, 3.0])
    for y in (2, 2.0, np.float64(2), np.array([2.0], "float32"), torch.tensor(2.0)):
        for out in (keras.ops.add(x, y), keras.ops.add(y, x)):
            assert type(out) is torch.Tensor
            np.testing.assert_allclose(out.detach().numpy(), [3, 4, 5])


def test_64_bits_are_kept():
    big = torch.tensor([2**40])
    for name in ("maximum", "floor_divide"):
        assert getattr(keras.ops, name)(big, 1).item() == 2**40
    assert keras.ops.cumsum(big).item() == 2**40
    assert keras.ops.var(torch.ones(3, dtype=torch.float64)).dtype is torch.float64


def test_unsigned_and_negative():
    x = torch.tensor([3, 6], dtype=torch.uint8)
    np.testing.assert_allclose(keras.ops.divide(x, -3), [-1, -2])


def test_complex():
    x = (array((2, 3), "float32") + 1j * array((2, 3), "float32", 1)).astype("complex64")
    for name in ("real", "imag", "angle", "conj", "absolute", "isreal", "nan_to_num", "square"):
        assert check_op(name, x)
        if name != "nan_to_num":
            np.testing.assert_allclose(getattr(keras.ops, name)(x), getattr(np, name)(x), 1e-6)
    assert keras.ops.imag([1.0, 2.0]).tolist() == [0, 0]
    with pytest.raises(TypeError, match="fabs: real values are expected"):
        keras.ops.fabs(x)


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int32"])
def test_nan_to_num(dtype):
    x = np.array([1, -2, 0] if dtype == "int32" else [1, np.nan, np.inf, -np.inf, -0.0], dtype)
    for options in ({}, {"nan": 5}, {"posinf": 7.5}, {"neginf": -3, "nan": -1.0}):
        assert check_op("nan_to_num", x, **options)
        np.testing.assert_array_equal(
            keras.ops.nan_to_num(x, **options), np.nan_to_num(x, **options)
        )
    options = {"nan": torch.tensor(2), "posinf": torch.tensor(3)}
    plain = {"nan": 2, "posinf": 3}
    assert torch.equal(keras.ops.nan_to_num(x, **options), keras.ops.nan_to_num(x, **plain))


def test_division_without_nan():
    x, y = np.array([1, np.nan, 0, -4], "float32"), np.array([0, 0, 0, 2], "float32")
    assert keras.ops.divide_no_nan(x, y).tolist() == [0, 0, 0, -2]
    a, b = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
    keras.ops.divide_no_nan(a, b).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([0, 0, 0, 0.5], [0, 0, 0, 1])


def test_booleans_are_counted():
    x, y = torch.tensor([True, False]), torch.tensor([True, True])
    for name in ("power", "fmod", "mod", "floor_divide"):
        got = getattr(keras.ops, name)(x, y)
        assert got.dtype is torch.int32
        assert got.tolist() == getattr(np, name)([1, 0], [1, 1]).tolist()


NUMBERS = ["add", "subtract", "multiply", "power", "mod", "fmod", "floor_divide", "maximum",
           "minimum", "less", "greater_equal", "equal", "logical_and", "nextafter"]  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "uint8"])
def test_numbers_beside_tensors(name, dtype):
    """Tensors take numbers without a detour, and with Keras's dtypes and values."""
    x = array((2, 3), dtype, 1)
    compared = 0
    for number in (2, 3, -1, 0.5, 2.0, True):
        for args in ((x, number), (number, x)):
            compared += check_op(name, *args)
    assert compared >= 4


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize("number_first", [False, True])
def test_ties_share_the_gradient(name, number_first):
    assert check_gradients(name, *(0.0, TIES)[:: 1 if number_first else -1])


def test_numbers_beyond_the_dtype():
    x = torch.ones(2)
    for name, number in itertools.product(("maximum", "minimum"), (1e300, -1e300, 2**70)):
        assert check_op(name, x.numpy(), number)
    assert keras.ops.convert_to_tensor(1e300).item() == float("inf")
    with pytest.raises((ValueError, OverflowError)):
        keras.ops.convert_to_tensor(2**70)


TIES = np.array([-1, 0, 1], "float32")


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "bool"])
def test_bounds_of_clip(dtype):
    x = array((2, 3), dtype)
    low, high = np.array([-1, 0, 0.5], "float32"), torch.tensor(1.0)
    for bounds in ((0, 1), (-0.5, 1.5), (low, 1.0), (0, high), (low, high)):
        got = keras.ops.clip(x, *bounds)
        want = np.clip(x.astype("int32") if dtype == "bool" else x, *map(np.asarray, bounds))
        np.testing.assert_allclose(got, want, 1e-3)
    assert keras.ops.clip(x, 0, 1).dtype is getattr(torch, "int32" if dtype == "bool" else dtype)


@pytest.mark.parametrize("name", ["max", "abs", "argmax", "square", "negative", "sum", "flip"])
@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_unsigned_integers_that_torch_cannot_compute_in(name, dtype):
    x = np.arange(6).reshape(2, 3).astype(dtype)
    found, wanted = (getattr(lib.ops, name)(x) for lib in (keras, reference))
    assert found.tolist() == wanted.tolist()
    assert found.dtype is wanted.dtype


@pytest.mark.parametrize("name", ["add", "subtract", "maximum", "greater", "floor_divide"])
@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_pairs_of_unsigned_integers(name, dtype):
    x = np.arange(1, 7).astype(dtype)
    for y in (x, 2):
        found, wanted = (getattr(lib.ops, name)(x, y) for lib in (keras, reference))
        assert found.tolist() == wanted.tolist()
    assert keras.ops.add(torch.tensor([1], dtype=torch.uint16), torch.tensor([2]).short())[0] == 3
