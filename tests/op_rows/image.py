"""Ops on images."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from image_oracle import image as pixels
from op_rows.values import FLOATS, FORMATS, ONE, WIDE, Call, Row, call, rows
from scipy import ndimage

DTYPES = ("float32", "float64", "float16", "uint8", "int32")
FILLS = ("constant", "nearest", "wrap", "reflect", "mirror")
BATCHES = ((), (2,))


def image(*shape: int, dtype: str, **options: Any) -> np.ndarray:
    return (
        pixels(*shape, **options) > 0.5
        if dtype == "bool"
        else pixels(*shape, dtype=dtype, **options)
    )


GRID = list(itertools.product(BATCHES, FORMATS))


def layouts(dtype: str) -> list[tuple[tuple[int, ...], str]]:
    """Batch and data format; of the rarer dtypes two of the four will do."""
    return GRID if dtype in ("float32", "uint8") else [GRID[0], GRID[3]]


def _colours(name: str, d: str) -> Iterator[Call]:
    for seed, (batch, data_format) in itertools.product(range(4), GRID):
        x = image(*batch, 4, 5, 3, data_format=data_format, dtype=d, seed=seed)
        yield call(x, data_format, symbols=bool(batch))


def _resize(name: str, d: str) -> Iterator[Call]:
    ways = ("nearest", "bilinear", "bicubic")
    for (batch, data_format), way in itertools.product(layouts(d), ways):
        x = image(*batch, 7, 8, 3, data_format=data_format, dtype=d)
        for size, antialias in itertools.product(((3, 4), (9, 11), (4, 13), (7, 8)), (False, True)):
            yield call(x, size, way, antialias, data_format=data_format)
    for (batch, data_format), side in itertools.product(layouts(d), ("crop", "pad")):
        for shape, size in itertools.product(((7, 12, 3), (12, 7, 3)), ((4, 4), (5, 9), (9, 5))):
            x = image(*batch, *shape, data_format=data_format, dtype=d)
            options = {f"{side}_to_aspect_ratio": True, "data_format": data_format}
            yield from (call(x, size, fill_value=v, **options) for v in (0.0, 3.0))


def _lanczos(d: str) -> Iterator[Call]:
    """Recorded from Keras on TensorFlow; on torch it has none."""
    recorded = Path(__file__).parent.parent / "ops" / "image" / "lanczos.json"
    for r in json.loads(recorded.read_text()):
        x = np.random.RandomState(0).rand(*r["shape"]).astype(d)
        y = np.array(r["output"], d)
        yield call(x, r["size"], r["interpolation"], antialias=r["antialias"], want=y)
        yield call(
            np.stack([x, x]).transpose(0, 3, 1, 2), r["size"], r["interpolation"], r["antialias"],
            data_format="channels_first", want=np.stack([y, y]).transpose(0, 3, 1, 2),
        )  # fmt: skip


PADS = ((1, 2, 3, 4), (0, 0, 0, 0), (1, 2, None, None, 9, 12), (None, None, 3, 4, 9, 12),
        (1, None, 1, 2, None, 12))  # fmt: skip
CROPS = ((1, 2, 1, 1), (0, 0, 0, 0), (1, 2, None, None, 3, 4), (None, None, 1, 2, 3, 4),
         (1, 1, 1, None, None, 2))  # fmt: skip


def _edges(name: str, d: str) -> Iterator[Call]:
    for batch, data_format in GRID:
        x = image(*batch, 5, 7, 2, data_format=data_format, dtype=d)
        for edges in PADS if name == "image.pad_images" else CROPS:
            yield call(x, *edges, data_format=data_format)


def _matrices(*shape: int) -> torch.Tensor:
    """Rotations, scales and shifts, in steps of an eighth, that reach far outside."""
    noise = np.random.default_rng(3).uniform(-1, 1, (*shape, 8))
    base = np.array([1, 0, 0, 0, 1, 0, 0, 0.0]) + np.array([0.8, 0.8, 6, 0.8, 0.8, 6, 0, 0]) * noise
    return torch.tensor(np.round(base * 8) / 8, dtype=torch.float32)


def _affine(name: str, d: str) -> Iterator[Call]:
    for (batch, data_format), way, fill in itertools.product(
        layouts(d), ("nearest", "bilinear"), FILLS
    ):
        x = image(*batch, 7, 9, 3, data_format=data_format, dtype=d)
        for value in (0, 7) if fill == "constant" else (0,):
            yield call(x, _matrices(*batch), way, fill, value, data_format)


def _perspective(name: str, d: str) -> Iterator[Call]:
    rng = np.random.default_rng(4)
    for (batch, data_format), way, seed in itertools.product(
        GRID, ("nearest", "bilinear"), range(3)
    ):
        x = image(*batch, 7, 9, 3, data_format=data_format, dtype=d, seed=seed)
        start = np.array([[0.0, 0], [0, 6], [8, 0], [8, 6]]) + np.zeros((*batch, 4, 2))
        end = start + np.array([1.0, 0]) * seed
        if "float" in d:  # of integers, Keras cuts the points to integers, too
            start = start + rng.uniform(-1, 1, start.shape)
            end = start + rng.uniform(-1, 1, start.shape)
        points = [torch.tensor(p, dtype=torch.float32) for p in (start, end)]
        yield from (call(x, *points, way, value, data_format) for value in (0, 3))


def _elastic(name: str, d: str) -> Iterator[Call]:
    """Without a seed, both draw from torch's global stream."""
    for (batch, data_format), args in itertools.product(
        GRID, ((), (5.0, 1.3), (3.0, 2.0, "nearest"), (9.0, 0.5, "bilinear", "wrap"))
    ):
        for seed in range(2):
            x = image(*batch, 7, 9, 3, data_format=data_format, dtype=d, seed=seed)
            yield call(x, *args, data_format=data_format)


def _blur(name: str, d: str) -> Iterator[Call]:
    for (batch, data_format), seed in itertools.product(GRID, range(2)):
        x = image(*batch, 9, 8, 3, data_format=data_format, dtype=d, seed=seed)
        for size, sigma in (((3, 3), (1.0, 1.0)), ((5, 5), (0.5, 0.5)), ((7, 7), (2.0, 2.0)),
                            ((3, 5), (1.0, 2.0)), ((1, 3), (0.7, 1.5)),
                            ((4, 2), (1.0, 1.0))):  # fmt: skip
            yield call(x, size, sigma, data_format)


def _blurs_rightly(c: Call) -> bool:
    """Keras blurs along the wrong axes of channels_last, and only squares."""
    return c.args[3] == "channels_first" and c.args[1][0] == c.args[1][1] in (3, 5, 7)


def _blurred(x: np.ndarray, size: Any, sigma: Any, data_format: str) -> np.ndarray:
    last = data_format == "channels_last"
    y = x.astype("float64")
    for axis, n, s in zip((-3, -2) if last else (-2, -1), size, sigma, strict=True):
        bell = np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / s) ** 2)
        shift = -((n + 1) % 2)  # of an even number of weights, the right one is the middle
        y = ndimage.correlate1d(y, bell / bell.sum(), axis, mode="constant", origin=shift)
    return y


def _sobel(name: str, d: str) -> Iterator[Call]:
    for data_format, shape in itertools.product(
        FORMATS, ((1, 1, 4, 1), (2, 6, 5, 3), (1, 5, 5, 2))
    ):
        for seed in range(3):
            x = image(*shape, data_format=data_format, dtype=d, seed=seed)
            yield call(x, data_format=data_format)


PATCHES = (
    {}, {"strides": 1}, {"strides": 2}, {"strides": 1, "dilation_rate": 2}, {"dilation_rate": 2},
    {"padding": "same"}, {"padding": "same", "strides": 2},
    {"padding": "same", "strides": 1, "dilation_rate": 2},
)  # fmt: skip


def _patches(name: str, d: str) -> Iterator[Call]:
    for (batch, data_format), options, size in itertools.product(
        GRID, PATCHES, (2, (2, 3), (3, 1))
    ):
        yield call(
            image(*batch, 7, 8, 2, data_format=data_format, dtype=d),
            size,
            data_format=data_format,
            **options,
        )


def _volumes(name: str, d: str) -> Iterator[Call]:
    for (batch, data_format), options in itertools.product(GRID, (*PATCHES[:4], *PATCHES[5:7])):
        x = image(*batch, 5, 6, 7, 2, dtype=d)
        x = np.moveaxis(x, -1, -4).copy() if data_format == "channels_first" else x
        yield from (
            call(x, size, data_format=data_format, **options) for size in ((2, 3, 2), (1, 2, 3))
        )
        if name == "image.extract_patches_3d":
            yield call(x, 3, data_format=data_format, **options)


def _coordinates(name: str, d: str) -> Iterator[Call]:
    rng = np.random.default_rng(1)
    for shape, order, fill in itertools.product(((6,), (5, 7), (4, 5, 3)), (0, 1), FILLS):
        for points, value in (((50,), 0), ((4, 6), 7)):
            at = np.round(rng.uniform(-12, 18, (len(shape), *points)) * 8) / 8
            at = torch.tensor(at, dtype=torch.float32)
            if fill == "constant" or not value:
                yield call(image(*shape, dtype=d), at, order, fill, value)


def _ssim(name: str, d: str) -> Iterator[Call]:
    for (batch, data_format), options in itertools.product(GRID, (
        {}, {"max_val": 255.0}, {"filter_size": 5}, {"filter_size": 4}, {"filter_size": 1},
        {"filter_sigma": 0.7}, {"k1": 0.1, "k2": 0.2}, {"max_val": 0.5, "filter_size": 7},
    )):  # fmt: skip
        a, b = (image(*batch, 16, 13, 3, data_format=data_format, dtype=d, seed=s) for s in (0, 1))
        yield call(a, a + 0.3 * b, data_format=data_format, **options)


METHODS = (
    "linear",
    "bilinear",
    "trilinear",
    "cubic",
    "bicubic",
    "tricubic",
    "lanczos3",
    "lanczos5",
)
PLACES = (
    ((3, 3), (5, 5), (2.0, 2.0), (-0.5, -0.5), (0, 1)),
    ((6, 7), (4, 5), (0.5, 0.7), (0.3, -0.2), (0, 1)),
    ((6, 7), (9, 9), (1.0, 1.3), (2.0, -1.5), (0, 1)),
    ((3, 8), (3, 5), (0.4,), (0.0,), (-1,)),
    ((2, 5, 6, 3), (2, 7, 3, 3), (1.5, 0.4), (0.5, 0.1), (1, 2)),
    ((4, 3, 5, 2), (6, 3, 5, 3), (1.2, 1.4), (0.5, 0.1), (0, -1)),
)

BYTES = (((6, 7), (9, 4), (1.5, 0.6), (0.1, 0.2), (0, 1)),)  # no halves, which digits decide


def _placed(name: str, d: str) -> Iterator[Call]:
    for method, antialias in itertools.product(METHODS, (True, False)[: 1 + (d != "uint8")]):
        for shape, new, scale, shift, dims in PLACES if d != "uint8" else BYTES:
            places = [torch.tensor(v, dtype=torch.float32) for v in (scale, shift)]
            yield call(image(*shape, dtype=d), new, *places, dims, method, antialias)


BATCH = {"symbols": ("batch",)}
ROWS = {
    **rows("image.rgb_to_hsv image.hsv_to_rgb", _colours, dtypes=FLOATS, **BATCH),
    **rows("image.rgb_to_grayscale", _colours, dtypes=DTYPES, **BATCH),
    **rows("image.resize", _resize, dtypes=DTYPES, **BATCH),
    "image.resize/lanczos": Row(_lanczos, ONE),
    **rows("image.pad_images image.crop_images", _edges, dtypes=DTYPES, symbols=("batch", "all")),
    **rows("image.affine_transform", _affine, dtypes=(*DTYPES, "bool"), **BATCH),
    # Keras solves for the coefficients in single precision.
    **rows(
        "image.perspective_transform",
        _perspective,
        dtypes=("float32", "float64", "uint8"),
        rtol=1e-4,
        slope=1e-3,
        **BATCH,
    ),
    **rows("image.elastic_transform", _elastic, dtypes=WIDE, rtol=1e-4, slope=1e-3, **BATCH),
    **rows(
        "image.gaussian_blur", _blur, dtypes=FLOATS, keras=_blurs_rightly, numpy=_blurred, **BATCH
    ),
    **rows("image.sobel_edges", _sobel, dtypes=DTYPES, **BATCH),
    **rows("image.extract_patches", _patches, dtypes=("float32", "float64", "uint8"), **BATCH),
    **rows("image.extract_patches_3d", _volumes, dtypes=WIDE, **BATCH),
    "image.extract_patches/3d": Row(lambda d: _volumes("image.extract_patches", d), ONE, **BATCH),
    **rows("image.map_coordinates", _coordinates, dtypes=(*DTYPES, "bool")),
    **rows("image.ssim", _ssim, dtypes=WIDE, **BATCH),
    **rows("image.scale_and_translate", _placed, dtypes=("float32", "float64", "uint8"), **BATCH),
}
