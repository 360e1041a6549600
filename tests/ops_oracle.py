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


def check_op(name: str, *args: Any, **kwargs: Any) -> bool:
    """What real Keras computes, ours computes: with the same dtype, on symbols too.

    Ours keeps 64 bits where Keras narrows them. What Keras fails on is not compared: then the
    answer is False.
    """
    ours, theirs = getattr(keras.ops, name), getattr(reference.ops, name)
    try:
        with torch.no_grad():
            want = theirs(*_tensors(list(args)), **kwargs)
    except Exception:
        return False
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
    return True


def _symbols(lib: Any, args: Any, unknown: bool) -> Any:
    def symbol(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        return lib.KerasTensor(
            (None, *x.shape[1:]) if unknown and x.ndim else x.shape, str(x.dtype)
        )

    return tree_map(symbol, args)


def check_symbols(name: str, *args: Any, unknown: bool = True, **kwargs: Any) -> bool:
    """Of symbols whose first size is not known, both libraries tell the same shape and dtype.

    A dtype that Keras tells of symbols but does not give then is not compared.
    """
    ours, theirs = getattr(keras.ops, name), getattr(reference.ops, name)
    try:
        want = _described(theirs(*_symbols(reference, list(args), unknown), **kwargs))
        with torch.no_grad():
            true = _described(theirs(*_tensors(list(args)), **kwargs))
    except Exception:
        return False
    got = _described(ours(*_symbols(keras, list(args), unknown), **kwargs))
    assert [s for s, _ in got] == [s for s, _ in want], f"{name}: {got}, expected {want}"
    kinds = [([d for _, d in _narrow(which)]) for which in (got, want, true)]
    assert kinds[1] != kinds[2] or kinds[0] == kinds[1], f"{name}: {got}, expected {want}"
    return True


def check_gradients(name: str, *args: Any, **kwargs: Any) -> bool:
    """The gradients of the sum of the results are those of real Keras."""
    found = []
    for lib in (reference, keras):
        leaves = [
            torch.tensor(a, requires_grad=True)
            if isinstance(a, np.ndarray) and a.dtype.kind == "f"
            else a
            for a in args
        ]
        inputs = [x for x in leaves if isinstance(x, torch.Tensor)]
        try:
            out = getattr(lib.ops, name)(*_tensors(leaves), **kwargs)
            outs = out if isinstance(out, (list, tuple)) else [out]
            found.append(torch.autograd.grad(sum(o.sum() for o in outs), inputs, allow_unused=True))
        except Exception:
            if lib is keras:
                raise
            return False
    for a, b in zip(*found, strict=True):
        a, b = (torch.zeros(()) if g is None else g for g in (a, b))
        assert_close(b.expand_as(a) if b.ndim == 0 else b, a.expand_as(b), 2e-5, 1e-6, name)
    return True
