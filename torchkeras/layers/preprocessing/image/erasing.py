"""RandomErasing: a rectangle of each image replaced at random."""

from numbers import Real
from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._base import BaseImagePreprocessingLayer
from torchkeras.random import SeedGenerator, normal


@LAYERS.register()
class RandomErasing(BaseImagePreprocessingLayer):
    """Overwrites a random rectangle of each image while training.

    Args:
        factor: Probability that an image is changed: number `f` for one between 0 and `f`, or a
            pair of numbers that it is drawn between.
        scale: Squares of the sides' shares of the image's: number `s` for `(0, s)`, or a pair.
        fill_value: Number, or one for each channel; default: normal noise.
        value_range: Smallest and largest value of the images, which the noise is held to.
        seed: Whole number.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Images `(..., height, width, channels)`, or a dict with `"images"`, and others that stay as
    they are. A call by itself counts as training.

    Raises:
        ValueError: for a bad factor, scale, fill value or data format.

    Zhong et al., 2020, https://arxiv.org/abs/1708.04896

    >>> import torch, torchkeras as keras
    >>> erase = keras.layers.RandomErasing((1.0, 1.0), scale=(0.25, 0.25), fill_value=0.0)
    >>> erase(torch.ones(1, 40, 40, 1)).mean()
    tensor(0.7500)
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = self._as_range("factor", factor)
        self.scale = self._as_range("scale", scale)
        numbers = fill_value if isinstance(fill_value, (tuple, list)) else [fill_value]
        if fill_value is not None and not all(isinstance(f, Real) for f in numbers):
            raise ValueError(
                f"{type(self).__name__}: fill_value must be a number, one for each channel, or "
                f"None. {check.received('fill_value', fill_value)}"
            )
        self.fill_value = fill_value
        self.value_range = value_range
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are changed, the rectangles, and what is put into them."""
        if not training:
            return None
        images = self._images_of(data)
        batch = self._batch_size(images)
        masks = self._draw_masks(images, batch, seed)
        probability = self._uniform(images, (batch,), *self.factor, seed)
        apply = self._uniform(images, (batch,), seed=seed) < probability
        return {
            "apply_erasing": apply,
            "batch_masks": masks,
            "fill_value": self._draw_fill(images, seed),
        }

    def _draw_masks(self, images: Any, batch: int, seed: Any) -> torch.Tensor:
        """Draw rectangles, as boolean masks of the shape of the batch."""
        height, width = self._image_size(images)
        shares = self._uniform(images, (batch, 2), *self.scale, seed).sqrt()
        w, h = shares[:, :1] * width, shares[:, 1:] * height
        left = self._uniform(images, (batch,), seed=seed)[:, None] * (width - w)
        top = self._uniform(images, (batch,), seed=seed)[:, None] * (height - h)
        x, y = (torch.arange(n, dtype=w.dtype, device=w.device) for n in (width, height))
        columns, rows = (x >= left) & (x < left + w), (y >= top) & (y < top + h)
        mask = (rows[:, :, None] & columns[:, None, :]).unsqueeze(self.channel_axis)
        return mask.expand(batch, *images.shape[-3:])

    def _draw_fill(self, images: Any, seed: Any) -> torch.Tensor:
        dtype, shape = self.compute_dtype, tuple(images.shape)
        if self.fill_value is None:
            low, high = self.value_range
            seed = self._get_seed_generator() if seed is None else seed
            fill = (normal(shape, dtype=dtype, seed=seed) * high).clamp(low, high)
            return fill.to(images.device) if isinstance(images, torch.Tensor) else fill
        fill = convert_to_tensor(self.fill_value, dtype)
        channels = shape[self.channel_axis]
        if fill.ndim and len(fill) != channels:
            raise ValueError(
                f"{type(self).__name__}: fill_value must have one number for each of the "
                f"{channels} channels. {check.received('fill_value', self.fill_value)}"
            )
        if fill.ndim and self.channel_axis == -3:
            fill = fill[:, None, None]
        return (fill.to(images.device) if isinstance(images, torch.Tensor) else fill).expand(shape)

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Overwrite the rectangles of a batch of images."""
        images = convert_to_tensor(images).to(dtypes.torch_dtype(self.compute_dtype))
        if not training:
            return images
        chosen = transformation["apply_erasing"][:, None, None, None]
        return torch.where(
            chosen & transformation["batch_masks"], transformation["fill_value"], images
        )

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Return the labels."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the boxes."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the masks."""
        return segmentation_masks

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
