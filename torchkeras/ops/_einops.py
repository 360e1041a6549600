"""einops on symbolic tensors: its functions become the ops of Keras that they are made of.

einops finds the backend of a tensor among the subclasses of its `AbstractBackend`, which cannot
exist before einops does, and torchkeras does not import it. So ours is made when einops first looks
our tensors' type up (see `core.symbolic`), in whatever order the two are imported. Files hold
`Reshape`, `Transpose` and the like, and nothing of einops.
"""

import sys
from fractions import Fraction
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core import dtypes, symbolic
from torchkeras.core.symbolic import KerasTensor
from torchkeras.ops import arrays, products, reduction


class _Size:
    """Size that is not known yet: a known share of the product of some unknown sizes."""

    def __init__(self, share: Fraction, axes: tuple[Any, ...]) -> None:
        self.share, self.axes = share, axes

    def __mul__(self, other: Any) -> Any:
        other = _sized(other)
        return _plain(self.share * other.share, self.axes + other.axes)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        other = _sized(other)
        axes = list(self.axes)
        for axis in other.axes:
            if axis not in axes:
                raise ValueError(f"einops: sizes of different tensors. {received('size', other)}")
            axes.remove(axis)
        return _plain(self.share / other.share, tuple(axes))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Size) and (self.share, self.axes) == (other.share, other.axes)

    def __hash__(self) -> int:
        return hash((self.share, self.axes))

    def __repr__(self) -> str:
        return "None"  # as in any shape: einops shows it in its errors


def _sized(value: Any) -> _Size:
    return value if isinstance(value, _Size) else _Size(Fraction(value), ())


def _plain(share: Fraction, axes: tuple[Any, ...]) -> Any:
    return _Size(share, tuple(sorted(axes))) if axes else int(share)


def _product(sizes: list[Any]) -> Any:
    out: Any = 1
    for size in sizes:
        out = out * size
    return out


def _shape(x: KerasTensor) -> tuple[Any, ...]:
    """Return the sizes of a tensor; those of one that einops has made tell where they come from."""
    known = x.__dict__.get("_einops_shape")
    return known or tuple(
        _Size(Fraction(1), ((x.key, axis),)) if size is None else size
        for axis, size in enumerate(x.shape)
    )


def _with_shape(x: KerasTensor, shape: list[Any]) -> KerasTensor:
    x.__dict__["_einops_shape"] = tuple(shape)
    return x


def _groups(before: list[Any], after: list[Any]) -> list[tuple[int, list[Any]]]:
    """Pair up, in order, the fewest axes that are as large as some new ones: (how many, sizes)."""
    groups = []
    while before or after:
        if before[:1] == after[:1]:
            groups.append((1, after[:1]))
            before, after = before[1:], after[1:]
            continue
        pairs = [
            (i, j)
            for i in range(len(before) + 1)
            for j in range(len(after) + 1)
            if i + j and _product(before[:i]) == _product(after[:j])
        ]
        if not pairs:
            raise ValueError(
                f"einops: a tensor of sizes {before} cannot be given the sizes {after}."
            )
        i, j = min(pairs, key=sum)
        groups.append((i, after[:j]))
        before, after = before[i:], after[j:]
    return groups


def _regroup(x: Any, before: list[Any], after: list[Any]) -> Any:
    """Give a tensor new sizes of which several are unknown: joining and splitting need no sizes."""
    axis = 0
    for count, sizes in _groups(before, after):
        if not count:  # of size 1 all
            for _ in sizes:
                x = arrays.expand_dims(x, axis)
        elif not sizes:
            x = arrays.squeeze(x, tuple(range(axis, axis + count)))
        else:
            if count > 1:
                x = torch.flatten(x, axis, axis + count - 1)
            if len(sizes) > 1:
                x = torch.unflatten(x, axis, [-1 if isinstance(s, _Size) else s for s in sizes])
        axis += len(sizes)
    return x


class _Symbols:
    """The part of the backend that is ours: what einops asks of tensors, as ops."""

    framework_name = __name__.partition(".")[0]

    def is_appropriate_type(self, tensor: Any) -> bool:
        return isinstance(tensor, KerasTensor)

    def is_float_type(self, x: Any) -> bool:
        return dtypes.is_float(x.dtype)

    def shape(self, x: Any) -> tuple[Any, ...]:
        return _shape(x)

    def reshape(self, x: Any, shape: Any) -> Any:
        before, after = list(_shape(x)), list(shape)
        if -1 in after:  # the axes that the others leave over
            at = after.index(-1)
            after[at] = _product(before[at : len(before) - len(after) + at + 1])
        unknown = sum(isinstance(size, _Size) for size in after)
        if unknown > 1:
            out = _regroup(x, before, after)
        else:
            out = arrays.reshape(x, [-1 if isinstance(size, _Size) else size for size in after])
        return _with_shape(out, after)

    def transpose(self, x: Any, axes: Any) -> Any:
        shape = _shape(x)
        return _with_shape(arrays.transpose(x, list(axes)), [shape[axis] for axis in axes])

    def reduce(self, x: Any, operation: str, axes: Any) -> Any:
        out = getattr(reduction, operation)(x, axis=list(axes))
        return _with_shape(out, [s for axis, s in enumerate(_shape(x)) if axis not in axes])

    def add_axes(self, x: Any, n_axes: int, pos2len: dict[int, int]) -> Any:
        shape, repeats = list(_shape(x)), [1] * n_axes
        for axis, length in sorted(pos2len.items()):
            x = arrays.expand_dims(x, axis)
            shape.insert(axis, length)
            repeats[axis] = length
        return _with_shape(arrays.tile(x, repeats), shape)

    def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
        return arrays.stack(tensors)

    def concat(self, tensors: list[Any], axis: int) -> Any:
        return arrays.concatenate(tensors, axis)

    def einsum(self, pattern: str, *tensors: Any) -> Any:
        return products.einsum(pattern, *tensors)


class _Made:
    backend: type | None = None  # its base class knows it only weakly


def _meet() -> None:
    """Make the backend if einops is there and does not have it yet."""
    backends = sys.modules.get("einops._backends")
    base = getattr(backends, "AbstractBackend", None)
    if base is not None and not (_Made.backend and issubclass(_Made.backend, base)):
        _Made.backend = type("TorchkerasBackend", (_Symbols, base), {})


symbolic._on_lookup = _meet
