"""Each value by itself: brighter, inverted, solarized, with fewer bits."""

from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._pixel import PixelLayer, per_image
from torchkeras.random import randint


@LAYERS.register()
class RandomBrightness(PixelLayer):
    """Adds a random share of the range to all values of an image.

    `x + factor * (high - low)`, held in `value_range`; integer images become floats.

    Args:
        factor: Pair of numbers in [-1, 1] to draw from (-1: black, 1: white); a number `f` means
            `(-f, f)`.
        value_range: `(low, high)` of the values of an image.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)`, or one image.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomBrightness((0.2, 0.2))(torch.zeros(1, 1, 3))
    tensor([[[51., 51., 51.]]])
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(factor=factor, **kwargs)
        self._set_value_range(value_range)
        self._set_seed(seed)

    def _draw(self, count: int, seed: Any) -> dict[str, torch.Tensor]:
        low, high = self.value_range
        return {"rgb_delta": self._uniform((count, 1, 1, 1), self.factor, seed) * (high - low)}

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        delta = per_image(transformation["rgb_delta"], images)
        return (images + delta).clamp_(*self.value_range)


@LAYERS.register()
class RandomInvert(PixelLayer):
    """Inverts images at random: `low + high - x`.

    Args:
        factor: Range, in [0, 1], that the probability of each image is drawn from; a number `f`
            means `(0, f)`.
        value_range: `(low, high)` of the values of an image.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)`, or one image.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomInvert((1, 1))(torch.tensor([[[0.0, 100.0, 255.0]]]))
    tensor([[[255., 155.,   0.]]])
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set_value_range(value_range)
        self._set_seed(seed)

    def _draw(self, count: int, seed: Any) -> dict[str, torch.Tensor]:
        probability = self._uniform(count, self.factor, seed)
        return {"apply_inversion": self._uniform(count, (0, 1), seed) < probability}

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        chosen = per_image(transformation["apply_inversion"], images)
        return torch.where(chosen, sum(self.value_range) - images, images)


@LAYERS.register()
class RandomPosterization(PixelLayer):
    """Keeps a random number of the 8 bits of each value.

    Args:
        factor: Pair of numbers of bits, 1 to 8, the upper one excluded (a pair of equal numbers:
            that many); a number `n` means `(1, n)`.
        value_range: `(low, high)` of the values of an image.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)`, or one image.

    Cubuk et al., 2019, https://arxiv.org/abs/1805.09501

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomPosterization((2, 2))(torch.tensor([[[10.0, 100.0, 250.0]]]))
    tensor([[[  0.,  64., 192.]]])
    """

    _FACTOR_BOUNDS = (1, 8)

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        if any(f != int(f) for f in self.factor):
            raise ValueError(
                f"{type(self).__name__}: factor must be whole numbers of bits. "
                f"{received('factor', factor)}"
            )
        self._set_value_range(value_range)
        self._set_seed(seed)

    def _draw(self, count: int, seed: Any) -> dict[str, torch.Tensor]:
        low, high = (int(f) for f in self.factor)
        bits = randint((count,), low, max(high, low + 1), dtype="uint8", seed=seed)
        return {"shift_factor": 8 - bits}

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        step = torch.exp2(per_image(transformation["shift_factor"], images))
        images = self._transform_value_range(images, self.value_range, (0, 255), images.dtype)
        images = torch.floor(images / step) * step
        return self._transform_value_range(images, (0, 255), self.value_range, images.dtype)


@LAYERS.register()
class Solarization(PixelLayer):
    """Inverts values that are not below a random threshold: `low + high - x`.

    Before that, a random share of the range is added, and values are held in the range.

    Args:
        addition_factor: Pair of shares in [0, 1] to draw from; a number `f` means `(0, f)`.
        threshold_factor: Pair of thresholds, as shares in [0, 1]; a number `f` means `(0, f)`.
        value_range: `(low, high)` of the values of an image.
        seed: Integer; default: a random one.

    Shapes: `(batch, height, width, channels)`, or one image.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Solarization(threshold_factor=(0.5, 0.5))(torch.tensor([[[10.0, 200.0]]]))
    tensor([[[10., 55.]]])
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)
    _always_casts = True

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set_seed(seed)
        self.addition_factor = self._as_range("addition_factor", addition_factor)
        self.threshold_factor = self._as_range("threshold_factor", threshold_factor)
        self._set_value_range(value_range)

    def _as_range(self, name: str, factor: Any) -> tuple[float, float]:
        for number in factor if isinstance(factor, (tuple, list)) else ():
            super()._as_range(name, number)  # each of a pair is in the bounds
        return super()._as_range(name, factor)

    def _draw(self, count: int, seed: Any) -> dict[str, torch.Tensor]:
        # In steps of an 8-bit image, whatever the range.
        shape = (count, 1, 1, 1)
        return {
            "additions": self._uniform(shape, self.addition_factor, seed) * 255,
            "thresholds": self._uniform(shape, self.threshold_factor, seed) * 255,
        }

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        low, high = self.value_range
        step = (high - low) / 255
        addition = per_image(transformation["additions"], images) * step
        threshold = per_image(transformation["thresholds"], images) * step + low
        images = (images + addition).clamp_(low, high)
        return torch.where(images < threshold, images, (low + high) - images)
