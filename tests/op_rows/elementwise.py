"""Calls of the elementwise ops, predicates, windows and makers of arrays, on every dtype."""

import itertools

import numpy as np
from ops_oracle import array

FLOATS = ["float32", "float64", "float16"]
INTEGERS = ["int32", "int64", "uint8", "int8", "int16"]
DTYPES = [*FLOATS, *INTEGERS, "bool"]
SHAPES = [(), (1,), (3,), (2, 3), (0, 3), (2, 1, 3)]
PAIRS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3)), ((0, 3), (1, 3))]
NUMBERS = (2, 1.5, True, -3, 0)

UNARY = """negative absolute fabs square sign conjugate conj real angle exp expm1 log log1p log2
log10 sqrt reciprocal sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp2
sinc cbrt deg2rad rad2deg i0 floor ceil trunc round nan_to_num isnan isinf isfinite isneginf
isposinf isreal signbit logical_not bitwise_not bitwise_invert rsqrt erf array copy
diagflat""".split()  # noqa: SIM905
BINARY = """add subtract multiply power mod fmod floor_divide maximum minimum fmax fmin true_divide
divide divide_no_nan arctan2 hypot heaviside logaddexp logaddexp2 equal not_equal less less_equal
greater greater_equal logical_and logical_or logical_xor isin bitwise_and bitwise_or bitwise_xor
gcd lcm ldexp""".split()  # noqa: SIM905
SHIFTS = "bitwise_left_shift bitwise_right_shift left_shift right_shift".split()  # noqa: SIM905
BITS = ("bitwise", "left_shift", "right_shift")
SMOOTH = """negative square exp expm1 sin cos tan arctan sinh cosh tanh arcsinh exp2 sinc cbrt i0
deg2rad rad2deg add subtract multiply divide divide_no_nan arctan2 hypot logaddexp logaddexp2
maximum minimum fmax fmin mod fmod""".split()  # noqa: SIM905


def unary_cases(name):
    for dtype, shape in itertools.product(DTYPES, SHAPES):
        yield (array(shape, dtype),), {}
    for value in (2, -1.5, True, [1, 2], [1.5, -2.0], [[True, False]]):
        yield (value,), {}
    if name == "round":
        for dtype, decimals in itertools.product(DTYPES, (-1, 1, 3)):
            yield (array((2, 3), dtype),), {"decimals": decimals}
    if name in ("array",):
        for dtype, other in itertools.product(DTYPES, DTYPES):
            yield (array((2, 3), dtype),), {"dtype": other}


def binary_cases(name):
    for (a, b), (x, y) in itertools.product(itertools.product(DTYPES, DTYPES), PAIRS):
        if a != b and () in (x, y):  # of a scalar, some of Keras's ops do not count the dtype
            continue
        second = array(y, b, seed=1)
        yield (array(x, a), np.abs(second) if name in SHIFTS else second), {}
    for dtype, number in itertools.product(DTYPES, NUMBERS):
        if name not in SHIFTS or (dtype != "bool" and number in (2, 0) and number is not False):
            yield (array((2, 3), dtype), number), {}
            yield (number, np.abs(array((2, 3), dtype))), {}
    for pair in ((2, 3), (2.0, 3), ([1, 2, 3], [3, 2, 1]), (True, False)):
        yield pair, {}


def made_cases(name):
    kinds = [None, *DTYPES]
    if name in ("eye", "tri"):
        for n, m, k, kind in itertools.product((0, 1, 4), (None, 2, 5), (0, 1, -2, 7), kinds):
            yield (n, m, k), {"dtype": kind}
    elif name in ("tril", "triu", "diagonal", "diag"):
        shapes = [(3, 3), (2, 4), (4, 2), (0, 3), (2, 4, 3), (4,)]
        for dtype, shape, k in itertools.product(DTYPES, shapes, (0, 1, -1, 5, -5)):
            yield (array(shape, dtype), k), {}
    elif name == "vander":
        for dtype, n, up in itertools.product(DTYPES, (None, 0, 1, 3, 5), (True, False)):
            yield (array((4,), dtype),), {"N": n, "increasing": up}
    elif name == "full_like":
        for dtype, kind, value in itertools.product(DTYPES, kinds, (3, 2.5, True)):
            yield (array((2, 3), dtype), value), {"dtype": kind}
    elif name == "full":
        for shape, kind, value in itertools.product([(), (2, 3), (0, 2)], kinds, (3, 2.5, True)):
            yield (shape, value), {"dtype": kind}
    elif name in ("linspace", "logspace"):
        ends = [(0, 10), (0.0, 1.0), (-3, 3.5), (2, 2), (5, -5), (True, 3)]
        for pair, num, last in itertools.product(ends, (0, 1, 2, 7, 100), (True, False)):
            yield (*pair, num, last), {}
    elif name == "geomspace":
        for pair, num in itertools.product([(1, 9), (1000.0, 0.5), (-1, -8)], (0, 2, 7, 100)):
            yield (*pair, num), {}
    elif name == "meshgrid":
        for dtype, way, n in itertools.product(DTYPES, ("xy", "ij"), (1, 2, 3, 4)):
            yield tuple(array((i + 1,), dtype) for i in range(n)), {"indexing": way}
    elif name == "kaiser":
        yield from (((n, beta), {}) for n in range(20) for beta in (0.0, 2, 8.6, 14.0))
    else:
        yield from (((n,), {}) for n in (*range(20), 100, 1000))


MADE = """eye identity tri tril triu diag diagonal vander full full_like linspace logspace geomspace
meshgrid bartlett blackman hamming hanning kaiser""".split()  # noqa: SIM905
MAKERS = {
    **dict.fromkeys(UNARY, unary_cases),
    **dict.fromkeys([*BINARY, *SHIFTS], binary_cases),
    **dict.fromkeys(MADE, made_cases),
}
