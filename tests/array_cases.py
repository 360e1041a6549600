"""Calls of the ops that reduce, order, move and join arrays: for each name, argument lists."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from ops_oracle import array

Call = tuple[tuple[Any, ...], dict[str, Any]]
METHODS = ("linear", "lower", "higher", "midpoint", "nearest")
AXES = (None, 0, 1, -1, (0, 1), (0, -1), [0, 2])


def call(*args: Any, **kwargs: Any) -> Call:
    return args, kwargs


def with_nan(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    x = array(shape, dtype, seed)
    if x.dtype.kind == "f" and x.size:
        x[np.random.default_rng(seed + 1).uniform(size=shape) < 0.4] = np.nan
        x.reshape(-1, shape[-1])[0] = np.nan  # a line of nothing else
    return x


def _axes(name: str, d: str) -> Iterator[Call]:
    x, m = array((2, 3, 4), d), array((3, 4), d)
    if name == "ravel":
        yield from (call(array(s, d)) for s in ((), (3,), (2, 3), (2, 3, 4), (0, 3)))
    elif name == "broadcast_to":
        yield from (call(m, s) for s in ((3, 4), (2, 3, 4), (2, 5, 3, 4)))
        yield call(array((3, 1), d), (2, 3, 5))
        yield call(array((), d), (2,))
        yield call(array((1, 4), d), [3, 4])
    elif name == "swapaxes":
        yield from (call(x, a, b) for a in (0, 1, -1) for b in (0, 2, -2))
    elif name == "moveaxis":
        for a, b in ((0, 1), (-1, 0), ((0, 1), (1, 2)), ([0, 2], [-1, 0]), (1, 1)):
            yield call(x, a, b)
    elif name == "roll":
        yield from (call(x, s) for s in (0, 1, -2, 30))
        yield from (call(x, s, axis=a) for s in (1, -1, 5) for a in (0, 1, -1))
        yield call(x, (1, 2), axis=(0, 2))
        yield call(x, [1, -1], axis=[1, 2])
        yield call(array((), d), 1)
    elif name == "rot90":
        yield from (call(x, k=k) for k in (-1, 0, 1, 2, 3, 5))
        yield from (call(x, 1, axes=a) for a in ((1, 0), (1, 2), (-1, 0), [0, 2]))
        yield call(m)
    elif name == "fliplr":
        yield from (call(a) for a in (m, x))
    elif name == "flipud":
        yield from (call(a) for a in (m, x, m[0]))
    elif name == "view":
        yield call(x)
        yield from (call(x, dtype=k) for k in ("int32", "float32", "uint8", "int16", "float16"))


def _parts(name: str, d: str) -> Iterator[Call]:
    x, cube = array((2, 6), d), array((2, 4, 6), d)
    if name == "append":
        for other in (array((2, 6), d, 1), array((2, 6), "int32", 1), array((2, 6), "float32", 1)):
            yield from (call(x, other, axis=a) for a in (None, 0, 1, -1))
        yield call(x, array((3,), d), axis=None)
        yield call(x, array((1, 6), d), axis=0)
        yield call(array((), d), array((2,), d))
    elif name in ("hstack", "vstack", "dstack"):
        for shape in ((), (3,), (2, 3), (2, 3, 4)):
            a = array(shape, d)
            yield from (call([a, array(shape, k, 1)]) for k in (d, "int32", "float32"))
            yield call([a])
            yield call((a, a, a))
    elif name == "array_split":
        yield from (call(x, n, axis=a) for n in (1, 2, 3, 4, 7) for a in (0, 1, -1))
        yield call(x, [1, 4], axis=1)
    else:
        axis = {"hsplit": 1, "vsplit": 0, "dsplit": 2}[name]
        size = cube.shape[axis]
        yield from (call(cube, n) for n in (1, 2, size))
        yield from (call(cube, s) for s in ([1], (1, 3), [0, 2]))
        if name == "hsplit":
            yield from (call(array((6,), d), n) for n in (2, 3, [1, 2]))


def _indexing(name: str, d: str) -> Iterator[Call]:
    x = array((2, 3, 4), d)
    if name == "take_along_axis":
        for axis, shape in ((0, (1, 3, 4)), (1, (2, 2, 4)), (2, (2, 3, 5)), (-1, (2, 1, 1))):
            n = x.shape[axis]
            yield call(x, np.random.default_rng(0).integers(-n, n, shape), axis=axis)
            yield call(x, np.zeros(shape, "int32"), axis)
        yield call(x, np.array([0, 23, -1, 5]))
    elif name == "nonzero":
        yield from (call(array(s, d)) for s in ((5,), (2, 3), (2, 3, 4)))
    elif name == "select":
        a, b = array((2, 3), d), array((2, 3), "float32", 1)
        first, second = b > 1, b > 0
        yield from (call([first, second], [a, a], v) for v in (0, 2, 1.5, True))
        yield call([first, second], [a, b])
        yield call([first], [a], default=array((2, 1), d, 2))
        yield call([first, second[0]], [a, b[0]])
    elif name == "trace":
        yield from (call(x, k, a, b) for k in (0, 1, -1) for a, b in ((0, 1), (1, 2), (-1, 0)))
        yield call(x[0])
    elif name == "unravel_index":
        for shape in ((3, 4), (2, 3, 2), (12,), [4, 3]):
            for seed, size in enumerate(((5,), (2, 3), ())):
                index = np.asarray(np.random.default_rng(seed).integers(0, 12, size))
                yield call(index.astype(d if "int" in d else "int32"), shape)
    elif name == "size":
        yield from (call(array(s, d)) for s in ((3,), (2, 3), (0, 3)))


def _products(name: str, d: str) -> Iterator[Call]:
    if name == "cross" and d == "bool":
        return
    others = (d, "int32", "float32")
    shapes = {
        "dot": (((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)),
                ((2, 3), (3, 4)), ((2, 3, 4), (4,)), ((2, 3, 4), (4, 5)), ((2, 3), (4, 3, 5)),
                ((2, 3, 4), (5, 4, 2))),
        "vdot": (((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3, 2)), ((1,), ())),
        "inner": (((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (4, 3)), ((2, 3), ()),
                  ((2, 3, 4), (5, 4))),
        "outer": (((3,), (2,)), ((2, 3), (4,)), ((), (2,)), ((2, 2), (2, 3))),
        "kron": (((3,), (2,)), ((2, 3), (2, 2)), ((2, 3), (2,)), ((), (2,))),
        "tensordot": (),
        "cross": (((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((4, 1, 3), (5, 3)),
                  ((2, 2), (2, 2)), ((2, 3), (2, 2)), ((2,), (3,))),
    }.get(name, ())  # fmt: skip
    for kind in others:
        yield from (call(array(a, d), array(b, kind, 1)) for a, b in shapes)
    a, b = array((2, 3, 4), d), array((4, 3, 5), d, 1)
    if name == "tensordot":
        yield from (call(a, b, k) for k in (0, 1, ([1], [1]), ([1, 2], [1, 0]), (2, 0), (-1, 0)))
        yield call(a, array((3, 4, 2), d))
        yield call(a, array((3, 4), "int32"), axes=[[1, 2], [0, 1]])
    elif name == "cross":
        x, y = array((3, 4), d), array((3, 4), d, 1)
        yield call(x, y, axis=0)
        yield call(x, y, axisa=0, axisb=0)
        yield call(x, y, axisa=0, axisb=0, axisc=0)
        yield call(array((4, 3), d), y, axisb=0, axisc=0)
    elif name == "einsum":
        m = array((3, 3), d)
        yield from (call(s, m) for s in ("ii", "ii->i", "ij->ji", "ij->j", "ij", "...j->..."))
        yield from (
            call(s, a, b) for s in ("abc,cbd->ad", "abc,cde->abde", "abc,cbd", "abc,dbe->e")
        )
        yield call("ab,bc,cd->ad", m, m, m)
        yield call("...ij,jk->...ik", a, array((4, 2), "int32"))
        yield call("ij , jk -> ik", m, array((3, 2), "float32"))
    elif name == "correlate":
        for mode in ("valid", "same", "full"):
            for n, k in ((5, 3), (6, 2), (4, 4), (3, 5), (2, 5), (1, 3), (7, 1)):
                yield call(array((n,), d), array((k,), d, 1), mode)
        yield call(array((5,), d), array((3,), "int32", 1))


def _padding(name: str, d: str) -> Iterator[Call]:
    x = array((3, 4), d)
    widths = (1, ((1, 2),), ((1, 0), (2, 1)), ((0, 0), (0, 3)), ((0, 0), (0, 0)))
    for mode in ("constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum",
                 "reflect", "symmetric", "wrap", "circular"):  # fmt: skip
        if mode in ("linear_ramp", "mean", "median") and d == "bool":
            continue
        for width in (*widths, ((7, 8), (5, 9))):
            yield call(x, width, mode)
    yield from (call(x, w, constant_values=v) for w in widths for v in (0, 2, 1.5, True))
    yield call(array((4,), d), (1, 2))
    yield call(array((1, 2, 2, 3), d), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    yield call(array((1, 3), d), ((2, 2), (0, 0)), mode="reflect")


def _running(name: str, d: str) -> Iterator[Call]:
    x = with_nan((2, 3, 4), d) if "nan" in name else array((2, 3, 4), d)
    if name == "diff":
        yield from (call(x, n, axis=a) for n in (0, 1, 2, 5) for a in (0, 1, -1))
    elif name == "trapezoid":
        yield from (call(x, dx=w, axis=a) for w in (1.0, 0.5, 2) for a in (0, 1, -1))
        yield call(x, x=np.array([0.0, 0.5, 2.0, 3.0], "float32"))
        yield call(x, x=np.array([0, 1, 4], "int32"), axis=1)
        yield call(x, array((2, 3, 4), "float32", 1), axis=0)
    else:
        for dtype in (None, "float32", "int32"):
            if dtype != "int32" or "nan" not in name:
                yield from (call(x, axis=a, dtype=dtype) for a in (None, 0, 1, -1))
        yield call(array((), d))


def _reductions(name: str, d: str) -> Iterator[Call]:
    if name == "ptp" and d == "bool":
        return
    x = with_nan((2, 3, 4), d) if "nan" in name else array((2, 3, 4), d)
    if name.endswith(("argmax", "argmin")):
        yield from (call(x, axis=a, keepdims=k) for a in (None, 0, 1, -1) for k in (False, True))
    elif name == "count_nonzero":
        yield from (call(x, axis=a) for a in AXES)
    else:
        yield from (call(x, axis=a, keepdims=k) for a in AXES for k in (False, True))
    yield from (call(array(s, d)) for s in ((), (3,)))


def _sorting(name: str, d: str) -> Iterator[Call]:
    x = array((2, 3, 4), d)
    if name in ("sort", "argsort"):
        yield from (call(x, axis=a) for a in (None, 0, 1, -1))
        yield call(array((7,), d))
    elif name in ("digitize", "searchsorted"):
        for kind in (d, "float32", "int32"):
            edges = np.unique(array((5,), kind, 1))
            values = array((3, 4), d, 2)
            if name == "digitize":
                yield call(values, edges)
            else:
                yield from (call(edges, values, s) for s in ("left", "right"))
                yield call(edges, values[0])
    elif name == "unique":
        m = array((4, 3), d)
        m[2] = m[0]
        others = ("return_index", "return_inverse", "return_counts")
        for given in ({}, *({o: True} for o in others), dict.fromkeys(others, True)):
            for extra in (
                {},
                {"axis": 0},
                {"axis": -1},
                {"size": 3},
                {"size": 20},
                {"size": 9, "fill_value": 1},
                {"size": 5, "axis": 0},
            ):
                yield call(m, **given, **extra)


def _statistics(name: str, d: str) -> Iterator[Call]:
    x = with_nan((2, 3, 4), d) if "nan" in name else array((2, 3, 4), d)
    if name in ("median", "nanmedian"):
        yield from (call(x, axis=a, keepdims=k) for a in AXES for k in (False, True))
        yield call(array((5,), d))
    elif "ile" in name:
        scale = 100 if "percent" in name else 1
        for method in METHODS:
            for a in AXES:
                yield call(x, 0.3 * scale, axis=a, method=method)
            yield call(x, [0.25 * scale, 0.5 * scale, scale, 0], 1, method, True)
        yield call(x, np.array([0.1, 0.9], "float32") * scale, axis=(0, 2), keepdims=True)
    elif name == "average":
        w = array((2, 3, 4), "float32", 1) + 3
        yield from (call(x, axis=a) for a in (None, 0, 1, -1))
        yield from (call(x, axis=a, weights=w) for a in (None, 0, 1, -1))
        yield from (call(x, a, w[0, 0, : x.shape[a]]) for a in (0, 1, -1))
        yield call(x, -1, array((4,), "int32", 1) ** 2 + 1)
    elif name == "corrcoef":
        yield from (call(array(s, d) + 0) for s in ((2, 3), (4, 6), (5,)))
    elif name == "histogram":
        for size in ((20,), (5, 4), (1,)):
            h = array(size, d)
            yield from (call(h, bins=b) for b in (1, 3, 10))
            yield from (call(h, 4, range=r) for r in ((-1, 1), (0.0, 0.5), [2, 7], (1, 1)))
    elif name == "bincount":
        n = np.abs(array((9,), d if "int" in d else "int32"))
        yield from (call(n, minlength=k) for k in (0, 3, 12))
        for kind in {d, "float32", "float64", "int32", "bool", "uint8"}:
            yield call(n, weights=array((9,), kind, 1))
            yield call(n, array((9,), kind, 1), 7)


FAMILIES = {
    "axes": ("ravel broadcast_to swapaxes moveaxis roll rot90 fliplr flipud view", _axes),
    "parts": ("append hstack vstack dstack array_split hsplit vsplit dsplit", _parts),
    "indexing": ("take_along_axis nonzero select trace unravel_index size", _indexing),
    "products": ("dot vdot inner outer kron cross tensordot einsum correlate", _products),
    "padding": ("pad", _padding),
    "running": ("cumsum cumprod nancumsum nancumprod diff trapezoid", _running),
    "reduction": ("amax amin ptp count_nonzero", _reductions),
    "nan": ("nanmax nanmin nansum nanprod nanmean nanvar nanstd nanargmax nanargmin", _reductions),
    "sorting": ("sort argsort digitize searchsorted unique", _sorting),
    "statistics": ("average corrcoef histogram bincount", _statistics),
    "quantiles": ("quantile nanquantile percentile nanpercentile median nanmedian", _statistics),
}
NAMES = {family: names.split() for family, (names, _) in FAMILIES.items()}
_MAKERS = {name: make for names, make in FAMILIES.values() for name in names.split()}


def calls(name: str, dtype: str) -> list[Call]:
    """Return the calls of an op on data of a dtype."""
    return list(_MAKERS[name](name, dtype))
