"""Layers that cut, pad or repeat the steps, pixels or voxels of their inputs."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.reshaping._nd import Cropping, UpSampling, ZeroPadding
from torchkeras.ops.image.resample import stretch


@LAYERS.register()
class Cropping1D(Cropping):
    """Cut steps off at the beginning and the end.

    Args:
        cropping: Number of steps cut at both ends, or a pair of them; default `(1, 1)`.

    Shapes: `(batch, steps, channels) -> (batch, steps - sum(cropping), channels)`.

    Raises:
        ValueError: if nothing would be left.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Cropping1D((1, 2))(torch.ones(2, 10, 3)).shape
    torch.Size([2, 7, 3])
    """

    rank = 1
    config_skip = frozenset({"data_format"})

    def __init__(self, cropping: int | tuple[int, int] = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)


@LAYERS.register()
class Cropping2D(Cropping):
    """Cut pixels off at the edges of images.

    Args:
        cropping: Pixels cut at each edge, or `(rows, columns)`, or
            `((top, bottom), (left, right))`; default: none.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, height, width, channels) -> (batch, new_height, new_width, channels)`.

    Raises:
        ValueError: if nothing would be left.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Cropping2D(((1, 1), (0, 3)))(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 6, 5, 3])
    """

    rank = 2

    def __init__(
        self,
        cropping: Any = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


@LAYERS.register()
class Cropping3D(Cropping):
    """Cut voxels off at the faces of volumes.

    Args:
        cropping: Voxels cut at each face, or three numbers, or three pairs of them; default 1.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, depth, height, width, channels) -> (batch, ..., channels)`.

    Raises:
        ValueError: if nothing would be left.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Cropping3D((1, 0, 2))(torch.ones(1, 6, 6, 6, 3)).shape
    torch.Size([1, 4, 6, 2, 3])
    """

    rank = 3


@LAYERS.register()
class ZeroPadding1D(ZeroPadding):
    """Add zeros before and after the steps.

    Args:
        padding: Number of steps added at both ends, or a pair of them; default 1.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, steps, channels) -> (batch, steps + sum(padding), channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.ZeroPadding1D((1, 2))(torch.ones(2, 10, 3)).shape
    torch.Size([2, 13, 3])
    """

    rank = 1


@LAYERS.register()
class ZeroPadding2D(ZeroPadding):
    """Add zeros around images.

    Args:
        padding: Pixels added at each edge, or `(rows, columns)`, or
            `((top, bottom), (left, right))`; default 1.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, height, width, channels) -> (batch, new_height, new_width, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.ZeroPadding2D(((1, 1), (0, 3)))(torch.ones(1, 8, 8, 3)).shape
    torch.Size([1, 10, 11, 3])
    """

    rank = 2


@LAYERS.register()
class ZeroPadding3D(ZeroPadding):
    """Add zeros around volumes.

    Args:
        padding: Voxels added at each face, or three numbers, or three pairs of them; default 1.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, depth, height, width, channels) -> (batch, ..., channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.ZeroPadding3D((1, 0, 2))(torch.ones(1, 6, 6, 6, 3)).shape
    torch.Size([1, 8, 6, 10, 3])
    """

    rank = 3


@LAYERS.register()
class UpSampling1D(UpSampling):
    """Repeat each step `size` times.

    Args:
        size: Number of repetitions; default 2.

    Shapes: `(batch, steps, channels) -> (batch, steps * size, channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.UpSampling1D(3)(torch.ones(2, 4, 3)).shape
    torch.Size([2, 12, 3])
    """

    rank = 1
    config_skip = frozenset({"data_format"})

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(size, "channels_last", **kwargs)


@LAYERS.register()
class UpSampling2D(UpSampling):
    """Enlarge images by whole factors.

    Args:
        size: Factor, or one each for height and width; default 2.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.
        interpolation: `"nearest"` (repeat), `"bilinear"`, `"bicubic"`, `"lanczos3"` or
            `"lanczos5"`.

    Shapes: `(batch, height, width, channels) -> (batch, height * size[0], width * size[1],
    channels)`.

    Raises:
        ValueError: for an unknown interpolation.

    >>> import torch, torchkeras as keras
    >>> keras.layers.UpSampling2D(2, interpolation="bilinear")(torch.ones(1, 4, 4, 3)).shape
    torch.Size([1, 8, 8, 3])
    """

    rank = 2

    def __init__(
        self,
        size: int | tuple[int, int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = check.one_of(
            "UpSampling2D",
            "interpolation",
            str(interpolation).lower(),
            ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"),
        )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the enlarged images."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        y = self._interpolate(self._floating(inputs), self.interpolation)
        return y if y.dtype is inputs.dtype else _rounded(y, inputs.dtype)

    def _interpolate(self, x: torch.Tensor, mode: str) -> torch.Tensor:
        if not mode.startswith("lanczos"):
            return super()._interpolate(x, mode)
        if self._channels_last:
            x = x.permute(self._to_torch)
        height, width = (n * f for n, f in zip(x.shape[2:], self._sizes, strict=True))
        y = stretch(x, (height, width), mode)
        return y.permute(self._to_keras) if self._channels_last else y


def _rounded(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return to an integer type."""
    limits = torch.iinfo(dtype)
    return x.round().clamp(limits.min, limits.max).to(dtype)


@LAYERS.register()
class UpSampling3D(UpSampling):
    """Repeat each voxel along depth, height and width.

    Args:
        size: Number of repetitions, or three of them; default 2.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, depth, height, width, channels) -> (batch, ..., channels)`.

    >>> import torch, torchkeras as keras
    >>> keras.layers.UpSampling3D((1, 2, 3))(torch.ones(1, 4, 4, 4, 3)).shape
    torch.Size([1, 4, 8, 12, 3])
    """

    rank = 3
