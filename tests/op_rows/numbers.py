"""Ops on single numbers that are not rows of the elementwise sweep, and complex ones."""

import itertools
from collections.abc import Iterator

import numpy as np
from op_rows.values import DTYPES, FLOATS, WIDE, Call, array, call, rows, spread

SHAPES = ((), (3,), (2, 3), (0, 3), (2, 1, 3))
PAIRS = (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((0, 3), (1, 3)))


def _one(name: str, d: str) -> Iterator[Call]:
    yield from (call(array(s, d, i)) for s in SHAPES for i in range(2))
    yield from (call(v) for v in (2, -1.5, True, [1, -2], [[1.5, -2.5]]))


def _erfinv(name: str, d: str) -> Iterator[Call]:
    for seed, shape in enumerate(SHAPES * 2):
        yield call(spread(shape, d, -0.99, 0.99, seed))
    yield call(np.array([-1, 1, 0, 1.5, np.nan, 0.5], d))


def _clip(name: str, d: str) -> Iterator[Call]:
    x = spread((3, 4), d, 0 if d == "uint8" else -5, 8)
    for low, high in ((1, 3), (0, 0), (1.0, 3.5), (2, 1), (-1, 4.5)):
        if d != "uint8" or low >= 0:
            yield call(x, low, high)
    yield call(x, x_min=1, x_max=2)
    for other in DTYPES[:-1]:
        yield call(x, array((4,), other, 1), 3)
        yield call(x, array((3, 1), other, 1), array((4,), other, 1) + 2)


def _threshold(name: str, d: str) -> Iterator[Call]:
    for shape in SHAPES:
        for level, other in ((0, 1), (0.5, 2), (-1, 0.25), (1.5, -3.0)):
            yield call(array(shape, d), level, other)


def _close(name: str, d: str) -> Iterator[Call]:
    for a, b in PAIRS:
        for other in DTYPES:
            if {d, other} & {"float16"} and d != other:
                continue
            x, y = array(a, d), array(b, other, 1)
            yield call(x, y)
            yield call(x, y, rtol=0.5, atol=0.25)
            yield call(x, y, 0.0, 1.0)
    x = array((2, 3), d)
    for off in (0, 1e-9, 1e-6, 1e-3):
        yield call(x, x + off)
        yield call(x, x + off, 1e-3, 1e-2)
    yield call(x, x.astype(d), equal_nan=True)
    yield call(x, 1)
    yield call(x, 1.0, atol=0.5)
    if "float" in d:
        odd = np.array([np.nan, np.inf, -np.inf, 1], d)
        for one, other in itertools.product((odd, odd[::-1].copy()), repeat=2):
            yield from (call(one, other, equal_nan=n) for n in (False, True))


def _by_tolerances(c: Call) -> bool:
    """Of integers, Keras does not heed tolerances."""
    return all(np.asarray(a).dtype.kind == "f" for a in c.args[:2])


def _nextafter(name: str, d: str) -> Iterator[Call]:
    for seed, (a, b) in enumerate(PAIRS * 3):
        yield call(array(a, d, seed), array(b, d, seed + 1))
        yield call(array(a, d, seed), array(b, "float32", seed + 1))
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0], d)
    yield from (call(special, np.full(6, v, d)) for v in (0, 1, -1, np.inf, np.nan))
    yield from (call(special, special[::-1].copy()) for _ in range(2))


def _next(x, y):
    kind = np.result_type(x, y)
    return np.nextafter(x.astype(kind), y.astype(kind)) if kind != "float16" else None


def _polar(name: str, d: str) -> Iterator[Call]:
    for seed, shape in enumerate(((), (3,), (2, 3), (2, 1, 3)) * 2):
        yield call(spread(shape, d, 0, 3, seed), spread(shape, d, -7, 7, seed + 9))


def _pairs(name: str, d: str) -> Iterator[Call]:
    for seed, shape in enumerate(((2,), (3, 2), (4, 3, 2), (0, 2), (2, 1, 3, 2)) * 2):
        yield call(array(shape, d, seed), symbols=len(shape) > 1)


def _complex(name: str, d: str) -> Iterator[Call]:
    for seed, shape in enumerate(((), (2,), (3, 2), (4, 3, 2), (0, 2)) * 2):
        yield call(
            (array(shape, d, seed) + 1j * array(shape, d, seed + 5)).astype(
                f"complex{int(d[5:]) * 2}"
            )
        )


def _complex_or_real(name: str, d: str) -> Iterator[Call]:
    if d in WIDE:
        yield from _complex(name, d)
    yield from (call(array(s, d), want=np.imag(array(s, d))) for s in SHAPES)


ROWS = {
    **rows("abs", _one, numpy=np.abs),
    **rows("erfinv", _erfinv, dtypes=FLOATS),
    **rows("clip", _clip, numpy=np.clip),
    **rows("threshold", _threshold, dtypes=FLOATS),
    **rows("isclose", _close, keras=_by_tolerances, numpy=np.isclose, gradients=False),
    **rows("allclose", _close, keras=_by_tolerances, numpy=np.allclose, gradients=False),
    **rows("nextafter", _nextafter, dtypes=WIDE, keras=False, numpy=_next, gradients=False),
    **rows("polar", _polar, dtypes=WIDE),
    **rows("view_as_complex", _pairs, dtypes=WIDE, symbols=("batch",)),
    **rows("view_as_real", _complex, dtypes=WIDE),
    **rows("imag", _complex_or_real, numpy=np.imag),
}
