"""InputSpec: rank, shape and dtype that a layer accepts."""

from collections.abc import Iterable
from typing import Any

from torchkeras._base.check import received
from torchkeras.core import dtypes, nest


class InputSpec:
    """What a layer accepts as one of its inputs.

    Args:
        dtype: Expected dtype, or None for any.
        shape: Expected shape with None for any size; the batch dimension may be left as None.
        ndim: Expected rank.
        max_ndim: Largest rank.
        min_ndim: Smallest rank.
        axes: Dict of axis -> expected size.
        allow_last_axis_squeeze: Accept inputs without (or with) a last dimension of 1.
        name: Expected key when inputs come as a dict.
        optional: Whether the input may be None.

    Raises:
        ValueError: if `shape` is no sequence.

    >>> InputSpec(min_ndim=2, axes={-1: 4})
    InputSpec(min_ndim=2, axes={-1: 4})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtypes.standardize_dtype(dtype) if dtype is not None else None
        if shape is not None and not isinstance(shape, Iterable):
            raise ValueError(
                f"InputSpec: shape must be a tuple of sizes or None. {received('shape', shape)}"
            )
        self.shape = tuple(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(k): axes[k] for k in axes} if axes else {}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        # The commonest demand, checked first: so many dimensions, the last of a known size.
        others = (self.dtype, self.ndim, max_ndim)
        only = all(v is None for v in others) and list(self.axes) == [-1]
        self._width = (max(min_ndim or 1, 1), self.axes[-1]) if only else None

    def __repr__(self) -> str:
        shown = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        entries = [f"{n}={getattr(self, n)}" for n in shown if getattr(self, n)]
        return f"InputSpec({', '.join(entries)})"

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal spec."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {n: getattr(self, n) for n in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "InputSpec":
        """Make the spec of a config."""
        return cls(**config)

    def mismatch(self, shape: Any, dtype: Any) -> str | None:
        """Return what is expected of an input and not met, or None."""
        rank = len(shape)
        if self._width is not None and rank >= self._width[0] and shape[-1] == self._width[1]:
            return None
        full = tuple(shape)
        if self.shape is not None and self.allow_last_axis_squeeze and rank != self.ndim:
            if rank == self.ndim + 1 and shape[-1] == 1:
                shape, rank = shape[:-1], rank - 1
            elif rank == self.ndim - 1 and self.shape[-1] == 1:
                shape, rank = (*shape, 1), rank + 1
        if self.ndim is not None and rank != self.ndim:
            return f"expected ndim={self.ndim}, found ndim={rank}. Full shape received: {full}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return (
                f"expected max_ndim={self.max_ndim}, found ndim={rank}. Full shape received: {full}"
            )
        if self.min_ndim is not None and rank < self.min_ndim:
            return (
                f"expected min_ndim={self.min_ndim}, found ndim={rank}. Full shape received: {full}"
            )
        if self.dtype is not None and dtypes.standardize_dtype(dtype) != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={dtypes.standardize_dtype(dtype)}"
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                return (
                    f"expected axis {axis} of input shape to have value {size}, but received "
                    f"input with shape {full}"
                )
        if self.shape is not None:
            for want, have in zip(self.shape, shape, strict=True):
                if want is not None and have is not None and want != have:
                    return f"expected shape={self.shape}, found shape={full}"
        return None


def check_inputs(specs: Any, inputs: Any, layer_name: str) -> None:
    """Raise a ValueError if `inputs` are not what `specs` ask for."""
    if specs is None:
        return
    flat_specs = nest.flatten(specs)
    if isinstance(inputs, dict) and all(s.name is not None for s in flat_specs):
        flat = [inputs.get(s.name) for s in flat_specs]
        missing = [s.name for s in flat_specs if s.name not in inputs and not s.optional]
        if missing:
            raise ValueError(
                f"Layer {layer_name!r}: inputs must have the keys "
                f"{[s.name for s in flat_specs]}. Missing: {missing}. "
                f"{received('keys', list(inputs))}"
            )
    else:
        flat = nest.flatten(inputs)
    if len(flat) != len(flat_specs):
        raise ValueError(
            f"Layer {layer_name!r} expects {len(flat_specs)} input(s), but it received "
            f"{len(flat)} input tensors."
        )
    for i, (spec, x) in enumerate(zip(flat_specs, flat, strict=True)):
        if spec is None or (x is None and spec.optional):
            continue
        if not hasattr(x, "shape"):
            raise ValueError(
                f"Layer {layer_name!r}: inputs must be tensors. {received('inputs', x)}"
            )
        problem = spec.mismatch(x.shape, x.dtype)
        if problem is not None:
            named = f" with name {spec.name!r}" if spec.name else ""
            raise ValueError(
                f"Input {i}{named} of layer {layer_name!r} is incompatible with the layer: "
                f"{problem}"
            )
