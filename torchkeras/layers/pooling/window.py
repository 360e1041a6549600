"""Pooling over windows: the largest value, or the average."""

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.pooling._nd import PoolND
from torchkeras.ops.pooling import AVERAGE, MAX

Sizes = Sequence[int]


class MaxPooling(PoolND):
    """The largest value of each window, for any rank."""

    def __init__(
        self,
        pool_size: int | tuple[int, ...] = 2,
        strides: int | tuple[int, ...] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)

    def _pool(self, x: torch.Tensor, padding: Sizes) -> torch.Tensor:
        return MAX[self.rank](x, self.pool_size, self.strides, padding, 1, self._ceil)


class AveragePooling(PoolND):
    """The average of each window, for any rank; padding does not count."""

    _keeps_integers = False

    def __init__(
        self,
        pool_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)

    def _pool(self, x: torch.Tensor, padding: Sizes) -> torch.Tensor:
        x = self._floating(x)
        return AVERAGE[self.rank](x, self.pool_size, self.strides, padding, self._ceil, False)


@LAYERS.register("MaxPool1D")
class MaxPooling1D(MaxPooling):
    """Largest value of each window, over steps.

    Args:
        pool_size: Length of the window; default 2.
        strides: Steps from one window to the next; default: `pool_size`.
        padding: `"valid"` (none) or `"same"` (`ceil(steps / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        name: Name of the layer.

    Shapes: `(batch, steps, channels) -> (batch, new_steps, channels)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.MaxPooling1D(2)(torch.ones(2, 10, 3)).shape
    torch.Size([2, 5, 3])
    """

    rank = 1


@LAYERS.register("MaxPool2D")
class MaxPooling2D(MaxPooling):
    """Largest value of each window, over images.

    Args:
        pool_size: Height and width of the window; default 2.
        strides: Pixels from one window to the next; default: `pool_size`.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        name: Name of the layer.

    Shapes: `(batch, height, width, channels) -> (batch, new_height, new_width, channels)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.MaxPooling2D(2)(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 4, 4, 3])
    """

    rank = 2


@LAYERS.register("MaxPool3D")
class MaxPooling3D(MaxPooling):
    """Largest value of each window, over volumes.

    Args:
        pool_size: Depth, height and width of the window; default 2.
        strides: Voxels from one window to the next; default: `pool_size`.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        name: Name of the layer.

    Shapes: `(batch, depth, height, width, channels) -> (batch, ..., channels)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.MaxPooling3D(2)(torch.ones(1, 4, 4, 4, 3)).shape
    torch.Size([1, 2, 2, 2, 3])
    """

    rank = 3


@LAYERS.register("AvgPool1D")
class AveragePooling1D(AveragePooling):
    """Average of each window, over steps.

    Args:
        pool_size: Length of the window.
        strides: Steps from one window to the next; default: `pool_size`.
        padding: `"valid"` (none) or `"same"` (`ceil(steps / strides)` outputs; zeros do not count).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        name: Name of the layer.

    Shapes: `(batch, steps, channels) -> (batch, new_steps, channels)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AveragePooling1D(2)(torch.ones(2, 10, 3)).shape
    torch.Size([2, 5, 3])
    """

    rank = 1


@LAYERS.register("AvgPool2D")
class AveragePooling2D(AveragePooling):
    """Average of each window, over images.

    Args:
        pool_size: Height and width of the window.
        strides: Pixels from one window to the next; default: `pool_size`.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs; zeros do not count).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        name: Name of the layer.

    Shapes: `(batch, height, width, channels) -> (batch, new_height, new_width, channels)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AveragePooling2D(2)(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 4, 4, 3])
    """

    rank = 2


@LAYERS.register("AvgPool3D")
class AveragePooling3D(AveragePooling):
    """Average of each window, over volumes.

    Args:
        pool_size: Depth, height and width of the window.
        strides: Voxels from one window to the next; default: `pool_size`.
        padding: `"valid"` (none) or `"same"` (`ceil(size / strides)` outputs; zeros do not count).
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        name: Name of the layer.

    Shapes: `(batch, depth, height, width, channels) -> (batch, ..., channels)`.

    Raises:
        ValueError: for an unknown padding, or if the output would be empty.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AveragePooling3D(2)(torch.ones(1, 4, 4, 4, 3)).shape
    torch.Size([1, 2, 2, 2, 3])
    """

    rank = 3


# The other names that Keras has for them.
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
