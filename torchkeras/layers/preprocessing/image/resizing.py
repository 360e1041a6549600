"""Resizing: images of another size."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._base import BaseImagePreprocessingLayer
from torchkeras.ops import boxes
from torchkeras.ops.image import resize
from torchkeras.ops.image.resize import INTERPOLATIONS


@LAYERS.register()
class Resizing(BaseImagePreprocessingLayer):
    """Resizes images; integers stay integers.

    Args:
        height: Rows of the result.
        width: Columns of the result.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        crop_to_aspect_ratio: Whether proportions are kept by cutting the longer side.
        pad_to_aspect_ratio: Whether proportions are kept by padding the shorter side.
        fill_mode: `"constant"` is the only one.
        fill_value: Value of the padding.
        antialias: Whether more pixels are averaged where the images shrink.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Images `(..., height, width, channels)`, or a dict with `"images"`, `"labels"`,
    `"bounding_boxes"` and `"segmentation_masks"` (which are resized to the nearest pixel).

    Raises:
        ValueError: for a size that is no positive integer, an unknown interpolation, fill mode or
            data format, or both ways of keeping proportions.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Resizing(8, 6)(torch.rand(2, 5, 5, 3)).shape
    torch.Size([2, 8, 6, 3])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        owner = "Resizing"
        check.positive_int(owner, "height", height)
        check.positive_int(owner, "width", width)
        check.one_of(owner, "interpolation", interpolation, INTERPOLATIONS)
        check.one_of(owner, "fill_mode", fill_mode, ("constant",))
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                f"{owner}: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be true. "
                "Received: crop_to_aspect_ratio=True, pad_to_aspect_ratio=True."
            )
        super().__init__(data_format=data_format, **kwargs)
        self.height = height
        self.width = width
        self.interpolation = interpolation
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = fill_mode
        self.fill_value = fill_value
        self.antialias = antialias

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Return the size of the images: it is all that the boxes need."""
        return self._image_size(self._images_of(data))

    def _resized(self, images: Any, interpolation: str) -> torch.Tensor:
        return resize(
            convert_to_tensor(images),
            (self.height, self.width),
            interpolation=interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> torch.Tensor:
        """Resize a batch of images."""
        return self._resized(images, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> torch.Tensor:
        """Resize a batch of masks, without mixing their values."""
        return self._resized(segmentation_masks, "nearest")

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True):
        """Return the labels."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move and scale the boxes; labels of those outside of the image become -1."""
        height, width = transformation
        scale_y, scale_x = self.height / height, self.width / width
        shift_x = shift_y = 0
        if self.crop_to_aspect_ratio or self.pad_to_aspect_ratio:
            choose = max if self.crop_to_aspect_ratio else min
            scale_x = scale_y = choose(scale_x, scale_y)
            # Whole pixels, as in Keras: the edges of the images are rounded, too.
            shift_x = int((self.width - width * scale_x) / 2)
            shift_y = int((self.height - height * scale_y) / 2)
        form = self.bounding_box_format
        corners = boxes.convert_format(bounding_boxes, form, "xyxy", height, width)
        scale, shift = (
            corners["boxes"].new_tensor(v) for v in ((scale_x, scale_y) * 2, (shift_x, shift_y) * 2)
        )
        corners["boxes"] = corners["boxes"] * scale + shift
        corners = boxes.clip_to_image_size(corners, self.height, self.width)
        return boxes.convert_format(corners, "xyxy", form, self.height, self.width)
