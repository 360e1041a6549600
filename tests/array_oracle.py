"""A call of an op against real Keras and NumPy: values, dtypes, gradients, symbols."""

from typing import Any

import keras as reference
import numpy as np
import torch
from array_cases import calls
from ops_oracle import _described, _narrow, _tensors

import torchkeras as keras
from oracle import assert_close, tree_map

# Where Keras's torch backend does not do what its documentation and NumPy say.
_NUMPY_ONLY = {"average", "correlate", "count_nonzero", "pad", "take_along_axis"}
# What NumPy has not, or by other conventions.
_KERAS_ONLY = {"argsort", "nanargmax", "nanargmin", "select", "size", "unique", "view"}
# Keras's symbolic shapes or dtypes are not those of its results.
_EAGER_ONLY = {"corrcoef", "histogram", "kron", "nonzero", "rot90", "select", "trapezoid", "view",
               "vstack"}  # fmt: skip
# Keras's gradients are NaN, or miss a part, in lines of one value or none.
_NO_GRADIENT = {"nanpercentile", "nanquantile", "nanstd", "nanvar"}


def _differs(name: str, args: Any, kwargs: Any, got: Any, want: Any) -> bool:
    """Tell whether Keras departs from NumPy in this call."""
    if kwargs.get("keepdims") and kwargs.get("axis", args[1:2] or None) is None:
        return True  # it loses the dimensions
    if name == "dot":
        return args[1].ndim > 2 and args[0].ndim == 2
    if name == "einsum":  # sums small integers in int64
        return want.dtype is torch.int64 and got.dtype in (torch.uint8, torch.bool)
    return name == "bincount" and want.dtype is torch.uint8


def _flat(out: Any) -> list[Any]:
    return list(out) if isinstance(out, (list, tuple)) else [out]


def _attempt(function: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except Exception:
        return None


def _leaves(args: Any) -> tuple[Any, list[torch.Tensor]]:
    found: list[torch.Tensor] = []

    def make(a: Any) -> Any:
        if not isinstance(a, np.ndarray):
            return a
        t = torch.tensor(a)
        if t.is_floating_point():
            found.append(t.requires_grad_())
        return t

    return tree_map(make, args), found


def _gradients(function: Any, args: Any, kwargs: Any) -> list[torch.Tensor | None]:
    (args, kwargs), leaves = _leaves([list(args), kwargs])
    outs = [o for o in _flat(function(*args, **kwargs)) if o.requires_grad]
    if not outs or not leaves:
        return []
    total = sum((o * torch.cos(torch.arange(o.numel()).reshape(o.shape)).to(o)).sum() for o in outs)
    return list(torch.autograd.grad(total, leaves, allow_unused=True))


def _symbols(lib: Any, args: Any, unknown: bool) -> Any:
    def make(a: Any) -> Any:
        if not isinstance(a, np.ndarray):
            return a
        shape = (None, *a.shape[1:]) if unknown and a.ndim else a.shape
        return lib.KerasTensor(shape, str(a.dtype))

    return tree_map(make, args)


def check(name: str, args: Any, kwargs: Any) -> int:
    """Compare one call; return the number of comparisons: Keras, NumPy, gradients, symbols."""
    ours, theirs = getattr(keras.ops, name), getattr(reference.ops, name)
    real_args, real_kwargs = _tensors([list(args), kwargs])
    got = ours(*real_args, **real_kwargs)
    described, done = _described(_flat(got)), 0
    # Keras narrows 64 bits and computes float64 in single precision
    loose = any("float16" in d for d in [*(d for _, d in described), *_dtypes(args, kwargs)])
    rtol, atol = (4e-3, 2e-3) if loose else (2e-5, 2e-6)
    want = None if name in _NUMPY_ONLY else _attempt(theirs, *real_args, **real_kwargs)
    if want is not None and name == "nonzero":
        want = tuple(want)
    if want is not None and _differs(name, args, kwargs, got, want):
        want = None
    if want is not None:
        a, b = described, _described(_flat(want))
        assert a == b or _narrow(a) == _narrow(b), f"{name}: {a}, expected {b}"
        for x, y in zip(_flat(got), _flat(want), strict=True):
            assert_close(x, torch.as_tensor(y).to(x.dtype), rtol, atol, name)
        done += 1
    if hasattr(np, name) and name not in _KERAS_ONLY and not (done and name == "histogram"):
        np_args, np_kwargs = list(args), dict(kwargs)
        if name == "pad":
            np_args[2:] = ["wrap" if m == "circular" else m for m in np_args[2:]]
        with np.errstate(all="ignore"):
            expected = _attempt(getattr(np, name), *np_args, **np_kwargs)
        if expected is not None:
            for x, y in zip(_flat(got), _flat(expected), strict=True):
                assert tuple(x.shape) == np.shape(y), f"{name}: {x.shape}, NumPy {np.shape(y)}"
                if x.dtype is torch.bool or "bool" not in _dtypes(args, kwargs):
                    y = torch.tensor(np.ascontiguousarray(y).reshape(np.shape(y)))
                    assert_close(x, y.to(x.dtype), rtol, atol, name)
            done += 1
    if not loose and name not in _NO_GRADIENT | _NUMPY_ONLY and want is not None:
        expected = _attempt(_gradients, theirs, args, kwargs)
        if expected:
            for x, y in zip(_gradients(ours, args, kwargs), expected, strict=True):
                zero = torch.zeros(())
                assert_close(zero if x is None else x, zero if y is None else y, 1e-4, 1e-5, name)
            done += 1
    for unknown in (False, True):
        mine_args, mine_kwargs = _symbols(keras, [list(args), kwargs], unknown)
        if not unknown:
            mine = ours(*mine_args, **mine_kwargs)
            shapes = [s for s, _ in _described(_flat(mine))]
            known = [
                (tuple(None if n is None else m for m, n in zip(s, t, strict=True)), d)
                for (s, d), t in zip(described, shapes, strict=True)
            ]
            assert _described(_flat(mine)) == known, f"{name}: symbolic {mine}, eager {described}"
            continue
        if name in _EAGER_ONLY:
            continue
        their_args, their_kwargs = _symbols(reference, [list(args), kwargs], unknown)
        expected = _attempt(theirs, *their_args, **their_kwargs)
        mine = _attempt(ours, *mine_args, **mine_kwargs)
        if mine is not None and expected is not None:
            a, b = _described(_flat(mine)), _described(_flat(expected))
            if name == "einsum" and args[0] == "ii->i":  # ours: an unknown size is the known one
                b = [((3,), dtype) for _, dtype in b]
            assert _narrow(a) == _narrow(b), f"{name}: symbolic {a}, expected {b}"
            done += 1
    return done


def _dtypes(args: Any, kwargs: Any) -> list[str]:
    found: list[str] = []
    tree_map(
        lambda a: found.append(str(a.dtype)) if isinstance(a, np.ndarray) else None,
        [list(args), kwargs],
    )
    return found


def check_calls(name: str, dtype: str) -> int:
    """Compare all calls of an op on data of a dtype; return the number of comparisons."""
    done = 0
    for args, kwargs in calls(name, dtype):
        try:
            done += check(name, args, kwargs)
        except Exception as e:
            e.add_note(f"{name}(*{args}, **{kwargs})")
            raise
    return done
