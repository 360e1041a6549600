"""Contrast: stretched to the whole range, or changed at random."""

from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._pixel import PixelLayer, per_image


@LAYERS.register()
class AutoContrast(PixelLayer):
    """Stretches each channel of each image over the whole range of values.

    `(x - min) * (high - low) / (max - min) + low`, also outside of training; a channel of one
    value stays as it is.

    Args:
        value_range: `(low, high)` of the values of an image.

    Shapes: `(batch, height, width, channels)`, or one image; with `data_format="channels_first"`
    the channels come before the height.

    >>> import torch, torchkeras as keras
    >>> keras.layers.AutoContrast()(torch.tensor([10.0, 20.0, 30.0]).reshape(1, 3, 1)).flatten()
    tensor([  0.0000, 127.5000, 255.0000])
    """

    _USE_BASE_FACTOR = False
    _always_active = True

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_value_range(value_range)

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        low, high = self.value_range
        # Axis by axis: torch is slow where it reduces two at once and the last one is short.
        y, x = self.height_axis, self.width_axis
        least = images.amin(y, keepdim=True).amin(x, keepdim=True)
        span = images.amax(y, keepdim=True).amax(x, keepdim=True) - least
        # A flat channel stays as it is: by its numbers, as torch.where is slow here.
        flat = span == 0
        scale = ((high - low) / span.masked_fill(flat, 1)).masked_fill(flat, 1)
        floor = torch.full_like(span, low).masked_fill(flat, 0)
        start = least.masked_fill(flat, 0)
        beyond = (least - least.clamp(low, high)).masked_fill(~flat, 0)
        pixels = images
        if self.data_format == "channels_last":  # by rows: three channels are a short inner loop
            pixels = images.flatten(-2)
            start, scale, floor, beyond = (
                t.expand(*t.shape[:-2], *images.shape[-2:]).flatten(-2)
                for t in (start, scale, floor, beyond)
            )
        stretched = (pixels - start) * scale + floor
        return (stretched.clamp(low, high) + beyond).view(images.shape)


@LAYERS.register()
class RandomContrast(PixelLayer):
    """Moves values away from their channel's mean, or towards it, by a random factor.

    `(x - mean) * factor + mean`, held in `value_range`.

    Args:
        factor: Pair `(lower, upper)` in [0, 1]: factors are drawn from
            `[1 - lower, 1 + upper]`; a number `f` means `(0, f)`.
        value_range: `(low, high)` of the values of an image.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)`, or one image.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.RandomContrast(factor=(0.5, 0.5), seed=1)
    >>> layer(torch.tensor([10.0, 30.0]).reshape(1, 2, 1)).mean()
    tensor(20.)
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(factor=factor, **kwargs)
        self._set_value_range(value_range)
        self._set_seed(seed)

    def _draw(self, count: int, seed: Any) -> dict[str, torch.Tensor]:
        lower, upper = self.factor
        factors = self._uniform((count, 1, 1, 1), (1.0 - lower, 1.0 + upper), seed)
        return {"contrast_factor": factors}

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        mean = images.mean((self.height_axis, self.width_axis), keepdim=True)
        factor = per_image(transformation["contrast_factor"], images)
        return torch.lerp(mean, images, factor).clamp_(*self.value_range)
