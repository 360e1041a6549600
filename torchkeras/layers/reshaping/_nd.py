"""Cropping, padding and upsampling, once for all ranks."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from torchkeras._base import check, config
from torchkeras._base.check import received
from torchkeras.layers._weightless import Weightless
from torchkeras.layers.input_spec import InputSpec
from torchkeras.ops import _window

Pairs = tuple[tuple[int, int], ...]


class SpatialND(Weightless):
    """Base of the layers that change the sizes of the spatial dimensions; a class has a `rank`."""

    rank: ClassVar[int]

    def __init__(self, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format, type(self).__name__)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._channels_last = self.data_format == "channels_last"

    def _new_sizes(self, shape: Any, spatial: Any) -> tuple[int | None, ...]:
        raise TypeError(f"{type(self).__name__} must define _new_sizes().")

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        shape = _window.checked_shape(type(self).__name__, input_shape, self.rank)
        spatial, channels = _window.split(shape, self._channels_last)
        spatial = self._new_sizes(shape, spatial)
        return _window.join(shape[0], spatial, channels, self._channels_last)


def _pairs(owner: str, name: str, value: Any, rank: int) -> Pairs:
    """Return what goes before and after each dimension, given in any of Keras's short forms."""
    if rank == 1:
        return (check.ntuple(owner, name, value, 2, minimum=0),)
    entries = (value,) * rank if isinstance(value, int) else value
    if not isinstance(entries, (tuple, list)) or len(entries) != rank:
        raise ValueError(
            f"{owner}: {name} must be an integer, a tuple of {rank} integers, or a tuple of {rank} "
            f"pairs of integers. {received(name, value)}"
        )
    return tuple(check.ntuple(owner, name, e, 2, minimum=0) for e in entries)


class Cropping(SpatialND):
    """Cut elements off, for any rank."""

    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._pairs = _pairs(type(self).__name__, "cropping", cropping, self.rank)
        self.cropping = self._pairs[0] if self.rank == 1 else self._pairs
        kept = tuple(slice(before, -after or None) for before, after in self._pairs)
        self._kept = (slice(None), *kept) if self._channels_last else (..., *kept)
        self._first = 1 if self._channels_last else 2

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return a view of what is left."""
        for size, (before, after) in zip(
            inputs.shape[self._first : self._first + self.rank], self._pairs, strict=True
        ):
            if before + after >= size:
                raise self._too_small(inputs.shape)
        return inputs[self._kept]

    def _too_small(self, shape: Any) -> ValueError:
        return ValueError(
            f"{type(self).__name__}: cropping must leave at least one element of each dimension. "
            f"Received: cropping={self.cropping}, input_shape={tuple(shape)}."
        )

    def _new_sizes(self, shape: Any, spatial: Any) -> tuple[int | None, ...]:
        out = tuple(
            None if n is None else n - sum(pair)
            for n, pair in zip(spatial, self._pairs, strict=True)
        )
        if any(n is not None and n <= 0 for n in out):
            raise self._too_small(shape)
        return out


class ZeroPadding(SpatialND):
    """Add zeros around, for any rank."""

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._pairs = _pairs(type(self).__name__, "padding", padding, self.rank)
        self.padding = self._pairs[0] if self.rank == 1 else self._pairs
        self._fill = _window.around(self._pairs, self._channels_last)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with zeros around."""
        return torch.constant_pad_nd(inputs, self._fill)

    def _new_sizes(self, shape: Any, spatial: Any) -> tuple[int | None, ...]:
        return tuple(
            None if n is None else n + sum(pair)
            for n, pair in zip(spatial, self._pairs, strict=True)
        )


class UpSampling(SpatialND):
    """Repeat each element, for any rank."""

    def __init__(self, size: Any = 2, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        owner = type(self).__name__
        if self.rank == 1:
            if not isinstance(size, int) or isinstance(size, bool):
                raise TypeError(f"{owner}: size must be an integer. {received('size', size)}")
            self.size: Any = check.positive_int(owner, "size", size)
            self._sizes: tuple[int, ...] = (self.size,)
        else:
            self.size = self._sizes = check.ntuple(owner, "size", size, self.rank)
        self._to_torch = _window.to_torch(self.rank)
        self._to_keras = _window.to_keras(self.rank)
        self._first = 1 if self._channels_last else 2

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with each element repeated."""
        if not inputs.is_floating_point():
            for axis, n in enumerate(self._sizes, self._first):
                inputs = inputs.repeat_interleave(n, axis)
            return inputs
        return self._interpolate(inputs, "nearest")

    def _interpolate(self, x: torch.Tensor, mode: str) -> torch.Tensor:
        if self._channels_last:
            x = x.permute(self._to_torch)
        size = [n * m for n, m in zip(x.shape[2:], self._sizes, strict=True)]
        if self.rank == 1:  # as an image of height 1, which may be channels last in memory
            y = F.interpolate(x.unsqueeze(2), [1, *size], mode=mode).squeeze(2)
        else:
            y = F.interpolate(x, size, mode=mode)
        return y.permute(self._to_keras) if self._channels_last else y

    def _new_sizes(self, shape: Any, spatial: Any) -> tuple[int | None, ...]:
        return tuple(
            None if n is None else n * m for n, m in zip(spatial, self._sizes, strict=True)
        )
