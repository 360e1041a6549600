"""Shape and dtype of an operation's outputs, found by running it without memory.

The operation runs on torch's `meta` device, twice if there are unknown dimensions, with two sizes
for them: a dimension of the result that differs between the two runs is unknown.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from torchkeras._base import scope
from torchkeras.core import dtypes, nest
from torchkeras.core.symbolic import KerasTensor

# Highly divisible, so that strides, poolings and reshapes of an unknown size come out whole.
_SIZES = (2520, 5040)
_SMALL_SIZES = (120, 240)  # for a tensor of so many unknown sizes that their product overflows
_MANY = 5


class _OnMeta(TorchFunctionMode):
    """Run everything on meta: variables and constants take part by their shapes alone.

    In-place updates of real variables (moving means) fall on throw-away copies.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        args, kwargs = nest.map_structure(_to_meta, (list(args), kwargs or {}))
        otherwise = _RESHAPES.get(func)
        if otherwise is None:
            return func(*args, **kwargs)
        try:
            return func(*args, **kwargs)
        except RuntimeError:
            return otherwise(*args, **kwargs)


def _reshaped(x: torch.Tensor, *shape: Any, **kwargs: Any) -> torch.Tensor:
    """Reshape a tensor of an unknown size to one that this size does not divide into.

    Another size may, which only the data can tell: as in Keras, the symbol has the shape asked for.
    """
    sizes = shape[0] if shape and isinstance(shape[0], (tuple, list)) else shape
    sizes = list(sizes or kwargs.get("shape") or kwargs.get("size") or ())
    if x.numel() % scope.state.probe_size or sizes.count(-1) > 1 or min(sizes, default=0) < -1:
        return torch.reshape(x, sizes)  # all is known, or it is wrong in itself: torch's error
    if -1 in sizes:
        known = math.prod(s for s in sizes if s != -1)
        sizes[sizes.index(-1)] = x.numel() // max(known, 1)
    return x.new_empty(sizes)


def _unflattened(x: torch.Tensor, dim: int, sizes: Any) -> torch.Tensor:
    """Split an axis of an unknown size into parts that this size does not divide into."""
    dim = range(x.ndim)[dim]
    if x.shape[dim] % scope.state.probe_size:
        return torch.unflatten(x, dim, sizes)
    return _reshaped(x, (*x.shape[:dim], *sizes, *x.shape[dim + 1 :]))


_RESHAPES: dict[Any, Callable[..., torch.Tensor]] = {
    torch.reshape: _reshaped,
    torch.Tensor.reshape: _reshaped,
    torch.Tensor.view: _reshaped,
    torch.unflatten: _unflattened,
    torch.Tensor.unflatten: _unflattened,
}


def _to_meta(x: Any) -> Any:
    if isinstance(x, torch.Tensor) and x.device.type != "meta":
        with torch._C.DisableTorchFunction():
            return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta")
    return x


def _probe(fn: Callable[..., Any], args: Any, kwargs: Any, size: int) -> Any:
    def materialise(x: Any) -> Any:
        if isinstance(x, KerasTensor):
            shape = [size if d is None else d for d in x.shape]
            if x.dtype == "string":
                return np.broadcast_to(np.array("", object), shape)  # no memory either
            return torch.empty(shape, dtype=dtypes.torch_dtype(x.dtype), device="meta")
        return x

    args, kwargs = nest.map_structure(materialise, (list(args), dict(kwargs)))
    with torch.no_grad(), scope.scoped(probe_size=size), torch.device("meta"), _OnMeta():
        return fn(*args, **kwargs)


def output_spec(fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return the structure of KerasTensors that `fn(*args, **kwargs)` gives.

    Args:
        fn: Function on torch tensors.
        args: Positional arguments, with KerasTensors anywhere in them.
        kwargs: Keyword arguments likewise.
    """
    unknown = max(
        x.shape.count(None) if isinstance(x, KerasTensor) else 0
        for x in (*nest.flatten([list(args), kwargs]), None)
    )
    sizes = _SIZES if unknown < _MANY else _SMALL_SIZES
    first = _probe(fn, args, kwargs, sizes[0])
    second = _probe(fn, args, kwargs, sizes[1]) if unknown else first

    def spec(a: Any, b: Any) -> Any:
        strings = isinstance(a, np.ndarray) and a.dtype == object
        if not strings and not isinstance(a, torch.Tensor):
            return a
        shape = [m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)]
        return KerasTensor(shape, "string" if strings else dtypes.standardize_dtype(a.dtype))

    return nest.map_structure(spec, first, second)


def fitting_spec(fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return what `output_spec` does, where unknown sizes may have to be known ones that they meet.

    `(None, 3)` and `(5, 3)` have no sum unless the unknown size is 5 (or 1): then the first sizes
    among the known ones that make the function run are taken for the unknown ones.
    """
    try:
        return output_spec(fn, args, kwargs)
    except (RuntimeError, ValueError):
        for fitted in itertools.islice(_fitted(args, kwargs), _MOST_TRIALS):
            try:
                return output_spec(fn, *fitted)
            except (RuntimeError, ValueError):
                continue
        raise


_MOST_TRIALS = 300


def _fitted(args: Any, kwargs: Any) -> Iterator[tuple[Any, Any]]:
    """Give the arguments with known sizes in place of unknown ones, of few before those of many."""
    symbols = {t.key: t for t in nest.flatten([list(args), kwargs]) if isinstance(t, KerasTensor)}
    places = [(k, i) for k, t in symbols.items() for i, d in enumerate(t.shape) if d is None]
    known = {1}
    _known_sizes([*args, *kwargs.values()], known)
    for count in range(1, len(places) + 1):
        for some in itertools.combinations(places, count):
            for sizes in itertools.product(sorted(known, reverse=True), repeat=count):
                given = dict(zip(some, sizes, strict=True))

                def fit(t: Any, given: dict[Any, int] = given) -> Any:
                    if not isinstance(t, KerasTensor):
                        return t
                    shape = [given.get((t.key, i), d) for i, d in enumerate(t.shape)]
                    return KerasTensor(shape, t.dtype, name=t.name)

                yield nest.map_structure(fit, (list(args), kwargs))


def _known_sizes(values: Any, found: set[int]) -> None:
    for value in values:
        if isinstance(value, (KerasTensor, torch.Tensor, np.ndarray)):
            found.update(d for d in value.shape if d is not None)
        elif isinstance(value, (list, tuple)):
            found.add(len(value))
            _known_sizes(value, found)
        elif isinstance(value, dict):
            _known_sizes(value.values(), found)
