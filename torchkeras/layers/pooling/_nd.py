"""Pooling over windows, once for all ranks."""

from typing import Any, ClassVar

import torch

from torchkeras._base import check, config
from torchkeras.layers._weightless import Weightless
from torchkeras.layers.input_spec import InputSpec
from torchkeras.ops import _window


class PoolND(Weightless):
    """Base of the poolings; a family states its kernels, a class of it its `rank`."""

    rank: ClassVar[int]

    def __init__(
        self, pool_size: Any, strides: Any, padding: str, data_format: str | None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._built_from_the_start()
        owner, rank = type(self).__name__, self.rank
        strides = pool_size if strides is None else strides
        self.pool_size = check.ntuple(owner, "pool_size", pool_size, rank)
        self.strides = check.ntuple(owner, "strides", strides, rank)
        self.padding = check.one_of(owner, "padding", str(padding).lower(), ("valid", "same"))
        self.data_format = config.standardize_data_format(data_format, owner)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._channels_last = self.data_format == "channels_last"
        self._to_torch = _window.to_torch(rank)
        self._to_keras = _window.to_keras(rank)
        # Where all strides are 1, "same" padding does not depend on the inputs' sizes.
        self._ceil = self.padding == "same" and max(self.strides) > 1
        padding, self._trim = [0] * rank, None
        if self.padding == "same" and not self._ceil:
            padding, self._trim = self._same(self.pool_size)
        self._padding = tuple(padding)

    def _same(self, spatial: Any) -> tuple[Any, Any]:
        return _window.pool_padding(spatial, self.pool_size, self.strides)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Combine the values of each window."""
        x = inputs.permute(self._to_torch) if self._channels_last else inputs
        padding, trim = self._padding, self._trim
        if self._ceil:
            padding, trim = self._same(x.shape[2:])
        y = self._pool(x, padding)
        if trim is not None:
            y = y[trim]
        return y.permute(self._to_keras) if self._channels_last else y

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        owner = type(self).__name__
        shape = _window.checked_shape(owner, input_shape, self.rank)
        spatial, channels = _window.split(shape, self._channels_last)
        spatial = _window.output_sizes(
            owner, shape, spatial, self.pool_size, self.strides, self.padding
        )
        return _window.join(shape[0], spatial, channels, self._channels_last)
