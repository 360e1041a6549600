"""Ops that join, cut, repeat, reorder and pick entries of arrays."""

from collections.abc import Iterator

import numpy as np
import torch
from op_rows.values import DTYPES, Call, array, call, rows

INDEX = np.random.default_rng(5)


def _joined(name: str, d: str) -> Iterator[Call]:
    for shape in ((3,), (2, 3), (2, 3, 4)):
        a = array(shape, d)
        axes = range(-len(shape) - (name == "stack"), len(shape) + (name == "stack"))
        for axis in axes:
            yield call([a, array(shape, d, 1)], axis=axis)
            yield call((a, a, a), axis)
        for other in DTYPES:
            yield call([a, array(shape, other, 1)])
        yield call([a])
    if name == "stack":
        yield call([array((), d), array((), d, 1)])
    else:
        yield call([array((2, 3), d), array((2, 1), d), array((2, 0), d)], axis=1)
        yield call([array((0, 3), d), array((4, 3), d)])


def _expand_dims(name: str, d: str) -> Iterator[Call]:
    for shape in ((), (3,), (2, 3)):
        yield from (call(array(shape, d), a) for a in range(-len(shape) - 1, len(shape) + 1))
        for axes in ((0, -1), [1, 0], (0, 1, 2)):
            yield call(array(shape, d), axis=axes)


def _squeeze(name: str, d: str) -> Iterator[Call]:
    for shape in ((1,), (1, 3), (2, 1, 3, 1), (1, 1), (2, 3)):
        x = array(shape, d)
        yield call(x)
        ones = [a for a, n in enumerate(shape) if n == 1]
        yield from (call(x, axis=a) for a in ones)
        yield from (call(x, axis=a - len(shape)) for a in ones)
        yield call(x, axis=tuple(ones))


def _flip(name: str, d: str) -> Iterator[Call]:
    for shape in ((4,), (2, 3), (2, 3, 4)):
        x = array(shape, d)
        for axis in (None, 0, -1, (0,), tuple(range(len(shape))), *([1, (0, -1)] * (x.ndim > 1))):
            yield call(x, axis=axis)
    yield call(array((0, 3), d))


def _repeat(name: str, d: str) -> Iterator[Call]:
    for shape in ((3,), (2, 3), (2, 3, 1)):
        x = array(shape, d)
        yield from (call(x, n) for n in (0, 1, 3))
        for axis in range(-len(shape), len(shape)):
            yield call(x, 2, axis=axis)
            yield call(x, [i + 1 for i in range(shape[axis])], axis)
    yield call(array((3,), d), [1, 0, 2])


def _reshape(name: str, d: str) -> Iterator[Call]:
    for shape, news in {
        (): ((1,), (1, 1), (-1,)),
        (6,): ((2, 3), (-1, 2), (6,), [3, 2], (1, -1, 1), -1, 6),
        (2, 3, 4): ((24,), (-1,), (4, -1), (3, 2, 4), (2, -1), (2, 3, 2, 2)),
        (0, 3): ((0,), (3, 0), (0, 5)),
    }.items():
        yield from (call(array(shape, d), new) for new in news)


def _split(name: str, d: str) -> Iterator[Call]:
    for shape in ((6,), (4, 6), (6, 2, 4)):
        x = array(shape, d)
        for axis in range(-len(shape), len(shape)):
            yield from (call(x, n, axis=axis) for n in (1, 2))
            yield from (call(x, at, axis) for at in ([1], (1, 2), [0, 2], []))


def _tile(name: str, d: str) -> Iterator[Call]:
    for shape in ((), (3,), (2, 3), (0, 2)):
        x = array(shape, d)
        yield from (call(x, n) for n in (2, (2,), (2, 3), [1, 2, 2], (0, 1), (1,)))


def _transpose(name: str, d: str) -> Iterator[Call]:
    for shape, orders in {
        (3,): (None, (0,)),
        (2, 3): (None, (1, 0), (0, 1), [-1, 0]),
        (2, 3, 4): (None, (0, 2, 1), (2, 0, 1), (-1, 0, 1), [1, 2, 0]),
        (2, 1, 3, 2): (None, (0, 3, 1, 2)),
    }.items():
        yield from (call(array(shape, d), order) for order in orders)
        yield call(array(shape, d))


def _take(name: str, d: str) -> Iterator[Call]:
    for shape in ((5,), (4, 3), (2, 3, 4)):
        x = array(shape, d)
        for axis in (None, *range(-len(shape), len(shape))):
            n = x.size if axis is None else shape[axis]
            for where in ((), (2,), (2, 3)):
                yield call(x, np.asarray(INDEX.integers(-n, n, where)), axis=axis)
            yield call(x, 1, axis=axis)
            yield call(x, [0, n - 1, -1], axis)
            yield call(x, np.zeros((2,), "int32"), axis)


def _unstack(name: str, d: str) -> Iterator[Call]:
    for shape in ((3,), (2, 3), (2, 3, 4)):
        x = array(shape, d)
        yield from (call(x, axis=a) for a in range(-len(shape), len(shape)))
        yield from (call(x, shape[a], a) for a in range(len(shape)))


KEYS = (
    0, -1, slice(None), slice(1, None), slice(None, -1), slice(None, None, 2), (0, 1), (0, -1, 2),
    (slice(None), 1), (Ellipsis, 0), (0, Ellipsis), Ellipsis, None, (slice(None), None),
    (None, 0, Ellipsis, None), (slice(0, None), slice(1, 3), slice(None, None, 3)),
    (1, slice(None), -1), (slice(None), slice(None), slice(1, 3)), (),
)  # fmt: skip


def _get_item(name: str, d: str) -> Iterator[Call]:
    x = array((2, 3, 4), d)
    for key in KEYS:  # of an unknown size, ours takes for granted that there is as much
        yield call(x, key, symbols="slice(1, 3" not in str(key))
    yield from (call(array((5,), d), key) for key in (2, slice(1, 4), slice(None, None, 2), None))


def _where(name: str, d: str) -> Iterator[Call]:
    shapes = (((2, 3), (2, 3), (2, 3)), ((3,), (2, 3), (3,)), ((2, 1), (3,), ()),
              ((), (2, 3), (2, 3)), ((2, 3), (), (1, 3)), ((0, 3), (3,), (0, 3)))  # fmt: skip
    for a, b, c in shapes:
        for other in DTYPES if () not in (b, c) else (d,):
            yield call(array(a, "bool"), array(b, d), array(c, other, 1))
    x, yes = array((2, 3), d), array((2, 3), "bool", 2)
    for number in (0, 2, 1.5, True):
        yield call(yes, x, number)
        yield call(yes, number, x)
    yield call(yes, 1, 0)
    yield call(yes, 1.0, 0)
    yield call(array((2, 3), d), x, array((2, 3), "float32", 1))


PATTERNS = (
    ("b h w -> h b w", {}), ("b h w -> b (h w)", {}), ("b h w -> (b h) w", {}),
    ("b h w -> w h b", {}), ("b (h p) w -> b h p w", {"p": 3}),
    ("b h (p w) -> b (h p) w", {"p": 2}), ("b h (w p) -> (b p) h w", {"p": 2}),
    ("b ... -> ... b", {}), ("b h w -> (b h w)", {}),
    ("b h w -> b 1 h w", {}), ("b h (w p q) -> b q (h p) w", {"p": 2, "q": 2}),
)  # fmt: skip


def _rearrange(name: str, d: str) -> Iterator[Call]:
    for seed in range(2):
        x = array((2, 3, 4), d, seed)
        yield from (call(x, pattern, **sizes) for pattern, sizes in PATTERNS)


def _rearranged(x: np.ndarray, pattern: str, **sizes: int) -> np.ndarray:
    import einops

    return einops.rearrange(x, pattern, **sizes)


def _slice(name: str, d: str) -> Iterator[Call]:
    x = array((4, 3), d)
    for start, size in (((1, 0), (2, 1)), ((0, 0), (4, 3)), ([1, 1], [2, 2]), ((3, 2), (1, 1)),
                        ((0, 2), (4, 1))):  # fmt: skip
        yield call(x, start, size)
    yield call(array((5,), d), (1,), (3,))
    yield call(array((2, 3, 4), d), (0, 1, 2), (2, 2, 2))
    yield call(array((2, 3, 4), d), torch.tensor([1, 0, 1]), (1, 2, 3))


def _slice_update(name: str, d: str) -> Iterator[Call]:
    x = array((4, 3), d)
    for start, size in (((1, 0), (2, 1)), ((0, 0), (4, 3)), ([1, 1], (2, 2)), ((3, 2), (1, 1))):
        yield call(x, start, array(size, d, 1))
        yield call(x, start, array(size, "float32", 1))
    yield call(array((5,), d), (1,), array((3,), d, 1))
    yield call(array((2, 3, 4), d), (0, 1, 2), array((2, 2, 2), d, 1))
    yield call(array((2, 3, 4), d), torch.tensor([1, 0, 1]), array((1, 2, 3), d, 1))


def _indices(shape: tuple[int, ...], count: tuple[int, ...], unique: bool) -> np.ndarray:
    if not unique:
        return np.stack([INDEX.integers(0, n, count) for n in shape], -1)
    every = INDEX.permutation(int(np.prod(shape)))[: int(np.prod(count))]
    return np.stack(np.unravel_index(every, shape), -1).reshape(*count, len(shape))


def _scatter(name: str, d: str) -> Iterator[Call]:
    for shape in ((6,), (3, 4), (3, 4, 2)):
        for depth in range(1, len(shape) + 1):
            for count in ((1,), (3,), (2, 2)):
                where = _indices(shape[:depth], count, unique=False)
                for index in (where, where.astype("int32")):
                    yield call(index, array((*count, *shape[depth:]), d), shape)
    yield call(np.zeros((0, 1), int), array((0,), d), (3,))


def _scatter_update(name: str, d: str) -> Iterator[Call]:
    for shape in ((6,), (3, 4), (3, 4, 2)):
        x = array(shape, d)
        for depth in range(1, len(shape) + 1):
            for count in ((1,), (3,)):
                new = array((*count, *shape[depth:]), d, 1)
                # Of two updates of one place, either may come last.
                yield call(x, _indices(shape[:depth], count, unique=True), new)
                for way in ("add", "max", "min", "mul"):
                    yield call(x, _indices(shape[:depth], count, unique=False), new, reduction=way)


def _some(c: Call) -> bool:
    """Of 0 repetitions Keras's symbols do not know that nothing is left."""
    return 0 not in np.ravel(c.args[1]).tolist()


def _unstacked(lib):
    """Keras's is a tuple, and a list in its documentation."""
    return lambda *args, **kwargs: list(lib.ops.unstack(*args, **kwargs))


def _from_the_start(c: Call) -> bool:
    """Of flat arrays, Keras takes negative indices wrongly."""
    axis = c.kwargs.get("axis", *c.args[2:] or (None,))
    return axis is not None or np.min(c.args[1], initial=0) >= 0


ROWS = {
    **rows("concatenate", _joined, numpy=lambda xs, axis=0: np.concatenate(xs, axis)),
    **rows("stack", _joined, numpy=np.stack),
    **rows("expand_dims", _expand_dims, numpy=np.expand_dims),
    **rows("squeeze", _squeeze, numpy=np.squeeze),
    **rows("flip", _flip, numpy=np.flip),
    **rows("repeat", _repeat, keras=_some, numpy=np.repeat),
    **rows("reshape", _reshape, numpy=np.reshape),
    **rows("split", _split, numpy=np.split),
    **rows("tile", _tile, keras=_some, numpy=np.tile),
    **rows("transpose", _transpose, numpy=np.transpose),
    **rows(
        "take", _take, dtypes=("float32", "int32", "bool"), keras=_from_the_start, numpy=np.take
    ),
    **rows("unstack", _unstack, function=_unstacked),
    **rows("get_item", _get_item, numpy=lambda x, key: x[key]),
    **rows("where", _where, numpy=np.where),
    **rows("rearrange", _rearrange, numpy=_rearranged),
    **rows("slice", _slice),
    **rows("slice_update", _slice_update),
    **rows("scatter", _scatter, symbols=("batch",)),
    **rows("scatter_update", _scatter_update, symbols=("batch",)),
}
