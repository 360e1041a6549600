"""Shape and dtype of an operation's outputs, found by running it without memory.

The operation runs on torch's `meta` device, twice if there are unknown dimensions, with two sizes
for them: a dimension of the result that differs between the two runs is unknown.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from torchkeras._base import scope
from torchkeras.core import dtypes, nest
from torchkeras.core.symbolic import KerasTensor

# Highly divisible, so that strides, poolings and reshapes of an unknown size come out whole.
_SIZES = (2520, 5040)


class _OnMeta(TorchFunctionMode):
    """Run everything on meta: variables and constants take part by their shapes alone.

    In-place updates of real variables (moving means) fall on throw-away copies.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        args, kwargs = nest.map_structure(_to_meta, (list(args), kwargs or {}))
        if func not in _RESHAPES:
            return func(*args, **kwargs)
        try:
            return func(*args, **kwargs)
        except RuntimeError:
            return _reshaped(*args, **kwargs)


_RESHAPES = frozenset({torch.reshape, torch.Tensor.reshape, torch.Tensor.view})


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
    unknown = any(
        isinstance(x, KerasTensor) and None in x.shape for x in nest.flatten([list(args), kwargs])
    )
    first = _probe(fn, args, kwargs, _SIZES[0])
    second = _probe(fn, args, kwargs, _SIZES[1]) if unknown else first

    def spec(a: Any, b: Any) -> Any:
        strings = isinstance(a, np.ndarray) and a.dtype == object
        if not strings and not isinstance(a, torch.Tensor):
            return a
        shape = [m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)]
        return KerasTensor(shape, "string" if strings else dtypes.standardize_dtype(a.dtype))

    return nest.map_structure(spec, first, second)
