"""Blurred and sharpened images."""

from typing import Any

import torch
from torch.nn import functional

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._pixel import PixelLayer, per_image
from torchkeras.ops.image import gaussian_blur


@LAYERS.register()
class RandomGaussianBlur(PixelLayer):
    """Blurs images at random by a Gaussian kernel, which all images of a batch share.

    Args:
        factor: Range, in [0, 1], that the probability of each image is drawn from; a number `f`
            means `(0, f)`.
        kernel_size: Odd number of pixels, or a pair `(height, width)`.
        sigma: Pair of standard deviations in pixels to draw from, once for each axis; a number
            `s` in [0, 1] means `(0, s)`.
        value_range: `(low, high)` of the values of an image.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)`, or one image.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.RandomGaussianBlur((1, 1), sigma=(1, 1))
    >>> x = torch.zeros(1, 3, 3, 1)
    >>> x[0, 1, 1] = 100.0
    >>> layer(x)[0, :, :, 0]
    tensor([[ 7.5114, 12.3841,  7.5114],
            [12.3841, 20.4180, 12.3841],
            [ 7.5114, 12.3841,  7.5114]])
    """

    _FACTOR_BOUNDS = (0, 1)
    _always_casts = True

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self.kernel_size = check.ntuple(type(self).__name__, "kernel_size", kernel_size, 2)
        if any(k % 2 == 0 for k in self.kernel_size):
            raise ValueError(
                f"{type(self).__name__}: kernel_size must be odd. "
                f"{check.received('kernel_size', kernel_size)}"
            )
        self.sigma = self._as_range("sigma", sigma)
        self._set_value_range(value_range)
        self._set_seed(seed)

    def _draw(self, count: int, seed: Any) -> dict[str, torch.Tensor]:
        probability = self._uniform(count, self.factor, seed)
        return {
            "should_apply_blur": self._uniform(count, (0, 1), seed) < probability,
            "blur_factor": self._uniform(2, self.sigma, seed) + 1e-6,
        }

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        sigma = transformation["blur_factor"].flip(0)  # drawn as width, height, as in Keras
        blurred = gaussian_blur(images, self.kernel_size, sigma, data_format=self.data_format)
        chosen = per_image(transformation["should_apply_blur"], images)
        return torch.where(chosen, blurred, images).clamp_(*self.value_range)


@LAYERS.register()
class RandomSharpness(PixelLayer):
    """Mixes images with a smoothed version: `smooth + 2 * factor * (x - smooth)`.

    The smoothed value is the mean of the 3 by 3 pixels around, where the pixel itself counts 5
    times and what is outside counts as 0.

    Args:
        factor: Pair of numbers in [0, 1] to draw from (0: smoothed, 0.5: no change, 1: sharper);
            a number `f` means `(0, f)`.
        value_range: `(low, high)` of the values of an image.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)`, or one image.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.RandomSharpness((1, 1))
    >>> layer(torch.full((1, 3, 3, 1), 130.0))[0, 1]
    tensor([[160.],
            [130.],
            [160.]])
    """

    _FACTOR_BOUNDS = (0, 1)
    _always_casts = True

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set_value_range(value_range)
        self._set_seed(seed)

    def _draw(self, count: int, seed: Any) -> dict[str, torch.Tensor]:
        return {"factor": self._uniform(count, self.factor, seed)}

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        channels = (0, 0) if self.data_format == "channels_last" else ()
        around = functional.pad(images, (*channels, 1, 1, 1, 1))
        for axis in (self.height_axis, self.width_axis):
            size = images.shape[axis]
            before, here, after = (around.narrow(axis, i, size) for i in range(3))
            around = before + here + after
        smooth = (around + 4 * images) / 13
        factor = per_image(transformation["factor"], images)
        return torch.lerp(smooth, images, 2 * factor).clamp_(*self.value_range)
