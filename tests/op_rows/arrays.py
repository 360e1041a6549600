"""Ops that make arrays, tell what they are, and change their dtype."""

from collections.abc import Iterator

import numpy as np
import torch
from op_rows.values import DTYPES, Call, array, call, rows, spread

SHAPES = ((), (1,), (3,), (2, 3), (0, 3), (2, 1, 3))
KINDS = (
    None,
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int32",
    "int64",
    "uint8",
    "int8",
    "bool",
)


def _filled(name: str, d: str) -> Iterator[Call]:
    for shape in (*SHAPES, [2, 3], (4, 0)):
        yield call(shape)
        yield call(shape, d)
        yield from (call(shape, dtype=k) for k in KINDS)


def _like(name: str, d: str) -> Iterator[Call]:
    for shape in SHAPES:
        x = array(shape, d)
        yield call(x)
        yield from (call(x, dtype=k) for k in KINDS)


def _arange(name: str, d: str) -> Iterator[Call]:
    for args in ((5,), (0,), (2, 7), (7, 2), (1, 9, 3), (9, 1, -2), (-3, 3), (0, 1, 0.25),
                 (2.5,), (1.0, 4.0), (0.5, 3), (5, 0, -1.5), (1, 1), (True, 3)):  # fmt: skip
        yield call(*args)
        if "int" not in d or args != (0, 1, 0.25):  # a step of 0
            yield call(*args, dtype=d)
    yield call(torch.tensor(4).to(getattr(torch, d)))
    yield call(1, torch.tensor(5).to(getattr(torch, d)), dtype=d)
    yield call(start=2, stop=12, step=5)


def _numpy_arange(*args, **kwargs):
    if "int" in kwargs.get("dtype", "") and any(isinstance(a, float) for a in args):
        return None  # torch rounds the step as well
    return np.arange(*(a.item() if isinstance(a, torch.Tensor) else a for a in args), **kwargs)


def _cast(name: str, d: str) -> Iterator[Call]:
    for kind in KINDS[1:]:
        for shape in SHAPES[:5]:
            yield call(array(shape, d), kind)
        yield call(array((2, 3), d), dtype=kind)
        yield call([1, 2], kind)
        yield call(True, kind)
    x = spread((4, 5), d, 0 if d == "uint8" else -3.5, 7.5)
    yield from (call(x, k) for k in ("int32", "int64", "float32", "bool"))


def _saturate(name: str, d: str) -> Iterator[Call]:
    yield from _cast(name, d)
    if d in ("float32", "float64", "int32", "int64"):
        big = np.array([-70000, -300, -129, -1, 0, 127, 128, 255, 256, 40000], d)
        for kind in ("uint8", "int8", "int16", "int32", "float32", "float16", "bool"):
            yield call(big, kind)


def _from_floats(c: Call) -> bool:
    """Of integers made floats, Keras gives the lowest number of all."""
    kind = c.kwargs.get("dtype", *c.args[1:])
    return "float" not in kind or np.asarray(c.args[0]).dtype.kind not in "iu"


def _saturated(x, dtype):
    x = np.asarray(x)
    if dtype == "bfloat16" or dtype == "bool":
        return None
    limits = np.iinfo(dtype) if "int" in dtype else np.finfo(dtype)
    return np.clip(x.astype("float64"), float(limits.min), float(limits.max)).astype(dtype)


def _told(name: str, d: str) -> Iterator[Call]:
    for shape in (*SHAPES, (2, 3, 4), (0,)):
        yield call(array(shape, d))


def _told_of_values(name: str, d: str) -> Iterator[Call]:
    yield from _told(name, d)
    yield from (call(v) for v in (1, 2.5, True, [1, 2], [[1.5], [2.0]], [True], ((1, 2), (3, 4))))


def _converted(name: str, d: str) -> Iterator[Call]:
    yield from _told_of_values(name, d)
    for kind in KINDS:
        yield from (call(v, dtype=kind) for v in (array((2, 3), d), 3, 2.5, True, [1, 0]))
    yield call([torch.ones(2), torch.zeros(2)])


def _is_tensor(name: str, d: str) -> Iterator[Call]:
    yield from _told(name, d)
    yield from (call(v) for v in (1, 2.5, None, "a", [1, 2], (torch.ones(1),), {}, np.float32(1)))


def _shape(lib):
    return lambda x: str(tuple(lib.ops.shape(x)))


ROWS = {
    **rows("zeros ones", _filled, gradients=False),
    **rows("empty", _filled, gradients=False, values=False),
    **rows("zeros_like", _like, gradients=False),
    **rows("ones_like", _like, gradients=False),
    **rows("empty_like", _like, gradients=False, values=False),
    **rows("arange", _arange, dtypes=DTYPES[:-1], numpy=_numpy_arange),
    **rows("cast", _cast),
    **rows("saturate_cast", _saturate, keras=_from_floats, numpy=_saturated),
    **rows("shape", _told, function=_shape),
    **rows("ndim", _told_of_values),
    **rows("dtype", _told, symbols=()),
    **rows("convert_to_tensor", _converted, symbols=()),
    **rows("convert_to_numpy", _told_of_values, symbolic=False, gradients=False),
    **rows("is_tensor", _is_tensor),
    **rows("stop_gradient", _told),
}
