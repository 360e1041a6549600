"""One call of any op held to real Keras and to NumPy, on tensors and on symbols.

from call_oracle import check_row

check_row("image.resize", row, "float32")  # the number of comparisons
"""

import itertools
from collections.abc import Callable
from typing import Any

import keras as reference
import numpy as np
import torch
from op_rows.values import Call, Row

import torchkeras as keras
from oracle import assert_close, compared, dtype_of, leaves, tree_map

NARROW = ("float16", "bfloat16")
_WIDE = {"float64": "float32", "int64": "int32", "complex128": "complex64"}


def resolve(lib: Any, path: str) -> Callable[..., Any]:
    """Return the function of a library at a path below `ops`, such as `image.resize`."""
    found = lib.ops
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _arrays(tree: Any, make: Callable[[np.ndarray], Any]) -> Any:
    """Make something of the arrays; tensors are copied, for Keras changes some in place."""

    def leaf(a: Any) -> Any:
        return make(a) if isinstance(a, np.ndarray) else a.clone() if torch.is_tensor(a) else a

    return tree_map(leaf, tree)


def _is_tensor(x: Any) -> bool:
    return isinstance(x, (torch.Tensor, np.ndarray, keras.KerasTensor, reference.KerasTensor))


def _described(out: Any) -> list[Any]:
    """Describe what came out: shape and dtype of tensors, other things themselves."""
    return [(tuple(t.shape), dtype_of(t)) if _is_tensor(t) else t for t in leaves(out)]


def _narrowed(described: list[Any]) -> list[Any]:
    """Leave out what is known of width: ours keeps the 64 bits that Keras narrows."""
    return [
        (d[0], _WIDE.get(d[1], d[1])) if isinstance(d, tuple) and len(d) == 2 else d
        for d in described
    ]


def _structure(out: Any) -> Any:
    return tree_map(lambda _: None, out)


def _run(function: Callable[..., Any], call: Call) -> Any:
    torch.manual_seed(0)  # what draws, draws alike
    args, kwargs = _arrays([list(call.args), call.kwargs], torch.tensor)
    with torch.no_grad():
        return function(*args, **kwargs)


def _attempt(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except Exception:
        return None


def _gradients(function: Callable[..., Any], call: Call) -> list[torch.Tensor | None]:
    inputs: list[torch.Tensor] = []

    def leaf(a: np.ndarray) -> torch.Tensor:
        t = torch.tensor(a)
        if t.is_floating_point():
            inputs.append(t.requires_grad_())
        return t

    torch.manual_seed(0)
    args, kwargs = _arrays([list(call.args), call.kwargs], leaf)
    outs = [o for o in leaves(function(*args, **kwargs)) if isinstance(o, torch.Tensor)]
    parts = [
        torch.view_as_real(o.resolve_conj()) if o.is_complex() else o
        for o in outs
        if o.requires_grad
    ]
    if not parts or not inputs:
        return []
    total = sum(
        (o * torch.cos(torch.arange(o.numel()).reshape(o.shape)).to(o)).sum() for o in parts
    )
    return list(torch.autograd.grad(total, inputs, allow_unused=True))


def _symbols(lib: Any, function: Callable[..., Any], call: Call, unknown: Any) -> Any:
    """Call on symbols; `unknown(axis, rank, number of array)` tells which sizes are unknown."""
    count = itertools.count()

    def symbol(a: np.ndarray) -> Any:
        i = next(count)
        shape = [None if unknown(axis, a.ndim, i) else n for axis, n in enumerate(a.shape)]
        return lib.KerasTensor(tuple(shape), str(a.dtype))

    args, kwargs = _arrays([list(call.args), call.kwargs], symbol)
    return function(*args, **kwargs)


_UNKNOWN = {
    "batch": lambda axis, rank, i: axis == 0,
    "input": lambda axis, rank, i: axis == 0 and i == 0,  # and those of weights are known
    "stack": lambda axis, rank, i: axis < rank - 2,  # of matrices
    "last": lambda axis, rank, i: axis == rank - 1,
    "all": lambda axis, rank, i: True,
}


def _fits(shape: tuple[Any, ...], real: tuple[int, ...]) -> bool:
    return len(shape) == len(real) and all(m in (None, n) for m, n in zip(shape, real, strict=True))


def _check_symbols(path: str, row: Row, call: Call, ours: Any, theirs: Any, got: Any, want: Any):
    """Compare symbols of known and of unknown sizes; return the number of comparisons."""
    done, real = 0, _described(got)
    known = _described(_symbols(keras, ours, call, lambda *_: False))
    if not all(_is_tensor(t) for t in leaves(got)):
        return 0
    assert [d[1] for d in known] == [d[1] for d in real], f"{path}: symbolic {known}, eager {real}"
    assert all(_fits(k[0], r[0]) for k, r in zip(known, real, strict=True)), (
        f"{path}: symbolic {known}, eager {real}"
    )
    if not row.symbols or want is None:
        return done
    try:
        told = _described(_symbols(reference, theirs, call, lambda *_: False))
    except Exception:
        return done
    # Where Keras's own symbol is not like its result, it tells nothing.
    true = _described(want)
    if [d[0] for d in told] != [d[0] for d in true]:
        return done
    same_dtype = _narrowed(told) == _narrowed(true)
    assert known == told or not same_dtype or _narrowed(known) == _narrowed(told), (
        f"{path}: symbolic {known}, Keras {told}"
    )
    done += 1
    for which in row.symbols if call.symbols else ():
        unknown = _UNKNOWN[which]
        told = _attempt(_symbols, reference, theirs, call, unknown)
        if told is None:
            continue
        told = _described(told)
        mine = _described(_symbols(keras, ours, call, unknown))
        a, b = ([d[0] for d in _] for _ in (mine, told))
        assert a == b, f"{path}: unknown {which}: {mine}, Keras {told}"
        if same_dtype:
            assert _narrowed(mine) == _narrowed(told), f"{path}: {which}: {mine}, Keras {told}"
        done += 1
    return done


def _check_values(path: str, got: Any, want: Any, rtol: float, atol: float, what: str) -> None:
    assert _structure(got) == _structure(want), f"{path}: structure {got}, {what} {want}"
    a, b = _described(got), _described(want)
    assert a == b or _narrowed(a) == _narrowed(b), f"{path}: {a}, {what} {b}"
    for x, y in zip(leaves(got), leaves(want), strict=True):
        if _is_tensor(x):
            if isinstance(x, torch.Tensor):
                y = torch.as_tensor(y).to(x.dtype)
            assert_close(x, y, rtol, atol, f"{path} ({what})")


def check_call(path: str, row: Row, call: Call) -> int:
    """Compare one call; return the number of comparisons: Keras, NumPy, gradients, symbols."""
    ours, theirs = (row.function(lib) if row.function else resolve(lib, path)
                    for lib in (keras, reference))  # fmt: skip
    got, done = _run(ours, call), 0
    if callable(call.want):
        theirs = call.want(reference)
    given: list[Any] = []
    _arrays([list(call.args), call.kwargs], lambda a: given.append(str(a.dtype)))
    kinds = [dtype_of(t) for t in leaves(got) if _is_tensor(t)] + given
    loose = any(d in NARROW for d in kinds)
    rtol, atol = (4e-3, 2e-3) if loose else (row.rtol, row.rtol / 10)
    want = None
    trusted = row.keras(call) if callable(row.keras) else row.keras
    if trusted and (call.want is None or callable(call.want)):
        want = _attempt(_run, theirs, call)
    elif call.want is not None:
        want = torch.as_tensor(call.want)
    if want is not None:
        if row.values:
            _check_values(path, got, want, rtol, atol, "Keras")
        else:
            a, b = _described(got), _described(want)
            assert _narrowed(a) == _narrowed(b), f"{path}: {a}, Keras {b}"
        done += 1
    if row.numpy:
        with np.errstate(all="ignore"):
            expected = _attempt(lambda: row.numpy(*call.args, **call.kwargs))
        if expected is not None and _is_tensor(leaves(got)[0]):
            for x, y in zip(leaves(got), leaves(expected), strict=True):
                y = np.asarray(y)
                assert tuple(x.shape) == y.shape, f"{path}: {x.shape}, NumPy {y.shape}"
                y = torch.tensor(np.ascontiguousarray(y).reshape(y.shape)).to(x.dtype)
                assert_close(x, y, rtol, atol, f"{path} (NumPy)")
            done += 1
    if row.gradients and not loose and want is not None and not isinstance(call.want, np.ndarray):
        expected = _attempt(_gradients, theirs, call)
        if expected:
            zero = torch.zeros(())
            for x, y in zip(_gradients(ours, call), expected, strict=True):
                x, y = (zero if g is None else g for g in (x, y))
                x, y = (x.expand_as(y), y) if x is zero else (x, y.expand_as(x))
                assert_close(x, y, row.slope, row.slope / 10, f"{path} (gradient)")
            done += 1
    if row.symbolic and given:
        known = None if isinstance(call.want, np.ndarray) else want
        done += _check_symbols(path, row, call, ours, theirs, got, known)
    return done


def check_row(path: str, row: Row) -> tuple[int, float]:
    """Compare all calls of an op; return the number of comparisons and the largest difference."""
    done, worst = 0, 0.0
    for dtype in row.dtypes:
        with compared() as seen:
            for call in row.calls(dtype):
                try:
                    done += check_call(path, row, call)
                except Exception as e:
                    e.add_note(f"{path}{call}")
                    raise
        # 16 bits are compared, too, but their precision is not that of the figure.
        worst = max(worst, 0.0 if dtype in NARROW else seen.worst)
    return done, worst
