"""Ops that take axes away, order values along them, or multiply matrices."""

from collections.abc import Iterator

import numpy as np
from op_rows.values import DTYPES, WIDE, Call, Row, array, call, distinct, rows, spread

AXES = (None, 0, 1, -1, -2, (0, 1), (0, -1), (-1, -2), (0, 1, 2), [1])
INTEGERS = tuple(d for d in DTYPES if d != "bool")


def _over_axes(name: str, d: str) -> Iterator[Call]:
    shapes = [(2, 3, 4), (3, 1, 2)]
    for i, shape in enumerate(shapes):
        x = distinct(shape, d, i) if name in ("max", "min") else array(shape, d, i)
        if name == "prod" and x.dtype.kind == "f":
            x = np.where(x == 0, 1, x)  # the gradient at zeros is Keras's, but not its own way
        yield from (call(x, axis=a, keepdims=k) for a in AXES for k in (False, True))
    yield from (call(array(s, d)) for s in ((), (1,), (5,)))
    yield call(array((4,), d), 0)
    yield call(array((2, 3), d), -1, True)
    x = array((2, 3), d)
    if name == "prod":
        yield from (call(x, axis=a, dtype=t) for a in (None, 1) for t in ("float32", "int32"))
    if name in ("max", "min"):
        for value in (0, 100, -100) if d not in ("bool", "uint8") else (1,):
            yield from (call(x, axis=a, initial=value) for a in (None, 1))
        yield call(array((0, 3), d), 0, initial=1)
    if name in ("sum", "prod", "any", "all", "mean"):
        axes = (0, 1, None) if name != "mean" else (0,)
        yield from (call(array((0, 3), d), axis=a) for a in axes)


def _arguments(name: str, d: str) -> Iterator[Call]:
    for shape in ((2, 3, 4), (4, 1, 5), (7,)):
        x = distinct(shape, d)
        axes = (None, 0, -1, *((1,) if len(shape) > 1 else ()))
        yield from (call(x, axis=a, keepdims=k) for a in axes for k in (False, True))
    yield call(distinct((3, 4), d), 1)


def _argpartition(name: str, d: str) -> Iterator[Call]:
    # Only the place number kth is told; the order on its sides is open.
    for shape in ((6,), (3, 5), (2, 4, 3)):
        x = distinct(shape, d)
        for axis in range(-len(shape), len(shape)):
            yield from (call(x, kth, axis) for kth in (0, 1, shape[axis] - 1, -1))


def _at_kth(lib):
    def function(x, kth, axis):
        parted = lib.ops.argpartition(x, kth, axis)
        return lib.ops.take(lib.ops.take_along_axis(x, parted, axis), [kth % x.shape[axis]], axis)

    return function


def _at_kth_of_numpy(x, kth, axis):
    return np.take(np.partition(x, kth, axis), [kth % x.shape[axis]], axis)


def _matmul(name: str, d: str) -> Iterator[Call]:
    shapes = (((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)),
              ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 1)),
              ((2, 3), (5, 3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((3,), (2, 3, 4)),
              ((2, 0), (0, 3)))  # fmt: skip
    for other in DTYPES:
        if {d, other} & {"float16"} and d != other:
            continue
        for a, b in shapes[: None if d == other else 3]:
            yield call(array(a, d), array(b, other, 1))


def _slogdet(name: str, d: str) -> Iterator[Call]:
    yield from (call(spread(s, d, -2, 2)) for s in ((1, 1), (3, 3), (2, 4, 4), (2, 3, 2, 2)))
    yield call(np.zeros((2, 2), d))


def _eig(name: str, d: str) -> Iterator[Call]:
    for shape in ((1, 1), (3, 3), (2, 4, 4)):
        for seed in range(4):
            yield call(spread(shape, d, -2, 2, seed))


def _restored(lib):
    """The values in order, and the matrix made of both again: signs and order are open."""

    def function(x):
        import torch

        values, vectors = lib.ops.eig(x)
        order = torch.view_as_real(values).sum(-1)
        again = vectors @ torch.diag_embed(values) @ torch.linalg.inv(vectors)
        return order.sort(-1).values, torch.view_as_real(again)

    return function


def _lstsq(name: str, d: str) -> Iterator[Call]:
    for m, n, k in ((4, 2, 1), (5, 3, 2), (3, 3, 2), (2, 4, 3), (6, 1, 1)):
        for seed in range(3):
            a = spread((m, n), d, -2, 2, seed)
            yield call(a, spread((m, k), d, -1, 1, seed + 9))
            yield call(a, spread((m,), d, -1, 1, seed + 9))
            yield call(a, spread((m, k), d, -1, 1, seed + 9), rcond=1e-3)
    a = spread((5, 2), d, -2, 2)
    yield call(np.concatenate([a, a], 1), spread((5, 2), d, -1, 1))  # of too low a rank


def _keeps_dimensions(c: Call) -> bool:
    """Over all axes, or of nothing, Keras loses the dimensions."""
    if c.kwargs.get("keepdims") and not c.args[1:] and c.kwargs.get("axis") is None:
        return False
    return c.args[0].size > 0 or "initial" not in c.kwargs


ROWS = {
    **rows("all", _over_axes, gradients=False, numpy=np.all),
    **rows("any", _over_axes, gradients=False, numpy=np.any),
    **rows("sum", _over_axes, dtypes=INTEGERS, keras=_keeps_dimensions, numpy=np.sum),
    **rows("mean", _over_axes, dtypes=INTEGERS, numpy=np.mean),
    **rows("std", _over_axes, dtypes=INTEGERS, numpy=np.std),
    **rows("var", _over_axes, dtypes=INTEGERS, numpy=np.var),
    **rows("max", _over_axes, dtypes=INTEGERS, keras=_keeps_dimensions, numpy=np.max),
    **rows("min", _over_axes, dtypes=INTEGERS, keras=_keeps_dimensions, numpy=np.min),
    **rows("prod", _over_axes, dtypes=INTEGERS, keras=_keeps_dimensions, slope=1e-3, numpy=np.prod),
    **rows("logsumexp", _over_axes, dtypes=INTEGERS),
    **rows("argmax", _arguments, gradients=False, numpy=np.argmax),
    **rows("argmin", _arguments, gradients=False, numpy=np.argmin),
    **rows(
        "argpartition",
        _argpartition,
        dtypes=INTEGERS,
        function=_at_kth,
        symbolic=False,
        keras=False,
        numpy=_at_kth_of_numpy,
    ),
    **rows("matmul", _matmul, numpy=np.matmul),
    **rows("slogdet", _slogdet, dtypes=WIDE, numpy=np.linalg.slogdet, symbols=("stack", "all")),
    **rows("eig", _eig, dtypes=WIDE, function=_restored, symbolic=False, gradients=False),
    "eig/shapes": Row(
        lambda d: _eig("eig", d), WIDE, values=False, gradients=False, symbols=("stack",)
    ),
    **rows("lstsq", _lstsq, dtypes=WIDE, symbols=("stack", "all")),
}
