"""Calls of each function of `keras.random`, and the distribution that each draws from."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import stats

SHAPES = ((), (1,), (5,), (2, 3), (0, 4), (3, 1, 2))
FLOATS = (None, "float32", "float64", "float16", "bfloat16")
INTEGERS = ("int32", "int64", "uint8", "int16")
SAMPLE = 20_000

Call = tuple[tuple[Any, ...], dict[str, Any], Any]  # arguments, and the law of a large sample


def _shaped(parameters: list[tuple[tuple[Any, ...], Any]], dtypes: Any) -> Iterator[Call]:
    for args, law in parameters:
        for dtype in dtypes:
            yield from (((shape, *args), {"dtype": dtype}, None) for shape in SHAPES)
            if dtype not in ("float16", "bfloat16"):
                yield ((SAMPLE,), *args), {"dtype": dtype}, law


def _normal() -> Iterator[Call]:
    pairs = [(0.0, 1.0), (3.0, 0.1), (-20, 5)]
    yield from _shaped([((m, s), stats.norm(m, s)) for m, s in pairs], FLOATS)
    yield ((SAMPLE,),), {}, stats.norm(0, 1)


def _truncated() -> Iterator[Call]:
    pairs = [(0.0, 1.0), (3.0, 0.1), (-20, 5)]
    yield from _shaped([((m, s), stats.truncnorm(-2, 2, m, s)) for m, s in pairs], FLOATS)


def _uniform() -> Iterator[Call]:
    pairs = [(0.0, 1.0), (-2, 7.0), (5, 5.5)]
    yield from _shaped([((a, b), stats.uniform(a, b - a)) for a, b in pairs], FLOATS)


def _gamma() -> Iterator[Call]:
    yield from _shaped([((a,), stats.gamma(a)) for a in (0.3, 1.0, 2.5, 9.0)], FLOATS[:3])


def _beta() -> Iterator[Call]:
    pairs = [(0.5, 0.5), (1.0, 3.0), (4.0, 2.0)]
    yield from _shaped([((a, b), stats.beta(a, b)) for a, b in pairs], FLOATS[:3])


def _binomial() -> Iterator[Call]:
    pairs = [(1, 0.5), (5, 0.1), (40, 0.8)]
    yield from _shaped([((n, p), stats.binom(n, p)) for n, p in pairs], FLOATS[:3])


def _randint() -> Iterator[Call]:
    pairs = [(0, 2), (3, 9), (0, 100)]
    yield from _shaped([((a, b), stats.randint(a, b)) for a, b in pairs], INTEGERS)


def _categorical() -> Iterator[Call]:
    for shares in ([0.1, 0.2, 0.7], [0.25] * 4, [0.01, 0.99]):
        law = stats.rv_discrete(values=(np.arange(len(shares)), shares))
        for rows in (1, 3):
            logits = np.log([shares] * rows).astype("float32") + 2
            for dtype in INTEGERS[:3]:
                yield from (((logits, n), {"dtype": dtype}, None) for n in (1, 7))
                yield (logits, SAMPLE), {"dtype": dtype}, law


def _dropout() -> Iterator[Call]:
    for rate in (0.1, 0.25, 0.5, 0.9):
        law = stats.rv_discrete(values=((0, 1), (rate, 1 - rate)))
        for shape in SHAPES:
            for dtype in ("float32", "float64", "float16"):
                yield (np.ones(shape, dtype), rate), {}, None
        yield (np.ones((2, 3, 4), "float32"), rate), {"noise_shape": (2, 1, 4)}, None
        yield (np.full((SAMPLE,), 1 - rate, "float32"), rate), {}, law


def _shuffle() -> Iterator[Call]:
    for shape in SHAPES[1:]:
        for axis in range(-len(shape), len(shape)):
            for dtype in ("float32", "int32", "int64", "bool"):
                yield (np.arange(np.prod(shape)).reshape(shape).astype(dtype), axis), {}, None
    yield (np.arange(SAMPLE) / SAMPLE,), {}, stats.uniform(0, 1)


ROWS = {
    "normal": _normal,
    "truncated_normal": _truncated,
    "uniform": _uniform,
    "gamma": _gamma,
    "beta": _beta,
    "binomial": _binomial,
    "randint": _randint,
    "categorical": _categorical,
    "dropout": _dropout,
    "shuffle": _shuffle,
    "SeedGenerator": None,  # drawn from in all other rows, beside Keras's
}
