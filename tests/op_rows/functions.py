"""Ops that run functions: branches, loops, maps, scans, derivatives.

The functions are made of operators, so that both libraries and symbols take them. A row's
`function` makes of them a function of arrays, which is what is called.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from op_rows.values import DTYPES, FLOATS, ONE, Call, Row, array, call, spread

NUMBERS = DTYPES[:-1]
SHAPES = ((), (3,), (2, 3), (2, 1, 3))
BODIES = {
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
    "dict": lambda a, b: {"x": a + b, "y": (a * 2, b)},
    "pair": lambda a, b: (a * b, b + 1),
    "first": lambda a, b: a,
}


def _two(lib: Any, body: str, a: Any, b: Any) -> Any:
    return BODIES[body](a, b)


def _cond(lib: Any) -> Any:
    def function(pred, body, x, y):
        return lib.ops.cond(pred, lambda: _two(lib, body, x, y), lambda: _two(lib, body, y, x))

    return function


def _cond_calls(d: str) -> Iterator[Call]:
    for body, shape in itertools.product(BODIES, SHAPES[1:]):
        x, y = array(shape, d), array(shape, d, 1)
        yield from (call(p, body, x, y) for p in (True, 0, torch.tensor([False])))
        yield from (call(np.asarray(p), body, x, y) for p in (True, False))


def _switch(lib: Any) -> Any:
    def function(index, bodies, x, y):
        return lib.ops.switch(index, [BODIES[b] for b in bodies], x, y)

    return function


def _switch_calls(d: str) -> Iterator[Call]:
    branches = (("sum", "difference", "product"), ("sum",), ("first", "sum"), ("dict", "dict"))
    for bodies, shape in itertools.product(branches, SHAPES[1:]):
        x, y = array(shape, d), array(shape, d, 1)
        for i in (-3, 0, 1, 2, 7):
            yield call(torch.tensor(i) if i == 1 else i, bodies, x, y)
        yield from (call(np.asarray(i), bodies, x, y) for i in (1, 9))


def _while(lib: Any) -> Any:
    def function(kind, limit, most, x, y):
        loop = lib.ops.while_loop
        if kind == "one":
            return loop(lambda a: lib.ops.sum(a) < limit, lambda a: a * 2 + 1, x, most)
        if kind == "counter":
            body = lambda i, a, b: (i + 1, a * 2 + b, b)  # noqa: E731
            return loop(lambda i, a, b: i < limit, body, (0, x, y), most)
        if kind == "list":
            return loop(
                lambda a, b: lib.ops.max(a) < limit, lambda a, b: [a + 1, b + a], [x, y], most
            )
        return loop(
            lambda s: lib.ops.max(s["a"]) < limit, lambda s: {"a": s["a"] + 2}, {"a": x}, most
        )

    return function


def _while_calls(d: str) -> Iterator[Call]:
    for kind, shape in itertools.product(("one", "counter", "list", "dict"), ((3,), (2, 3))):
        x, y = array(shape, d) + 1, array(shape, d, 1)
        x = np.abs(x).astype(d)
        for limit, most in itertools.product((-9, 4, 6), (None, 0, 2, 9)):
            if kind != "one" or most:
                yield call(kind, limit, most, x, y)


def _fori(lib: Any) -> Any:
    def function(low, high, kind, x, y):
        bodies = {
            "double": lambda i, s: s * 2,
            "count": lambda i, s: s + i,
            "dict": lambda i, s: {"a": s["a"] + s["b"], "b": s["b"]},
        }
        start = {"a": x, "b": y} if kind == "dict" else x
        return lib.ops.fori_loop(low, high, bodies[kind], start)

    return function


def _fori_calls(d: str) -> Iterator[Call]:
    for kind, shape in itertools.product(("double", "count", "dict"), SHAPES):
        x, y = array(shape, d), array(shape, d, 1)
        for low, high in ((0, 3), (2, 5), (3, 1), (0, 0), (torch.tensor(1), torch.tensor(4))):
            yield call(low, high, kind, x, y)


MAPPED = {
    "double": lambda v: v * 2,
    "square": lambda v: v * v,
    "pair": lambda v: (v + 1, v * v),
    "dict": lambda v: {"a": v, "b": (v, v * 3)},
    "constant": lambda v: v * 0 + 1,
    "axis": lambda v: v[None],
}
MAPPED_TWO = {
    "sum": lambda p: p[0] + p[1],
    "product": lambda p: (p[0] * p[1], p[0]),
}


def _map(name: str) -> Any:
    def make(lib: Any) -> Any:
        def function(kind, *xs):
            body = MAPPED[kind] if kind in MAPPED else MAPPED_TWO[kind]
            elements = xs[0] if kind in MAPPED else list(xs) if name == "vectorized_map" else xs
            return getattr(lib.ops, name)(body, elements)

        return function

    return make


def _map_calls(d: str) -> Iterator[Call]:
    for shape in ((4,), (1,), (3, 2), (2, 3, 4)):
        x, y = array(shape, d), array(shape, d, 1)
        yield from (call(kind, x) for kind in MAPPED)
        yield from (call(kind, x, y) for kind in MAPPED_TWO)


def _scan(lib: Any) -> Any:
    steps = {
        "running": lambda c, x: (c + x, c * x),
        "last": lambda c, x: (x, c),
        "pair": lambda c, x: ((c[0] + x[0], c[1] * x[1]), {"a": c[0], "b": x[1]}),
        "count": lambda c, x: (c + c, c),
    }

    def function(kind, init, other, xs, ys, **options):
        if kind == "pair":
            return lib.ops.scan(steps[kind], (init, other), (xs, ys), **options)
        return lib.ops.scan(steps[kind], init, None if kind == "count" else xs, **options)

    return function


def _scan_calls(d: str) -> Iterator[Call]:
    for n, shape in itertools.product((1, 2, 5), ((), (3,), (2, 3))):
        init, other = array(shape, d), array(shape, d, 1)
        xs, ys = array((n, *shape), d, 2), array((n, *shape), d, 3)
        for kind in ("running", "last", "pair"):
            for options in ({}, {"reverse": True}, {"unroll": 2}, {"unroll": True}, {"length": n}):
                yield call(kind, init, other, xs, ys, **options)
        yield call("count", init, other, xs, ys, length=n)


def _associative(lib: Any) -> Any:
    def function(kind, x, y, **options):
        if kind == "two":
            step = lambda a, b: [a[0] + b[0], a[1] * b[1]]  # noqa: E731
            return lib.ops.associative_scan(step, [x, y], **options)
        body = {"sum": BODIES["sum"], "product": BODIES["product"], "max": lib.ops.maximum}[kind]
        return lib.ops.associative_scan(body, x, **options)

    return function


def _associative_calls(d: str) -> Iterator[Call]:
    for shape in ((1,), (5,), (8, 2), (2, 7, 3)):
        x, y = array(shape, d), array(shape, d, 1)
        for kind, axis in itertools.product(("sum", "product", "max", "two"), {0, len(shape) - 1}):
            yield call(kind, x, y, axis=axis)
            yield call(kind, x, y, axis=axis, reverse=True, symbols=False)


def _running(kind: str, x: np.ndarray, y: np.ndarray, axis: int, reverse: bool = False) -> Any:
    running = {"sum": np.add, "product": np.multiply, "max": np.maximum}
    if kind == "two":
        pairs = (("sum", x), ("product", y))
        return [_running(k, z, z, axis, reverse) for k, z in pairs]
    if reverse:
        return np.flip(_running(kind, np.flip(x, axis), y, axis), axis).copy()
    return running[kind].accumulate(x, axis)


VECTORIZED = {
    "add": (lambda a, b: a + b, {}, (((3,), (3,)), ((2, 1), (3,)), ((4,), ()), ((2, 3), (2, 3)))),
    "pair": (lambda a, b: (a * b, a - b), {}, (((3,), (3,)), ((2, 1), (1, 3)))),
    "matvec": (lambda m, v: m @ v, {"signature": "(n,m),(m)->(n)"},
               (((2, 3), (3,)), ((4, 2, 3), (3,)), ((4, 1, 2, 3), (5, 3)))),
    "outer": (torch.outer, {"signature": "(n),(m)->(n,m)"}, (((2,), (3,)), ((5, 2), (5, 3)))),
    "sums": (lambda a, b: (a.sum(), b + 1), {"signature": "(n),(m)->(),(m)"},
             (((2,), (3,)), ((4, 2), (4, 3)), ((4, 1, 2), (3, 3)))),
}  # fmt: skip


def _vectorize(lib: Any) -> Any:
    def function(kind, *xs):
        body, options, _ = VECTORIZED[kind]
        return lib.ops.vectorize(body, **options)(*xs)

    return function


def _vectorize_calls(d: str) -> Iterator[Call]:
    for kind, (_, _, shapes) in VECTORIZED.items():
        for seed, pair in itertools.product(range(2), shapes):
            yield call(kind, *(array(s, d, seed + i) for i, s in enumerate(pair)))


def _custom(lib: Any) -> Any:
    def function(kind, *xs):
        bodies = {
            "tenfold": lambda x: (x * x, lambda *args, upstream: 10 * upstream * args[0]),
            "reversed": lambda x: (x * 1, lambda *args, upstream: -upstream),
            "two": lambda x, y: (x * y, lambda *args, upstream: (upstream * 3, upstream * args[0])),
            "nothing": lambda x: (x + 1, lambda *args, upstream: upstream * 0),
        }
        return lib.ops.custom_gradient(bodies[kind])(*xs)

    return function


def _custom_calls(d: str) -> Iterator[Call]:
    for seed, shape in enumerate(SHAPES * 2):
        x, y = spread(shape, d, -2, 2, seed), spread(shape, d, -2, 2, seed + 9)
        yield from (call(kind, x) for kind in ("tenfold", "reversed", "nothing"))
        yield call("two", x, y)


def _jvp(lib: Any) -> Any:
    bodies = {
        "cube": lambda x: x**3,
        "pair": lambda x: (x * x, x + 1),
        "aux": lambda x: (x * x, x + 1),
        "product": lambda x, y: x * y + x,
    }

    def function(kind, *xs):
        half = len(xs) // 2
        return lib.ops.jvp(bodies[kind], xs[:half], xs[half:], has_aux=kind == "aux")

    return function


def _jvp_calls(d: str) -> Iterator[Call]:
    for seed, shape in enumerate(SHAPES * 2):
        xs = [spread(shape, d, -2, 2, seed + i) for i in range(4)]
        yield from (call(kind, *xs[:2]) for kind in ("cube", "pair", "aux"))
        yield call("product", *xs)


SOME = ("float32", "int32")
ROWS = {
    "cond": Row(_cond_calls, SOME, _cond),
    "switch": Row(_switch_calls, SOME, _switch),
    "while_loop": Row(_while_calls, ("float32", "float64", "int32"), _while),
    "fori_loop": Row(_fori_calls, NUMBERS, _fori),
    "map": Row(_map_calls, NUMBERS, _map("map")),
    "vectorized_map": Row(_map_calls, NUMBERS, _map("vectorized_map")),
    "vectorize": Row(_vectorize_calls, FLOATS[:2], _vectorize),
    "scan": Row(_scan_calls, SOME, _scan),
    "associative_scan": Row(
        _associative_calls, ONE, _associative, symbols=("batch",), numpy=_running
    ),
    # Keras makes floats of integers.
    "associative_scan/integers": Row(
        _associative_calls, ("int32",), _associative, keras=False, symbols=(), numpy=_running
    ),
    "custom_gradient": Row(_custom_calls, FLOATS[:2], _custom),
    "jvp": Row(_jvp_calls, FLOATS[:2], _jvp),
}
