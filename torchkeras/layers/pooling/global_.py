"""Pooling over all steps or pixels at once."""

from typing import Any, ClassVar

import torch

from torchkeras._base import config
from torchkeras.core.registry import LAYERS
from torchkeras.layers._weightless import Weightless
from torchkeras.layers.input_spec import InputSpec
from torchkeras.ops import _window


class GlobalPoolND(Weightless):
    """Base of the global poolings."""

    rank: ClassVar[int]

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._built_from_the_start()
        self.data_format = config.standardize_data_format(data_format, type(self).__name__)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._channels_last = self.data_format == "channels_last"
        first = 1 if self._channels_last else 2
        self._axes = tuple(range(first, first + self.rank))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        shape = _window.checked_shape(type(self).__name__, input_shape, self.rank)
        _, channels = _window.split(shape, self._channels_last)
        ones = (1,) * self.rank if self.keepdims else ()
        return _window.join(shape[0], ones, channels, self._channels_last)


class GlobalMaxPooling(GlobalPoolND):
    """The largest value of each channel, for any rank."""

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the largest value of each channel."""
        return inputs.amax(self._axes, self.keepdims)


class GlobalAveragePooling(GlobalPoolND):
    """The average of each channel, for any rank."""

    _keeps_integers = False

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the average of each channel."""
        return self._floating(inputs).mean(self._axes, self.keepdims)


@LAYERS.register("GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalMaxPooling):
    """Largest value of each channel over all steps.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        keepdims: Whether the dimensions stay, with size 1.

    Shapes: `(batch, steps, channels) -> (batch, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.GlobalMaxPooling1D()(torch.ones(2, 10, 3)).shape
    torch.Size([2, 3])
    """

    rank = 1


@LAYERS.register("GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """Largest value of each channel over all pixels.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        keepdims: Whether the dimensions stay, with size 1.

    Shapes: `(batch, height, width, channels) -> (batch, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.GlobalMaxPooling2D()(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 3])
    """

    rank = 2


@LAYERS.register("GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """Largest value of each channel over all voxels.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        keepdims: Whether the dimensions stay, with size 1.

    Shapes: `(batch, depth, height, width, channels) -> (batch, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.GlobalMaxPooling3D()(torch.ones(1, 4, 4, 4, 3)).shape
    torch.Size([1, 3])
    """

    rank = 3


@LAYERS.register("GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalAveragePooling):
    """Average of each channel over all steps, those that a mask leaves out excepted.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        keepdims: Whether the dimensions stay, with size 1.

    Shapes: `(batch, steps, channels) -> (batch, channels)`.

    A sample without any step left averages nothing: its outputs are NaN, as in Keras.

    >>> import torch, torchkeras as keras
    >>> keras.layers.GlobalAveragePooling1D()(torch.ones(2, 10, 3)).shape
    torch.Size([2, 3])
    """

    rank = 1

    def call(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Return the average over the steps where `mask`, if there is one, is True."""
        if mask is None:
            return super().call(inputs)
        inputs = self._floating(inputs)
        weight = mask.to(inputs.dtype).unsqueeze(-1 if self._channels_last else 1)
        total = (inputs * weight).sum(self._axes, self.keepdims)
        return total / weight.sum(self._axes, self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the steps are gone."""
        return


@LAYERS.register("GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """Average of each channel over all pixels.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        keepdims: Whether the dimensions stay, with size 1.

    Shapes: `(batch, height, width, channels) -> (batch, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.GlobalAveragePooling2D()(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 3])
    """

    rank = 2


@LAYERS.register("GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """Average of each channel over all voxels.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        keepdims: Whether the dimensions stay, with size 1.

    Shapes: `(batch, depth, height, width, channels) -> (batch, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.GlobalAveragePooling3D()(torch.ones(1, 4, 4, 4, 3)).shape
    torch.Size([1, 3])
    """

    rank = 3


# The other names that Keras has for them.
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
