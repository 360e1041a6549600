"""CenterCrop and RandomCrop: images cut to a size."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._base import BaseImagePreprocessingLayer
from torchkeras.ops import boxes
from torchkeras.ops.image import resize
from torchkeras.random import SeedGenerator, randint
from torchkeras.random.seed_generator import draw_seed

# Top and left, height and width of the part of the images that becomes the result.
Window = tuple[int, int, int, int]


class _Crop(BaseImagePreprocessingLayer):
    """Cuts a window out of images, and enlarges it where it is smaller than the result."""

    _USE_BASE_FACTOR = False

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        owner = type(self).__name__
        check.positive_int(owner, "height", height)
        check.positive_int(owner, "width", width)
        super().__init__(**kwargs)
        self.height = height
        self.width = width

    def _cut(self, images: Any, window: Window, interpolation: str) -> torch.Tensor:
        top, left, height, width = window
        x = convert_to_tensor(images).to(self._policy.torch_compute_dtype)
        x = x.narrow(self.height_axis, top, height).narrow(self.width_axis, left, width)
        if (height, width) == (self.height, self.width):
            return x
        return resize(x, (self.height, self.width), interpolation, data_format=self.data_format)

    def _move(self, bounding_boxes: Any, window: Window, size: tuple[int, int]) -> Any:
        top, left, height, width = window
        form = self.bounding_box_format
        corners = boxes.convert_format(bounding_boxes, form, "xyxy", *size)
        shift = corners["boxes"].new_tensor((left, top) * 2)
        scale = corners["boxes"].new_tensor((self.width / width, self.height / height) * 2)
        corners["boxes"] = (corners["boxes"] - shift) * scale
        corners = boxes.clip_to_image_size(corners, self.height, self.width)
        return boxes.convert_format(corners, "xyxy", form, self.height, self.width)

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True):
        """Return the labels."""
        return labels

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape with the new height and width."""
        shape = list(input_shape)
        shape[self.height_axis], shape[self.width_axis] = self.height, self.width
        return tuple(shape)


@LAYERS.register()
class CenterCrop(_Crop):
    """Cuts the middle out of images.

    Of images that are smaller, the largest window in the middle with the proportions of the result
    is taken, and enlarged.

    Args:
        height: Rows of the result.
        width: Columns of the result.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Images `(..., height, width, channels)`, or a dict with `"images"`, `"labels"`,
    `"bounding_boxes"` and `"segmentation_masks"`. The result is of the compute dtype.

    Raises:
        ValueError: for a size that is no positive integer, or an unknown data format.

    >>> import torch, torchkeras as keras
    >>> keras.layers.CenterCrop(2, 2)(torch.arange(16).reshape(4, 4, 1))[..., 0]
    tensor([[ 5.,  6.],
            [ 9., 10.]])
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(height, width, data_format=data_format, **kwargs)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Return the shape of the images: it is all that the boxes need."""
        return {"input_shape": tuple(self._images_of(data).shape)}

    def _window(self, height: int, width: int) -> Window:
        new_height, new_width = self.height, self.width
        if height < new_height or width < new_width:
            new_height = min(height, max(int(width * self.height / self.width), 1))
            new_width = min(width, max(int(height * self.width / self.height), 1))
        return (height - new_height) // 2, (width - new_width) // 2, new_height, new_width

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> torch.Tensor:
        """Cut a batch of images, in training and outside of it."""
        return self._cut(images, self._window(*self._image_size(images)), "bilinear")

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> torch.Tensor:
        """Cut a batch of masks, without mixing their values."""
        window = self._window(*self._image_size(segmentation_masks))
        return self._cut(segmentation_masks, window, "nearest")

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move and scale the boxes; labels of those outside of the window become -1."""
        shape = transformation["input_shape"]
        size = shape[self.height_axis], shape[self.width_axis]
        return self._move(bounding_boxes, self._window(*size), size)


@LAYERS.register()
class RandomCrop(_Crop):
    """Cuts a part out of images while training, the same one for all images of a batch.

    A side that is shorter than that of the result is taken as a whole and enlarged. Outside of
    training images pass as they are.

    Args:
        height: Rows of the result.
        width: Columns of the result.
        seed: Whole number.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Images `(..., height, width, channels)`, or a dict with `"images"`, `"labels"`,
    `"bounding_boxes"` and `"segmentation_masks"`. A call by itself counts as training, its result
    is of the compute dtype.

    Raises:
        ValueError: for a size that is no positive integer, a bad seed, or an unknown data format.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomCrop(2, 3, seed=1)(torch.rand(5, 8, 8, 3)).shape
    torch.Size([5, 2, 3, 3])
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, data_format=data_format, name=name, **kwargs)
        self.seed = draw_seed() if seed is None else seed  # which the config holds, as in Keras
        self.generator = SeedGenerator(self.seed)

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> dict[str, Any] | None:
        """Draw the `"window"` (top, left, height, width), with `"size"`, that of the images."""
        if not training:
            return None
        images = self._images_of(data)
        size = self._image_size(images)
        seed = self._get_seed_generator() if seed is None else seed
        drawing = getattr(images, "device", None) != torch.device("meta")  # or inferring shapes
        window = []
        for there, wanted in zip(size, (self.height, self.width), strict=True):
            spare = there - wanted if drawing else 0
            window.append(int(randint((), 0, spare + 1, seed=seed)) if spare > 0 else 0)
        window += [min(self.height, size[0]), min(self.width, size[1])]
        return {"window": tuple(window), "size": size}

    def transform_images(
        self, images: Any, transformation: Any, training: bool = True
    ) -> torch.Tensor:
        """Cut a batch of images while training."""
        if not training:
            return convert_to_tensor(images)
        return self._cut(images, transformation["window"], "bilinear")

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> torch.Tensor:
        """Cut a batch of masks while training, without mixing their values."""
        if not training:
            return convert_to_tensor(segmentation_masks)
        return self._cut(segmentation_masks, transformation["window"], "nearest")

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move and scale the boxes; labels of those outside of the window become -1."""
        if not training:
            return bounding_boxes
        return self._move(bounding_boxes, transformation["window"], transformation["size"])
