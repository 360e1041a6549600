"""Ops that layers are made of: pools, convolutions, patches, sequences, class numbers."""

import itertools
from collections.abc import Iterator

import numpy as np
from op_rows.values import FLOATS, FORMATS, ONE, WIDE, Call, Row, array, call, rows, spread

SPATIAL = {1: (7,), 2: (7, 6), 3: (5, 6, 4)}
SIZE = {1: (3,), 2: (3, 2), 3: (2, 3, 2)}


def images(rank: int, channels: int, data_format: str, d: str) -> np.ndarray:
    x = spread((2, *SPATIAL[rank], channels), d, -2, 2, rank)
    return x if data_format == FORMATS[0] else np.moveaxis(x, -1, 1).copy()


def _adaptive(name: str, d: str) -> Iterator[Call]:
    for rank, data_format in itertools.product((1, 2, 3), FORMATS):
        x = images(rank, 3, data_format, d)
        for size in (1, 2, 3, (2,) * rank, tuple(range(1, rank + 1))):
            yield call(x, size, data_format)


WINDOWS = list(itertools.product((1, 2), ("valid", "same"), FORMATS, (1, 2)))


def _separable(name: str, d: str) -> Iterator[Call]:
    for rank, rest in itertools.product((1, 2), WINDOWS):
        x = images(rank, 3, rest[2], d)
        kernel = spread((*SIZE[rank], 3, 2), d, -1, 1, 1)
        point = spread((*(1,) * rank, 6, 4), d, -1, 1, 2)
        yield call(x, kernel, point, *rest)
    yield call(images(2, 3, FORMATS[0], d), spread((2, 2, 3, 1), d, -1, 1),
               spread((1, 1, 3, 5), d, -1, 1), strides=(2, 2))  # fmt: skip


def _grouped(ops, x, kernel, rest):
    """Keras's convolution in groups of one channel: of 3 dimensions it has no depthwise one."""
    return ops.conv(x, ops.reshape(kernel, (*kernel.shape[:-2], 1, -1)), *rest)


def _depthwise_3d(name: str, d: str) -> Iterator[Call]:
    def want(lib):
        return lambda x, kernel, *rest: _grouped(lib.ops, x, kernel, rest)

    for rest in WINDOWS:
        for channels, multiplier in ((3, 2), (1, 3), (4, 1)):
            kernel = spread((*SIZE[3], channels, multiplier), d, -1, 1, 1)
            yield call(images(3, channels, rest[2], d), kernel, *rest, want=want)


def _separable_3d(name: str, d: str) -> Iterator[Call]:
    def want(lib):
        def function(x, kernel, point, *rest):
            y = _grouped(lib.ops, x, kernel, rest)
            return lib.ops.conv(y, point, 1, "valid", rest[2])

        return function

    for rest in WINDOWS:
        kernel = spread((*SIZE[3], 3, 2), d, -1, 1, 1)
        point = spread((1, 1, 1, 6, 4), d, -1, 1, 2)
        yield call(images(3, 3, rest[2], d), kernel, point, *rest, want=want)


def _one_hot(name: str, d: str) -> Iterator[Call]:
    for values in ([0, 2, 5, 1], [[0, 1], [2, 1]], [[1], [2]], 2, [[[0, 3], [1, 2]]], [-1, 4]):
        if d == "uint8" and np.min(values) < 0:
            continue
        x = np.array(values, d)
        for axis in (-1, *range(x.ndim + 1)):
            for kind in (None, "int32", "bool", "float16"):
                yield call(x, 4, axis=axis, dtype=kind)
    yield call([0, 1], 3)


def _multi_hot(name: str, d: str) -> Iterator[Call]:
    for values in (
        [1, 2],
        [[1, 2], [0, 0]],
        [[[1, 2], [2, 2], [0, 1]]],
        [[1], [3]],
        [[0], [2], [1]],
    ):
        x = np.array(values, d)
        for kind in (None, "int32", "bool", "float16"):
            yield call(x, 4, dtype=kind)
            yield call(x, 5, -1, kind)
        yield call(x, num_tokens=4)


def _glu(name: str, d: str) -> Iterator[Call]:
    for shape in ((4,), (3, 4), (2, 4, 6), (1, 2, 2)):
        for axis in range(-len(shape), len(shape)):
            if shape[axis] % 2 == 0:  # of an odd size nothing is told, so neither of an unknown one
                yield call(
                    spread(shape, d, -3, 3),
                    axis,
                    symbols=axis % len(shape) not in (0, len(shape) - 1),
                )
    yield call(spread((2, 6), d, -3, 3))


def _sparsemax(name: str, d: str) -> Iterator[Call]:
    for seed in range(2):
        for shape in ((4,), (1,), (3, 4), (2, 4, 6), (5, 9)):
            for axis in range(-len(shape), len(shape)):
                yield call(spread(shape, d, -2, 2, seed), axis)


def _projected(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """The nearest point of the simplex: all is lowered by one number, and cut at 0."""
    z = np.moveaxis(x.astype("float64"), axis, -1)
    down = -np.sort(-z, -1)
    excess = np.cumsum(down, -1) - 1
    kept = (down * np.arange(1, z.shape[-1] + 1) > excess).sum(-1, keepdims=True)
    level = np.take_along_axis(excess, kept - 1, -1) / kept
    return np.moveaxis(np.maximum(z - level, 0), -1, axis)


def _fold(name: str, d: str) -> Iterator[Call]:
    for size, kernel, dilation, padding, stride in itertools.product(
        ((4, 5), (6, 6)), (2, (2, 3)), (1, 2), (0, 1), (1, 2)
    ):
        k = (kernel, kernel) if isinstance(kernel, int) else kernel
        blocks = [
            (n + 2 * padding - dilation * (m - 1) - 1) // stride + 1
            for n, m in zip(size, k, strict=True)
        ]
        if min(blocks) > 0:
            x = spread((2, 3 * k[0] * k[1], blocks[0] * blocks[1]), d, -1, 1)
            yield call(x, size, kernel, dilation, padding, stride)
            yield call(
                x, size, k, dilation=dilation, padding=(padding, padding), stride=(stride, stride)
            )


def _sequences(name: str, d: str) -> Iterator[Call]:
    for args in ((4, 2), (1, 1), (10, 3), (3, 5), (5, 1)):
        for shape in ((10,), (2, 11), (2, 3, 10)):
            yield call(array(shape, d), *args)
            yield call(array(shape, d, 1), sequence_length=args[0], sequence_stride=args[1])


def _average_same(name: str, d: str) -> Iterator[Call]:
    def want(lib):
        def function(x, size, strides, padding, data_format):
            """Sums over what there is: Keras averages copies of the edge in."""
            channels = x.shape[1 if data_format == "channels_first" else -1]
            ones = lib.ops.ones((*size, channels, 1))
            rest = (strides, padding, data_format, 1)
            sums = [_grouped(lib.ops, t, ones, rest) for t in (x, lib.ops.ones_like(x))]
            return sums[0] / sums[1]

        return function

    for rank, data_format, strides in itertools.product((1, 2, 3), FORMATS, (1, 2, 3)):
        x = images(rank, 3, data_format, d)
        for size in ((2,) * rank, (3,) * rank, tuple(range(1, rank + 1))):
            yield call(x, size, strides, "same", data_format, want=want)


ROWS = {
    **rows(
        "adaptive_average_pool adaptive_max_pool", _adaptive, dtypes=WIDE, symbols=("batch", "last")
    ),
    **rows("separable_conv", _separable, dtypes=ONE, symbols=("input",)),
    "separable_conv/3d": Row(lambda d: _separable_3d("", d), ONE, symbols=("input",)),
    "depthwise_conv/3d": Row(lambda d: _depthwise_3d("", d), ONE, symbols=("input",)),
    "average_pool/same": Row(lambda d: _average_same("", d), ONE, symbols=("input",)),
    **rows("one_hot", _one_hot, dtypes=("int32", "int64", "uint8")),
    **rows("multi_hot", _multi_hot, dtypes=("int32", "int64", "uint8")),
    **rows("glu", _glu, dtypes=FLOATS),
    **rows("sparsemax", _sparsemax, dtypes=FLOATS, keras=False, numpy=_projected),
    **rows("fold", _fold, dtypes=WIDE, symbols=("batch",)),
    **rows("extract_sequences", _sequences, symbols=("batch", "last")),
}
