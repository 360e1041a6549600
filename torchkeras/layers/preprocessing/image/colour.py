"""Colour: taken away, strengthened, turned, or all of it at random."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._pixel import PixelLayer, per_image
from torchkeras.layers.preprocessing.image.contrast import RandomContrast
from torchkeras.layers.preprocessing.image.intensity import RandomBrightness
from torchkeras.ops.image import rgb_to_grayscale


@LAYERS.register()
class RandomColorDegeneration(PixelLayer):
    """Mixes images with their gray version: `x + factor * (gray - x)`.

    Args:
        factor: Pair of numbers to draw from (0: no change, 1: gray, below 0: more colour); a
            number `f` means `(-f, f)`.
        value_range: `(low, high)` of the values of an image.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, 3)`, or one image.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomColorDegeneration((0.5, 0.5))(torch.tensor([[[100.0, 0.0, 0.0]]]))
    tensor([[[64.9450, 14.9450, 14.9450]]])
    """

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
        return {"factor": self._uniform((count, 1, 1, 1), self.factor, seed)}

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        gray = rgb_to_grayscale(images, data_format=self.data_format)
        factor = per_image(transformation["factor"], images)
        return torch.lerp(images, gray.expand_as(images), factor).clamp_(*self.value_range)


@LAYERS.register()
class RandomGrayscale(PixelLayer):
    """Makes images gray at random; the number of channels and the dtype stay.

    Args:
        factor: Probability of each image.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)` with 3 channels or 1, or one image.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomGrayscale(1.0)(torch.tensor([[[100.0, 0.0, 0.0]]]))
    tensor([[[29.8900, 29.8900, 29.8900]]])
    """

    _USE_BASE_FACTOR = False
    config_quiet = frozenset({"seed"})  # Keras's configs lose it

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = check.fraction(type(self).__name__, "factor", factor)
        self._set_seed(seed)

    def _draw(self, count: int, seed: Any) -> torch.Tensor:
        return self._uniform((count, 1, 1, 1), (0, 1), seed) < self.factor

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> torch.Tensor:
        """Transform a batch of images."""
        images = convert_to_tensor(images)
        if not training:
            return images
        gray = rgb_to_grayscale(images, data_format=self.data_format)
        return torch.where(per_image(transformation, images), gray, images)

    def _output_dtype(self, dtype: str) -> str:
        return dtype


@LAYERS.register()
class RandomHue(PixelLayer):
    """Turns the hue of images by up to `factor / 2` of the circle, to one side or the other.

    Args:
        factor: Pair of numbers in [0, 1] to draw from; a number `f` means `(0, f)`.
        value_range: `(low, high)` of the values of an image.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, 3)`, or one image.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomHue((1, 1))(torch.tensor([[[200.0, 100.0, 100.0]]])).round()
    tensor([[[100., 200., 200.]]])
    """

    _FACTOR_BOUNDS = (0, 1)

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
        backwards = self._uniform(count, (0, 1), seed) > 0.5
        turn = self._uniform(count, self.factor, seed) * 0.5
        return {"factor": torch.where(backwards, -turn, turn)}

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        axis = self.channel_axis
        if images.shape[axis] != 3:
            raise ValueError(
                f"{type(self).__name__}: images must have 3 channels. "
                f"{check.received('shape', tuple(images.shape))}"
            )
        # The hue in sixths of the circle, red at 0; it is the same in every value range.
        red, green, blue = images.unbind(axis)
        most = images.amax(axis)
        spread = most - images.amin(axis)
        size = spread.masked_fill(spread == 0, 1)
        hue = torch.where(most == green, (blue - red) / size + 2, (red - green) / size + 4)
        hue = torch.where(most == red, (green - blue) / size, hue).unsqueeze(axis)
        # A channel is at the top for two sixths around its own hue, and falls in the next ones.
        places = images.new_tensor([5, 3, 1]).reshape((3,) + (1,) * (-1 - axis))
        away = (hue + 6 * per_image(transformation["factor"], images) + places).remainder(6)
        share = torch.minimum(away, 4 - away).clamp_(0, 1)
        images = most.unsqueeze(axis) - spread.unsqueeze(axis) * share
        return images.clamp_(*self.value_range)


@LAYERS.register()
class RandomSaturation(PixelLayer):
    """Multiplies the saturation of images by `factor / (1 - factor)`, as far as it goes.

    Args:
        factor: Pair of numbers to draw from (0 and below: gray, 0.5: no change, 1: fully
            saturated); a number `f` means `(-f, f)`.
        value_range: `(low, high)` of the values of an image.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)`, or one image.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomSaturation((1, 1))(torch.tensor([[[200.0, 150.0, 100.0]]]))
    tensor([[[200., 100.,   0.]]])
    """

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
        factor = self._uniform(count, self.factor, seed)
        return {"factor": factor / (1 - factor + 1e-7)}

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        # In the colour cone the saturation scales the distances from the brightest channel, and
        # is 1 where the darkest one reaches the low end: no need to go there and back.
        low, _ = self.value_range
        most = images.amax(self.channel_axis, keepdim=True)
        spread = most - images.amin(self.channel_axis, keepdim=True)
        limit = (most - low) / spread.masked_fill(spread == 0, 1)
        ratio = per_image(transformation["factor"], images).clamp(min=0)
        return torch.lerp(most.expand_as(images), images, torch.minimum(ratio, limit))


@LAYERS.register()
class RandomColorJitter(PixelLayer):
    """Changes brightness, contrast, saturation and hue of images at random, in this order.

    Args:
        value_range: `(low, high)` of the values of an image.
        brightness_factor: As of `RandomBrightness`; None: it is left out.
        contrast_factor: As of `RandomContrast`; None: it is left out.
        saturation_factor: As of `RandomSaturation`; None: it is left out.
        hue_factor: As of `RandomHue`; None: it is left out.
        seed: Integer; default: a random one.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Shapes: `(batch, height, width, 3)`, or one image.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.RandomColorJitter(brightness_factor=(0.2, 0.2))
    >>> layer(torch.zeros(1, 1, 3))
    tensor([[[51., 51., 51.]]])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_value_range(value_range)
        self._set_seed(seed)
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        for name, kind, factor in (
            ("random_brightness", RandomBrightness, brightness_factor),
            ("random_contrast", RandomContrast, contrast_factor),
            ("random_saturation", RandomSaturation, saturation_factor),
            ("random_hue", RandomHue, hue_factor),
        ):
            layer = None
            if factor is not None:
                layer = kind(
                    factor,
                    value_range=self.value_range,
                    data_format=self.data_format,
                    seed=seed,
                    dtype=self.dtype_policy,
                )
            setattr(self, name, layer)

    def _steps(self) -> list[PixelLayer]:
        layers = (
            self.random_brightness,
            self.random_contrast,
            self.random_saturation,
            self.random_hue,
        )
        return [layer for layer in layers if layer is not None]

    def _draw(self, count: int, seed: Any) -> list[dict[str, torch.Tensor]]:
        return [layer._draw(count, seed) for layer in self._steps()]

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        for layer, drawn in zip(self._steps(), transformation, strict=True):
            images = layer._adjust(images, drawn)
        return images
