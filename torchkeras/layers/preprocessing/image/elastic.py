"""RandomElasticTransform: images warped at random, as if drawn on rubber."""

from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._geometric import FILL_MODES, GeometricLayer
from torchkeras.ops.image import elastic_transform
from torchkeras.random import SeedGenerator
from torchkeras.random.seed_generator import probing, resolve


@LAYERS.register()
class RandomElasticTransform(GeometricLayer):
    """Moves each pixel by a smooth random field while training.

    Args:
        factor: Probability that an image is changed: number `f` for one between 0 and `f`, or a
            pair of numbers that it is drawn between.
        scale: Strength in [0, 1]: number `s` for one between 0 and `s`, or a pair.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: What lies outside: `"reflect"`, `"constant"`, `"wrap"`, `"nearest"` or
            `"mirror"`.
        fill_value: Value outside, with `fill_mode="constant"`.
        value_range: Smallest and largest value of the images; results are held to it.
        seed: Whole number.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Images `(..., height, width, channels)`, or a dict with `"images"`, `"labels"` and
    `"segmentation_masks"`. A call by itself counts as training.

    Raises:
        ValueError: for a bad factor, scale, fill mode, interpolation or data format.

    Simard et al., 2003, https://doi.org/10.1109/ICDAR.2003.1227801

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomElasticTransform(value_range=(0, 1))(torch.rand(2, 8, 8, 3)).shape
    torch.Size([2, 8, 8, 3])
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)
    _FILL_MODES = (*FILL_MODES, "mirror")

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = self._as_range("factor", factor)
        self.scale = self._as_range("scale", scale)
        self._set_sampling(interpolation, fill_value, fill_mode)
        self.value_range = value_range
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are warped, how much, and the seed of the fields."""
        if not training:
            return None
        images = self._images_of(data)
        batch = self._batch_size(images)
        probability = self._uniform(images, (batch,), *self.factor, seed)
        apply = self._uniform(images, (batch,), seed=seed) < probability
        strength = self._uniform(images, (), *self.scale, seed, self.compute_dtype)
        seed = self.generator if seed is None else seed
        if isinstance(seed, SeedGenerator) and not probing():
            # One number, so that masks are warped by the field that their images are warped by.
            generator = resolve(type(self).__name__, seed)
            seed = None if generator is None else generator.initial_seed()
        return {"apply_transform": apply, "distortion_factor": strength, "seed": seed}

    def get_elastic_transform_params(self, height: int, width: int, factor: Any) -> Any:
        """Return `alpha` and `sigma` of `ops.image.elastic_transform`."""
        return max(height, width) * 0.1 * factor, min(height, width) * 0.05 * factor

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        height, width = self._image_size(images)
        strength = transformation["distortion_factor"]
        alpha, sigma = self.get_elastic_transform_params(height, width, strength)
        warped = elastic_transform(
            images,
            alpha,
            sigma,
            interpolation,
            self.fill_mode,
            self.fill_value,
            transformation["seed"],
            self.data_format,
        )
        apply = transformation["apply_transform"][:, None, None, None]
        return torch.where(apply, warped, images).reshape(images.shape)

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Warp a batch of images."""
        images = super().transform_images(images, transformation, training=training)
        return images.clamp(*self.value_range) if training else images
