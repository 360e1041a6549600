"""RandomPerspective: images seen from another side at random."""

from numbers import Real
from typing import Any

import torch

from torchkeras._base import check
from torchkeras.core import dtypes
from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing.image._geometric import GeometricLayer
from torchkeras.ops.image import perspective_transform
from torchkeras.ops.image.transform import homography
from torchkeras.random import SeedGenerator


@LAYERS.register()
class RandomPerspective(GeometricLayer):
    """Moves the corners of each image, keeping straight lines straight, while training.

    Args:
        factor: Probability that an image is changed: number `f` for one between 0 and `f`, or a
            pair of numbers that it is drawn between.
        scale: Largest shift of a corner, in [0, 1]; 1 is half of its coordinate.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_value: Value outside of the image.
        seed: Whole number.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Images `(..., height, width, channels)`, or a dict with `"images"`, `"labels"`,
    `"bounding_boxes"` and `"segmentation_masks"`. A call by itself counts as training.

    Raises:
        ValueError: for a bad factor, scale, interpolation or data format.

    >>> import torch, torchkeras as keras
    >>> keras.layers.RandomPerspective(scale=0.5)(torch.rand(2, 8, 8, 3)).shape
    torch.Size([2, 8, 8, 3])
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = self._as_range("factor", factor)
        if not isinstance(scale, Real) or not 0 <= scale <= 1:
            raise ValueError(
                f"{type(self).__name__}: scale must be a number in [0, 1]. "
                f"{check.received('scale', scale)}"
            )
        self.scale = scale
        self._set_sampling(interpolation, fill_value)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are changed, and where their corners (`"start_points"`) move to."""
        if not training:
            return None
        images = self._images_of(data)
        batch, dtype = self._batch_size(images), self.compute_dtype
        height, width = self._image_size(images)
        probability = self._uniform(images, (batch,), *self.factor, seed)
        apply = self._uniform(images, (batch,), seed=seed) < probability
        right, bottom = width - 1, height - 1
        start = torch.tensor(
            [[0, 0], [right, 0], [0, bottom], [right, bottom]],
            dtype=dtypes.torch_dtype(dtype),
            device=apply.device,
        )
        reach = 0.5 * self.scale
        shift = self._uniform(images, (batch, 4, 2), -reach, reach, seed, dtype)
        return {
            "apply_perspective": apply,
            "start_points": start.repeat(batch, 1, 1),
            "end_points": start + start * shift,
            "input_shape": tuple(images.shape),
        }

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        moved = perspective_transform(
            images,
            transformation["start_points"],
            transformation["end_points"],
            interpolation,
            self.fill_value,
            self.data_format,
        )
        apply = transformation["apply_perspective"][:, None, None, None]
        return torch.where(apply, moved, images).reshape(images.shape)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Return the upright boxes around the moved ones."""
        if not training:
            return bounding_boxes
        height, width = self._size_of(transformation)
        start, end = (transformation[k].to(torch.float64) for k in ("start_points", "end_points"))
        matrix = homography(start, end).to(torch.float32)
        a0, a1, a2, b0, b1, b2, c0, c1 = matrix[:, None, None, :].unbind(-1)
        apply = transformation["apply_perspective"][:, None, None]

        def move(boxes: torch.Tensor) -> torch.Tensor:
            left, top, right, bottom = boxes.unbind(-1)
            x = torch.stack((left, right, left, right), -1)
            y = torch.stack((top, top, bottom, bottom), -1)
            divisor = c0 * x + c1 * y + 1
            new_x, new_y = (a0 * x + a1 * y + a2) / divisor, (b0 * x + b1 * y + b2) / divisor
            corners = (new_x.amin(-1), new_y.amin(-1), new_x.amax(-1), new_y.amax(-1))
            return torch.where(apply, torch.stack(corners, -1), boxes)

        return self._map_boxes(bounding_boxes, height, width, move)
