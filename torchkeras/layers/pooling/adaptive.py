"""Pooling to a given output size, whatever the input's."""

from typing import Any, ClassVar

import torch

from torchkeras._base import check, config
from torchkeras.core.registry import LAYERS
from torchkeras.layers._weightless import Weightless
from torchkeras.layers.input_spec import InputSpec
from torchkeras.ops import _window
from torchkeras.ops.pooling import ADAPTIVE_AVERAGE, ADAPTIVE_MAX


class AdaptivePoolND(Weightless):
    """Base of the adaptive poolings: output `i` of `n` sees `[i * size / n, (i + 1) * size / n)`.

    The limits are rounded outwards, so that windows may overlap by one element.
    """

    rank: ClassVar[int]
    _kernels: ClassVar[dict[int, Any]]

    def __init__(
        self,
        output_size: int | tuple[int, ...],
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.output_size = check.ntuple(owner, "output_size", output_size, self.rank)
        self.data_format = config.standardize_data_format(data_format, owner)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._channels_last = self.data_format == "channels_last"
        self._to_torch = _window.to_torch(self.rank)
        self._to_keras = _window.to_keras(self.rank)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Combine the values of each window."""
        x = self._floating(inputs)
        pool = self._kernels[self.rank]
        if not self._channels_last:
            return pool(x, self.output_size)
        return pool(x.permute(self._to_torch), self.output_size).permute(self._to_keras)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        shape = _window.checked_shape(type(self).__name__, input_shape, self.rank)
        _, channels = _window.split(shape, self._channels_last)
        return _window.join(shape[0], self.output_size, channels, self._channels_last)


class AdaptiveMaxPooling(AdaptivePoolND):
    """The largest value of each window, for any rank."""

    _keeps_integers = False  # torch has these kernels for floats only
    _kernels = ADAPTIVE_MAX


class AdaptiveAveragePooling(AdaptivePoolND):
    """The average of each window, for any rank."""

    _keeps_integers = False
    _kernels = ADAPTIVE_AVERAGE


@LAYERS.register()
class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """Largest value of each of as many windows as the output has elements.

    Args:
        output_size: Number of windows.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, steps, channels) -> (batch, output_size, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AdaptiveMaxPooling1D(4)(torch.ones(2, 10, 3)).shape
    torch.Size([2, 4, 3])
    """

    rank = 1


@LAYERS.register()
class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """Largest value of each of as many windows as the output has elements.

    Args:
        output_size: Height and width of the output.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, height, width, channels) -> (batch, *output_size, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AdaptiveMaxPooling2D(4)(torch.ones(1, 9, 7, 3)).shape
    torch.Size([1, 4, 4, 3])
    """

    rank = 2


@LAYERS.register()
class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """Largest value of each of as many windows as the output has elements.

    Args:
        output_size: Depth, height and width of the output.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, depth, height, width, channels) -> (batch, *output_size, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AdaptiveMaxPooling3D(4)(torch.ones(1, 6, 6, 6, 3)).shape
    torch.Size([1, 4, 4, 4, 3])
    """

    rank = 3


@LAYERS.register()
class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """Average of each of as many windows as the output has elements.

    Args:
        output_size: Number of windows.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, steps, channels) -> (batch, output_size, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AdaptiveAveragePooling1D(4)(torch.ones(2, 10, 3)).shape
    torch.Size([2, 4, 3])
    """

    rank = 1


@LAYERS.register()
class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """Average of each of as many windows as the output has elements.

    Args:
        output_size: Height and width of the output.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, height, width, channels) -> (batch, *output_size, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AdaptiveAveragePooling2D(4)(torch.ones(1, 9, 7, 3)).shape
    torch.Size([1, 4, 4, 3])
    """

    rank = 2


@LAYERS.register()
class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """Average of each of as many windows as the output has elements.

    Args:
        output_size: Depth, height and width of the output.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, depth, height, width, channels) -> (batch, *output_size, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AdaptiveAveragePooling3D(4)(torch.ones(1, 6, 6, 6, 3)).shape
    torch.Size([1, 4, 4, 4, 3])
    """

    rank = 3
