"""Policies: random choices among the other layers, RandAugment and AugMix."""

from numbers import Real
from typing import Any, ClassVar

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._pixel import PixelLayer
from torchkeras.layers.preprocessing.image.blur import RandomSharpness
from torchkeras.layers.preprocessing.image.colour import RandomColorDegeneration
from torchkeras.layers.preprocessing.image.contrast import AutoContrast, RandomContrast
from torchkeras.layers.preprocessing.image.histogram import Equalization
from torchkeras.layers.preprocessing.image.intensity import (
    RandomBrightness,
    RandomPosterization,
    Solarization,
)
from torchkeras.layers.preprocessing.image.rotation import RandomRotation
from torchkeras.layers.preprocessing.image.shear import RandomShear
from torchkeras.layers.preprocessing.image.translation import RandomTranslation
from torchkeras.random import beta, gamma, randint


class _Policy(PixelLayer):
    """Base: the layers to choose from, each an attribute of its name."""

    _FACTOR_BOUNDS = (0, 1)
    _always_casts = True
    _names: ClassVar[tuple[str, ...]] = (
        "random_shear",
        "random_translation",
        "random_rotation",
        "random_brightness",
        "random_color_degeneration",
        "random_contrast",
        "random_sharpness",
        "random_posterization",
        "solarization",
        "auto_contrast",
        "equalization",
    )

    def _add_layers(self, names: tuple[str, ...], interpolation: Any) -> None:
        owner, factor = type(self).__name__, self.factor
        self.interpolation = check.one_of(
            owner, "interpolation", interpolation, ("nearest", "bilinear")
        )
        moving = {"interpolation": interpolation, "fill_mode": "reflect"}
        adjusting = {"value_range": self.value_range}
        bits = max(int(8 * factor[1]), 1)
        table: dict[str, tuple[type, tuple[Any, ...], dict[str, Any]]] = {
            "random_shear": (RandomShear, (factor, factor), moving),
            "random_translation": (RandomTranslation, (factor, factor), moving),
            "random_rotation": (RandomRotation, (factor,), moving),
            "random_brightness": (RandomBrightness, (factor,), adjusting),
            "random_color_degeneration": (RandomColorDegeneration, (factor,), adjusting),
            "random_contrast": (RandomContrast, (factor,), adjusting),
            "random_sharpness": (RandomSharpness, (factor,), adjusting),
            "random_posterization": (RandomPosterization, (bits,), adjusting),
            "solarization": (Solarization, (factor, factor), adjusting),
            "auto_contrast": (AutoContrast, (), adjusting),
            "equalization": (Equalization, (), adjusting),
        }
        for name in names:
            kind, args, kwargs = table[name]
            if kind not in (AutoContrast, Equalization):
                kwargs = kwargs | {"seed": self.seed}
            layer = kind(
                *args,
                data_format=self.data_format,
                bounding_box_format=self.bounding_box_format,
                dtype=self.dtype_policy,
                **kwargs,
            )
            setattr(self, name, layer)


@LAYERS.register()
class RandAugment(_Policy):
    """Applies layers drawn from eleven, one after the other, to all images of a batch.

    The eleven: `RandomShear`, `RandomTranslation`, `RandomRotation`, `RandomBrightness`,
    `RandomColorDegeneration`, `RandomContrast`, `RandomSharpness`, `RandomPosterization`,
    `Solarization`, `AutoContrast`, `Equalization`.

    Args:
        value_range: `(low, high)` of the values of an image.
        num_ops: How many are drawn.
        factor: Strength in [0, 1], the layers' factor, or a pair of numbers.
        interpolation: `"bilinear"` or `"nearest"`, where pixels move.
        seed: Integer; default: a random one.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Shapes: `(batch, height, width, 3)`, or one image; boxes and masks move with the images.

    Cubuk et al., 2020, https://arxiv.org/abs/1909.13719

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandAugment(seed=1)(torch.rand(2, 8, 8, 3) * 255).shape
    torch.Size([2, 8, 8, 3])
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set_value_range(value_range)
        self.num_ops = check.non_negative_int(type(self).__name__, "num_ops", num_ops)
        self._set_seed(seed)
        self._add_layers(self._names, interpolation)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the layers, then their transformations; None outside of training."""
        if not training:
            return None
        seed = self._get_seed_generator() if seed is None else seed
        chosen = randint((self.num_ops,), 0, len(self._names), seed=seed)
        drawn = {
            name: getattr(self, name).get_random_transformation(data, training=True, seed=seed)
            for name in dict.fromkeys(self._names[i] for i in chosen.tolist())
        }
        return {"transforms": drawn, "layer_idxes": chosen}

    def _apply(self, hook: str, x: Any, transformation: Any) -> Any:
        for i in transformation["layer_idxes"].tolist():
            name = self._names[i]
            x = getattr(getattr(self, name), hook)(x, transformation["transforms"][name])
        return x

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        return self._apply("transform_images", images, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move the boxes with the images."""
        if not training:
            return bounding_boxes
        return self._apply("transform_bounding_boxes", bounding_boxes, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move the masks with the images."""
        if not training:
            return segmentation_masks
        return self._apply("transform_segmentation_masks", segmentation_masks, transformation)


@LAYERS.register()
class AugMix(_Policy):
    """Mixes images with versions of them that went through chains of random layers.

    `m * x + (1 - m) * sum_k w_k * chain_k(x)`, with `m ~ Beta(alpha, alpha)` and
    `w ~ Dirichlet(alpha)`, drawn once a batch, as the layers of the chains.

    Args:
        value_range: `(low, high)` of the values of an image.
        num_chains: Number of chains.
        chain_depth: Number of layers in a chain, at most: each place may stay empty.
        factor: Strength in [0, 1], the layers' factor, or a pair of numbers.
        alpha: Number above 0.
        all_ops: Whether `RandomBrightness`, `RandomColorDegeneration`, `RandomContrast` and
            `RandomSharpness` are among the layers, beside the other seven of `RandAugment`.
        interpolation: `"bilinear"` or `"nearest"`, where pixels move.
        seed: Integer; default: a random one.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Shapes: `(batch, height, width, 3)`, or one image; masks are mixed as images, boxes stay.

    Hendrycks et al., 2020, https://arxiv.org/abs/1912.02781

    >>> import torch, torchkeras as keras
    >>> keras.layers.AugMix(seed=1)(torch.rand(2, 8, 8, 3) * 255).shape
    torch.Size([2, 8, 8, 3])
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        owner = type(self).__name__
        if not isinstance(alpha, Real) or not alpha > 0:
            raise ValueError(
                f"{owner}: alpha must be a number above 0. {check.received('alpha', alpha)}"
            )
        self._set_value_range(value_range)
        self.num_chains = check.positive_int(owner, "num_chains", num_chains)
        self.chain_depth = check.non_negative_int(owner, "chain_depth", chain_depth)
        self.alpha = alpha
        self.all_ops = all_ops
        self._set_seed(seed)
        extra = ("brightness", "color_degeneration", "contrast", "sharpness")
        self._choices = tuple(
            name for name in self._names if all_ops or name not in [f"random_{e}" for e in extra]
        )
        self._add_layers(self._choices, interpolation)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw weights, layers and their transformations; None outside of training."""
        if not training:
            return None
        seed = self._get_seed_generator() if seed is None else seed
        weights = gamma((self.num_chains,), self.alpha, dtype="float32", seed=seed)
        share = beta((), self.alpha, self.alpha, dtype="float32", seed=seed)
        shape = (self.num_chains, self.chain_depth)
        # One more than there are layers: that one leaves a place of the chain empty.
        chosen = randint(shape, 0, len(self._choices) + 1, seed=seed).tolist()
        names = (*self._choices, None)
        chains = [
            [self._draw_layer(names[i], data, seed) for i in chain if names[i]] for chain in chosen
        ]
        return {
            "chain_mixing_weights": weights / weights.sum(),
            "weight_sample": share,
            "chain_transforms": chains,
        }

    def _draw_layer(self, name: str, data: Any, seed: Any) -> dict[str, Any]:
        drawn = getattr(self, name).get_random_transformation(data, training=True, seed=seed)
        return {"layer_name": name, "transformation": drawn}

    def _mix(self, hook: str, x: torch.Tensor, transformation: Any) -> torch.Tensor:
        mixed = torch.zeros_like(x)
        for weight, chain in zip(
            transformation["chain_mixing_weights"].to(x),
            transformation["chain_transforms"],
            strict=True,
        ):
            y = x
            for step in chain:
                y = getattr(getattr(self, step["layer_name"]), hook)(y, step["transformation"])
            mixed += weight * y
        return torch.lerp(mixed, x, transformation["weight_sample"].to(x))

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        return self._mix("transform_images", images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move and mix the masks as the images."""
        if not training:
            return segmentation_masks
        masks = convert_to_tensor(segmentation_masks).to(self._policy.torch_compute_dtype)
        return self._mix("transform_segmentation_masks", masks, transformation)
