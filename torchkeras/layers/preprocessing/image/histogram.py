"""Histogram equalization: of whole images, and of tiles with limited contrast."""

import math
from numbers import Real
from typing import Any

import torch
from torch.nn import functional

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._pixel import PixelLayer


def _histograms(values: torch.Tensor, bins: int) -> torch.Tensor:
    """Count the integers in [0, bins) along the last axis."""
    counts = torch.zeros(*values.shape[:-1], bins, device=values.device)
    return counts.scatter_add_(-1, values, torch.ones((), device=values.device).expand_as(values))


@LAYERS.register()
class Equalization(PixelLayer):
    """Spreads the values of each channel of each image evenly, while training.

    A value becomes the share of the channel's values up to its bin.

    Args:
        value_range: `(low, high)` of the values of an image.
        bins: Number of bins of the histogram.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Shapes: `(batch, height, width, channels)`, or one image.

    >>> import torch, torchkeras as keras
    >>> x = torch.tensor([100.0, 101.0, 102.0, 102.0]).reshape(4, 1, 1)
    >>> keras.layers.Equalization()(x).flatten()
    tensor([  0.,  85., 255., 255.])
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.bins = check.positive_int(type(self).__name__, "bins", bins)
        self._set_value_range(value_range)

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        last = self.data_format == "channels_last"
        first = images.movedim(-1, 1) if last else images
        scaled = self._transform_value_range(first, self.value_range, (0, 255), images.dtype)
        # One row a channel of an image; in float32, as counts and their sums need it.
        bins = (scaled.flatten(2).float() * (self.bins - 1) / 255).long()
        bins = bins.clamp_(0, self.bins - 1)
        counts = _histograms(bins, self.bins)
        total = counts.cumsum(-1)
        least = total.masked_fill(total == 0, math.inf).amin(-1, keepdim=True)
        table = (total - least) * 255 / (total[..., -1:] - least).clamp(min=1)
        table = table.round_().clamp_(0, 255)
        equal = table.gather(-1, bins).reshape(first.shape).to(images.dtype)
        equal = self._transform_value_range(equal, (0, 255), self.value_range, images.dtype)
        flat = ((counts > 0).sum(-1) <= 1)[..., None, None]
        equal = torch.where(flat, first, equal)
        return equal.movedim(1, -1) if last else equal


@LAYERS.register()
class ContrastLimitedAdaptiveHistogramEqualization(PixelLayer):
    """Equalizes images tile by tile, with a limit on how much contrast grows (CLAHE).

    A pixel is mapped by the four tiles around it, mixed bilinearly. Counts above the limit are
    spread over all 256 bins. It works outside of training, too; the dtype stays.

    Args:
        value_range: `(low, high)` of the values of an image.
        clip_limit: Limit of a bin, in average counts of a bin; 0 and below: no limit.
        tile_grid_size: Numbers of tiles `(vertical, horizontal)`.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Shapes: `(batch, height, width, channels)`, or one image.

    Zuiderveld, 1994, "Contrast limited adaptive histogram equalization", Graphics Gems IV.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.ContrastLimitedAdaptiveHistogramEqualization()
    >>> layer(torch.rand(2, 64, 64, 3)).shape
    torch.Size([2, 64, 64, 3])
    """

    _always_active = True

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        owner = type(self).__name__
        if not isinstance(clip_limit, Real):
            raise ValueError(
                f"{owner}: clip_limit must be a number. {check.received('clip_limit', clip_limit)}"
            )
        self._set_value_range(value_range)
        self.clip_limit = clip_limit
        self.tile_grid_size = check.ntuple(owner, "tile_grid_size", tile_grid_size, 2)

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> torch.Tensor:
        """Transform a batch of images."""
        images = convert_to_tensor(images)
        last = self.data_format == "channels_last"
        first = (images.movedim(-1, 1) if last else images).float()
        first = self._transform_value_range(first, self.value_range, (0, 255))
        first = self._transform_value_range(self._equalize(first), (0, 255), self.value_range)
        return (first.movedim(1, -1) if last else first).to(images.dtype)

    def _output_dtype(self, dtype: str) -> str:
        return dtype

    def _equalize(self, images: torch.Tensor) -> torch.Tensor:
        """Equalize `(batch, channels, height, width)`, values 0 to 255."""
        batch, channels, height, width = images.shape
        rows, columns = self.tile_grid_size
        high, wide = -(-height // rows), -(-width // columns)
        padding = (0, wide * columns - width, 0, high * rows - height)
        padded = functional.pad(images, padding, mode="replicate")
        values = padded.clamp(0, 255).long()
        tiles = values.reshape(batch, channels, rows, high, columns, wide).transpose(3, 4)
        tables = self._tables(tiles.flatten(4))
        # The four tiles around a pixel; beyond the border the outermost ones go on.
        top, bottom, down = _neighbours(high, rows, images.device)
        left, right, across = _neighbours(wide, columns, images.device)
        flat = tables.flatten(2)
        values = values.flatten(2)

        def look_up(row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
            tile = (row[:, None] * columns + column).flatten() * 256
            return flat.gather(-1, tile + values).reshape(padded.shape)

        upper = _mixed(look_up(top, left), look_up(top, right), across)
        lower = _mixed(look_up(bottom, left), look_up(bottom, right), across)
        return _mixed(upper, lower, down[:, None])[..., :height, :width]

    def _tables(self, tiles: torch.Tensor) -> torch.Tensor:
        """Return what each of 256 values becomes, for tiles of pixels along the last axis."""
        pixels = tiles.shape[-1]
        counts = _histograms(tiles, 256)
        if self.clip_limit > 0:
            clipped = counts.clamp(max=int(self.clip_limit * pixels / 256))
            counts = clipped + (counts - clipped).sum(-1, keepdim=True) / 256
        total = counts.cumsum(-1)
        least = total.amin(-1, keepdim=True)
        span = pixels - least
        table = (total - least) * 255 / torch.where(span == 0, torch.ones_like(span), span)
        return table.clamp_(0, 255)


def _mixed(a: torch.Tensor, b: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    # Not lerp: integer images are cut off, where a rounding of the last bit is a whole step.
    return a * (1 - share) + b * share


def _neighbours(size: int, count: int, device: torch.device) -> tuple[torch.Tensor, ...]:
    """Return, for each pixel along an axis, the tiles before and after, and the latter's share."""
    place = (torch.arange(size * count, device=device) - size / 2) / size + 1
    share = place.frac()
    before = place.long() - 1
    return before.clamp(0, count - 1), (before + 1).clamp(0, count - 1), share
