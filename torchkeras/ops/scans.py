"""Ops that run a function of the user over the entries of tensors."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras.core import infer, nest, serialize
from torchkeras.core.dtypes import standardize_dtype, torch_dtype
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import CORE, op
from torchkeras.ops.control import run_symbolically, symbol_like

Function = Callable[..., Any]


def _callable(owner: str, name: str, fn: Any) -> None:
    if not callable(fn):
        raise TypeError(f"{owner}: {name} must be callable. Received: {name}={fn!r}.")


def _tensors(x: Any) -> Any:
    return nest.map_structure(lambda t: None if t is None else convert_to_tensor(t), x)


def _length(owner: str, structure: Any, axis: int = 0) -> Any:
    """Return the common size along an axis of all tensors of a structure."""
    sizes = []
    for t in nest.flatten(structure):
        if not -len(t.shape) <= axis < len(t.shape):
            raise ValueError(
                f"{owner}: every tensor must have the axis {axis}. "
                f"Received: shape={tuple(t.shape)}."
            )
        sizes.append(t.shape[axis])
    if not sizes or any(s != sizes[0] for s in sizes):
        raise ValueError(
            f"{owner}: the tensors must have the same size along axis {axis}. "
            f"Received: sizes={sizes}."
        )
    return sizes[0]


def _entry(structure: Any, i: int) -> Any:
    return nest.map_structure(lambda t: t[i], structure)


def _first(structure: Any) -> Any:
    """Return the symbol of one entry: without the leading axis."""
    return nest.map_structure(
        lambda t: KerasTensor(t.shape[1:], standardize_dtype(t.dtype)), structure
    )


def _stack(results: list[Any]) -> Any:
    return nest.map_structure(
        lambda *r: None if r[0] is None else torch.stack([convert_to_tensor(t) for t in r]),
        *results,
    )


def _repeated(spec: Any, n: int | None) -> Any:
    """Return the symbols of `n` stacked outputs."""

    def stacked(t: Any) -> Any:
        if t is None:
            return None
        t = symbol_like(t)
        return KerasTensor((n, *t.shape), t.dtype)

    return nest.map_structure(stacked, spec)


def _empty(spec: Any, n: int, device: torch.device) -> Any:
    """Return tensors of what `n` stacked outputs look like: none of them, or on meta."""
    return nest.map_structure(
        lambda t: (
            None if t is None else torch.empty(t.shape, dtype=torch_dtype(t.dtype), device=device)
        ),
        _repeated(spec, n),
    )


def _device(structure: Any) -> torch.device:
    leaves = [t for t in nest.flatten(structure) if isinstance(t, torch.Tensor)]
    return leaves[0].device if leaves else torch.device("cpu")


def _map_spec(f: Function, xs: Any) -> Any:
    return _repeated(run_symbolically("map", f, _first(xs)), _length("map", xs))


@op("Map", module=CORE, tensors=2, spec=_map_spec)
def map(f: Function, xs: Any) -> Any:
    """Return `f` of each entry along the leading axis, stacked.

    Args:
        f: Function of one entry (of the structure of `xs`).
        xs: Tensor or structure of tensors.

    >>> import torch, torchkeras as keras
    >>> keras.ops.map(lambda x: x**2, torch.arange(4))
    tensor([0, 1, 4, 9])
    """
    _callable("map", "f", f)
    xs = _tensors(xs)
    n, device = _length("map", xs), _device(xs)
    if n == 0 or device.type == "meta":
        return _empty(infer.output_spec(f, (_first(xs),), {}), n, device)
    return _stack([f(_entry(xs, i)) for i in range(n)])


def _scan_length(xs: Any, length: Any) -> Any:
    if xs is None:
        if length is None:
            raise ValueError("scan: xs or length must be given. Received: xs=None, length=None.")
        return int(length)
    n = _length("scan", xs)
    if length is None:
        return n
    if n is not None and int(length) > n:
        raise ValueError(f"scan: xs must have {int(length)} entries. Received: {n} entries.")
    return int(length)


def _scan_spec(
    f: Function,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> Any:
    n = _scan_length(xs, length)
    entry = None if xs is None else _first(xs)
    init = nest.map_structure(symbol_like, init)
    carry, y = run_symbolically("scan", f, init, entry)
    return nest.map_structure(symbol_like, carry), _repeated(y, n)


@op("Scan", module=CORE, tensors=3, spec=_scan_spec)
def scan(
    f: Function,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> Any:
    """Carry a state along the leading axis: `carry, y = f(carry, x)`.

    Args:
        f: Function of the carry and one entry that returns the next carry and an output.
        init: The first carry.
        xs: Tensor or structure of tensors; None: `f` gets None `length` times.
        length: Number of steps; default: the size of the leading axis.
        reverse: Whether to go from the last entry to the first (outputs keep their places).
        unroll: Accepted as in Keras, without effect on torch.

    Returns:
        The last carry, and the stacked outputs.

    >>> import torch, torchkeras as keras
    >>> keras.ops.scan(lambda c, x: (c + x, c + x), torch.tensor(0), torch.tensor([1, 2, 3]))
    (tensor(6), tensor([1, 3, 6]))
    """
    _callable("scan", "f", f)
    if not isinstance(unroll, (bool, int)) or (unroll is not False and unroll < 1):
        raise ValueError(
            f"scan: unroll must be a positive integer or a bool. Received: unroll={unroll!r}."
        )
    carry, xs = _tensors(init), None if xs is None else _tensors(xs)
    n = _scan_length(xs, length)
    device = _device([carry, xs])
    if n == 0 or device.type == "meta":
        final, y = infer.output_spec(f, (carry, None if xs is None else _first(xs)), {})
        return carry if n == 0 else _meta(final), _empty(y, n, device)
    outputs: list[Any] = [None] * n
    for i in range(n - 1, -1, -1) if reverse else range(n):
        carry, outputs[i] = f(carry, None if xs is None else _entry(xs, i))
    return carry, _stack(outputs)


def _meta(spec: Any) -> Any:
    return nest.map_structure(
        lambda t: torch.empty(t.shape, dtype=torch_dtype(t.dtype), device="meta"), spec
    )


@op("AssociativeScan", module=CORE, tensors=2)
def associative_scan(f: Function, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Return the running results of an associative function, in `log2(n)` vectorised rounds.

    Args:
        f: Function of two structures like `elems`, entry by entry along the axis:
            `f(a, f(b, c)) == f(f(a, b), c)`.
        elems: Tensor or structure of tensors.
        reverse: Whether to run from the end.
        axis: Axis to run along.

    Reference: Blelloch, 1990, "Prefix Sums and Their Applications".

    >>> import torch, torchkeras as keras
    >>> keras.ops.associative_scan(lambda a, b: a + b, torch.arange(5))
    tensor([ 0,  1,  3,  6, 10])
    """
    _callable("associative_scan", "f", f)
    elems = _tensors(elems)
    _length("associative_scan", elems, axis)
    flat = [t.movedim(axis, 0) for t in nest.flatten(elems)]
    if reverse:
        flat = [t.flip(0) for t in flat]

    def combine(a: list[Any], b: list[Any]) -> list[Any]:
        out = nest.flatten(f(nest.pack_as(elems, _back(a)), nest.pack_as(elems, _back(b))))
        if [tuple(t.shape) for t in out] != [tuple(t.shape) for t in _back(a)]:
            raise ValueError(
                "associative_scan: f must return tensors of the shapes of its arguments. "
                f"Received: {[tuple(t.shape) for t in out]}."
            )
        return [t.movedim(axis, 0) for t in out]

    def _back(tensors: list[Any]) -> list[Any]:
        return [t.movedim(0, axis) for t in tensors]

    out = _prefixes(combine, flat)
    if reverse:
        out = [t.flip(0) for t in out]
    return nest.pack_as(elems, _back(out))


def _prefixes(combine: Function, elems: list[Any]) -> list[Any]:
    """Combine neighbours, solve the half, and fill in the entries between its results."""
    n = elems[0].shape[0]
    if n < 2:
        return elems
    odd = _prefixes(combine, combine([t[: n - 1 : 2] for t in elems], [t[1::2] for t in elems]))
    before = [t[: (n - 1) // 2] for t in odd]
    rest = combine(before, [t[2::2] for t in elems]) if n > 2 else before
    out = []
    for t, between, done in zip(elems, rest, odd, strict=True):
        even = torch.cat([t[:1].to(done.dtype), between])
        pairs = torch.stack([even[: done.shape[0]], done], 1).flatten(0, 1)
        out.append(torch.cat([pairs, even[done.shape[0] :]]))
    return out


@op("VectorizedMap", module=CORE)
def _vectorized_map(elements: Any, function: Function) -> Any:
    if isinstance(function, dict):  # as a file holds it
        function = serialize.deserialize_keras_object(function)
    return torch.vmap(function, randomness="different")(_tensors(elements))


def vectorized_map(function: Function, elements: Any) -> Any:
    """Return `function` of each entry along the leading axis, all at once (`torch.vmap`).

    Args:
        function: Function of one entry, or of a list of entries for a list of tensors.
        elements: Tensor or structure of tensors.

    >>> import torch, torchkeras as keras
    >>> keras.ops.vectorized_map(lambda p: p[0] @ p[1], [torch.ones(2, 3), torch.ones(2, 3)])
    tensor([3., 3.])
    """
    _callable("vectorized_map", "function", function)
    return _vectorized_map(elements, function)
