"""Each op of `keras.ops` held to real Keras: eager and symbolic, values, shapes and dtypes."""

from typing import Any

import keras as reference
import numpy as np
import torch

import torchkeras as keras
from oracle import assert_close, dtype_of, tree_map

DTYPES = ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"]
SHAPES = [(), (3,), (2, 3), (0, 3)]
_WIDE = {"float64": "float32", "int64": "int32"}


def array(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Small numbers that are exact in every dtype's neighbourhood."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    low = 0 if dtype == "uint8" else -4
    if "int" in dtype:
        return np.asarray(rng.integers(low, 5, shape)).astype(dtype)
    return np.asarray(rng.uniform(-2, 2, shape)).astype(dtype)


def _tensors(args: Any) -> Any:
    return tree_map(lambda a: torch.tensor(a) if isinstance(a, np.ndarray) else a, args)


def _described(out: Any) -> list[tuple[Any, str]]:
    flat = out if isinstance(out, (list, tuple)) else [out]
    return [(tuple(t.shape), dtype_of(t)) for t in flat]


def _narrow(described: list[tuple[Any, str]]) -> list[tuple[Any, str]]:
    return [(shape, _WIDE.get(dtype, dtype)) for shape, dtype in described]


def check_op(name: str, *args: Any, **kwargs: Any) -> None:
    """What real Keras computes, ours computes: with the same dtype, on symbols too.

    Ours keeps 64 bits where Keras narrows them. What Keras fails on is not compared.
    """
    ours, theirs = getattr(keras.ops, name), getattr(reference.ops, name)
    try:
        with torch.no_grad():
            want = theirs(*_tensors(list(args)), **kwargs)
    except Exception:
        return
    with torch.no_grad():
        got = ours(*_tensors(list(args)), **kwargs)
    assert isinstance(got, (list, tuple)) == isinstance(want, (list, tuple)), name
    a, b = _described(got), _described(want)
    assert a == b or _narrow(a) == _narrow(b), f"{name}: {a}, expected {b}"
    loose = any(d == "float16" for _, d in b)
    for x, y in zip(
        *(r if isinstance(r, (list, tuple)) else [r] for r in (got, want)), strict=True
    ):
        assert_close(x, y.to(x.dtype), 4e-3 if loose else 2e-5, 1e-6, name)
    if any(
        isinstance(x, np.ndarray) for arg in args for x in (arg if isinstance(arg, list) else [arg])
    ):
        symbols = tree_map(
            lambda x: keras.KerasTensor(x.shape, str(x.dtype)) if isinstance(x, np.ndarray) else x,
            list(args),
        )
        assert _described(ours(*symbols, **kwargs)) == a, f"{name}: symbolic"
