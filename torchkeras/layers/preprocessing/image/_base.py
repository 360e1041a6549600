"""The frame of all image preprocessing layers: draw once, then transform all that goes together."""

import functools
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import torch

from torchkeras._base import check, config
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.layer import Layer
from torchkeras.random import SeedGenerator, uniform

_HOOKS = (
    "transform_images",
    "transform_labels",
    "transform_bounding_boxes",
    "transform_segmentation_masks",
)


def _as_tensors(x: Any) -> Any:
    """Make tensors of arrays of numbers, also of those in a dict."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "biuf":
        return convert_to_tensor(x)
    if isinstance(x, dict) and any(isinstance(v, (np.ndarray, dict)) for v in x.values()):
        return {k: _as_tensors(v) for k, v in x.items()}
    return x


def _takes_arrays(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Let a hook take arrays where it is called by hand."""

    @functools.wraps(hook)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        return hook(self, *map(_as_tensors, args), **{k: _as_tensors(v) for k, v in kwargs.items()})

    return wrapped


class BaseImagePreprocessingLayer(Layer):
    """Applies one random transformation to images and to their labels, boxes and masks.

    A layer is called on one image `(height, width, channels)`, on a batch of them, or on a dict
    with the keys `"images"`, `"labels"`, `"bounding_boxes"` (a dict of `"boxes"` and `"labels"`)
    and `"segmentation_masks"`, all of one image or all of a batch. A subclass draws in
    `get_random_transformation` and applies what it drew in the hooks `transform_images`,
    `transform_labels`, `transform_bounding_boxes` and `transform_segmentation_masks`, which always
    get batches. Outside of training nothing is drawn (the transformation is None).

    Args:
        factor: Number `f`, for `(-f, f)`, or pair of numbers; only if the class takes it.
        bounding_box_format: Format of the boxes, as in `keras.utils.bounding_boxes`; needed for
            data with boxes only.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Raises:
        ValueError: for a factor out of bounds, or data of another shape.
    """

    # Whether `factor` is handled here, and the bounds that it is held to.
    _USE_BASE_FACTOR = True
    _FACTOR_BOUNDS: tuple[float, float] = (-1, 1)
    # Written only if given, as in Keras.
    config_quiet = frozenset({"bounding_box_format"})

    # `factor` comes out of kwargs, so that only the configs of classes that name it hold it.
    def __init__(
        self, bounding_box_format: str | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        factor = kwargs.pop("factor", None)
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.bounding_box_format = bounding_box_format
        self.data_format = check.one_of(
            owner,
            "data_format",
            config.image_data_format() if data_format is None else data_format,
            ("channels_last", "channels_first"),
        )
        last = self.data_format == "channels_last"
        self.height_axis, self.width_axis, self.channel_axis = (
            (-3, -2, -1) if last else (-2, -1, -3)
        )
        if self._USE_BASE_FACTOR:
            self._set_factor(factor)
        elif factor is not None:
            raise ValueError(
                f"{owner}: there is no factor argument. {check.received('factor', factor)}"
            )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _HOOKS:
            if name in cls.__dict__:
                setattr(cls, name, _takes_arrays(cls.__dict__[name]))

    def _config_overrides(self) -> dict[str, Any]:
        # Settled values, for classes of users too: a file is read under other defaults.
        settled = {n: getattr(self, n) for n in ("data_format", "factor") if hasattr(self, n)}
        return {**super()._config_overrides(), **settled}

    # ------------------------------------------------------------------ help for subclasses

    def _set_factor(self, factor: Any) -> None:
        self.factor = self._as_range("factor", 0.0 if factor is None else factor)

    def _as_range(self, name: str, factor: Any) -> tuple[float, float]:
        """Return `(lower, upper)` for a number or a pair of numbers."""
        low, high = self._FACTOR_BOUNDS
        pair = isinstance(factor, (tuple, list)) and len(factor) == 2
        numbers = list(factor) if pair else [factor]
        if all(isinstance(f, Real) for f in numbers):
            if not pair and low <= factor <= high:
                size = abs(factor)
                return (max(-size, low), size)
            if pair and min(numbers) <= high and max(numbers) >= low:
                return (min(numbers), max(numbers))
        raise ValueError(
            f"{type(self).__name__}: {name} must be a number, or a list of two numbers, in the "
            f"range [{low}, {high}]. {check.received(name, factor)}"
        )

    def _get_seed_generator(self, backend: Any = None) -> SeedGenerator | None:
        """Return the layer's stream of random numbers (`backend` is Keras's argument, unused)."""
        return getattr(self, "generator", None)

    def _images_of(self, data: Any) -> torch.Tensor:
        """Return the images of what `get_random_transformation` gets."""
        return data["images"] if isinstance(data, dict) else data

    def _is_batched(self, images: Any) -> bool:
        shape = getattr(images, "shape", ())
        if len(shape) not in (3, 4):
            raise ValueError(
                f"{type(self).__name__}: images must have rank 3 (one image) or 4 (a batch). "
                f"{check.received('shape', tuple(shape))}"
            )
        return len(shape) == 4

    def _batch_size(self, data: Any) -> int:
        """Return the number of images in `data`: 1 for a single image."""
        images = self._images_of(data)
        return images.shape[0] if self._is_batched(images) else 1

    def _image_size(self, images: torch.Tensor) -> tuple[int, int]:
        """Return height and width."""
        return images.shape[self.height_axis], images.shape[self.width_axis]

    def _uniform(
        self,
        images: Any,
        shape: tuple[int, ...],
        low: float = 0.0,
        high: float = 1.0,
        seed: Any = None,
        dtype: Any = None,
    ) -> torch.Tensor:
        """Draw uniform numbers next to the images; `seed` instead of the layer's stream."""
        seed = self._get_seed_generator() if seed is None else seed
        drawn = uniform(shape, low, high, dtype, seed)
        return drawn.to(images.device) if isinstance(images, torch.Tensor) else drawn

    def _transform_value_range(
        self, images: torch.Tensor, original_range: Any, target_range: Any, dtype: Any = "float32"
    ) -> torch.Tensor:
        """Map values linearly from one range to another."""
        low, high = original_range
        new_low, new_high = target_range
        if (low, high) == (new_low, new_high):
            return images
        images = convert_to_tensor(images, dtype)
        return (images - low) * ((new_high - new_low) / (high - low)) + new_low

    # ------------------------------------------------------------------ hooks

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw a transformation for `data` (one image or a batch); None: there is nothing to do."""
        return None

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__}: define transform_images(images, transformation, training)."
        )

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Transform a batch of images."""
        if not training:
            return images
        images, transformation = _as_tensors(images), _as_tensors(transformation)
        return self._transform_images(images, transformation, self.interpolation)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Transform a batch of labels."""
        raise NotImplementedError(
            f"{type(self).__name__}: define transform_labels(labels, transformation, training)."
        )

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Transform a dict of boxes `(batch, boxes, 4)` and labels `(batch, boxes)`."""
        raise NotImplementedError(
            f"{type(self).__name__}: define transform_bounding_boxes(bounding_boxes, "
            "transformation, training)."
        )

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Transform a batch of masks, with or without channels, by the nearest pixels."""
        if not training:
            return segmentation_masks
        masks, transformation = convert_to_tensor(segmentation_masks), _as_tensors(transformation)
        if masks.ndim == 4:
            return self._transform_images(masks, transformation, "nearest")
        masks = masks.unsqueeze(self.channel_axis)
        return self._transform_images(masks, transformation, "nearest").squeeze(self.channel_axis)

    def transform_single_image(self, image: Any, transformation: Any, training: bool = True) -> Any:
        """Transform one image."""
        images = convert_to_tensor(image).unsqueeze(0)
        return self.transform_images(images, transformation, training=training).squeeze(0)

    def transform_single_label(self, label: Any, transformation: Any, training: bool = True) -> Any:
        """Transform the label of one image."""
        labels = convert_to_tensor(label).unsqueeze(0)
        return self.transform_labels(labels, transformation, training=training).squeeze(0)

    def transform_single_bounding_box(
        self, bounding_box: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Transform the boxes of one image: a dict of boxes `(boxes, 4)` and labels `(boxes,)`."""
        batch = self._format_single_input_bounding_box(bounding_box)
        batch = self.transform_bounding_boxes(batch, transformation, training=training)
        return self._format_single_output_bounding_box(batch)

    def transform_single_segmentation_mask(
        self, segmentation_mask: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Transform the mask of one image."""
        masks = convert_to_tensor(segmentation_mask).unsqueeze(0)
        masks = self.transform_segmentation_masks(masks, transformation, training=training)
        return masks.squeeze(0)

    def _check_boxes(self, bounding_boxes: Any) -> None:
        if (
            not isinstance(bounding_boxes, dict)
            or "boxes" not in bounding_boxes
            or "labels" not in bounding_boxes
        ):
            raise ValueError(
                f"{type(self).__name__}: bounding_boxes must be a dict with the keys 'boxes' and "
                f"'labels'. {check.received('bounding_boxes', bounding_boxes)}"
            )

    def _format_single_input_bounding_box(self, bounding_box: Any) -> dict[str, Any]:
        self._check_boxes(bounding_box)
        added = {k: convert_to_tensor(bounding_box[k]).unsqueeze(0) for k in ("boxes", "labels")}
        return {**bounding_box, **added}

    def _format_single_output_bounding_box(self, bounding_boxes: Any) -> dict[str, Any]:
        removed = {k: bounding_boxes[k].squeeze(0) for k in ("boxes", "labels")}
        return {**bounding_boxes, **removed}

    # ------------------------------------------------------------------ the call

    def train(self, mode: bool = True) -> "BaseImagePreprocessingLayer":
        """Set the mode, as of every module: after `eval()`, a call by itself changes nothing."""
        self.__dict__["_told_mode"] = mode
        return super().train(mode)

    def call(self, data: Any, training: bool | None = None) -> Any:
        """Return the data, transformed while training.

        As in Keras, a call by itself counts as training, until `eval()` says otherwise.
        """
        if training is None:
            training = self.__dict__.get("_told_mode", True)
        if not isinstance(data, dict):
            batched = self._is_batched(data)
            transformation = self.get_random_transformation(data, training=training)
            transform = self.transform_images if batched else self.transform_single_image
            return transform(data, transformation, training=training)
        return self._call_on_dict(dict(data), training)

    def _call_on_dict(self, data: dict[str, Any], training: bool) -> dict[str, Any]:
        if "images" not in data:
            raise ValueError(
                f"{type(self).__name__}: a dict needs the key 'images'. "
                f"{check.received('keys', sorted(data))}"
            )
        batched = self._is_batched(data["images"])
        if "bounding_boxes" in data:
            if not self.bounding_box_format:
                raise ValueError(
                    f"{type(self).__name__}: data with 'bounding_boxes' need a format; give the "
                    "layer bounding_box_format, for example 'xyxy'. "
                    f"{check.received('bounding_box_format', self.bounding_box_format)}"
                )
            self._check_boxes(data["bounding_boxes"])
        transformation = self.get_random_transformation(data, training=training)
        if "bounding_boxes" in data:
            boxes = convert_to_tensor(data["bounding_boxes"]["boxes"], "float32")
            data["bounding_boxes"] = {**data["bounding_boxes"], "boxes": boxes}
        # In Keras's order, which hooks of subclasses may rely on.
        for key, one, many in (
            ("images", self.transform_single_image, self.transform_images),
            ("bounding_boxes", self.transform_single_bounding_box, self.transform_bounding_boxes),
            ("labels", self.transform_single_label, self.transform_labels),
            (
                "segmentation_masks",
                self.transform_single_segmentation_mask,
                self.transform_segmentation_masks,
            ),
        ):
            if key in data:
                data[key] = (many if batched else one)(data[key], transformation, training=training)
        return data
