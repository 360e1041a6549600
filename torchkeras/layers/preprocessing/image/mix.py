"""Images of a batch mixed with each other, with their labels: MixUp and CutMix."""

from numbers import Real
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.preprocessing.image._pixel import PixelLayer
from torchkeras.random import beta, shuffle, uniform


class _Mix(PixelLayer):
    """Base: each image has a partner in the batch and a weight of its own."""

    def _permutation(self, count: int, seed: Any) -> torch.Tensor:
        return shuffle(torch.arange(count), seed=seed)

    def _floating(self, x: Any) -> torch.Tensor:
        return convert_to_tensor(x).to(self._policy.torch_compute_dtype)

    def _blend(self, x: Any, transformation: dict[str, Any]) -> torch.Tensor:
        """Return `weight * x + (1 - weight) * partner`."""
        x = self._floating(x)
        weight = convert_to_tensor(transformation["mix_weight"]).to(x)
        weight = weight.reshape(-1, *(1,) * (x.ndim - 1))
        return torch.lerp(self._partners(x, transformation), x, weight)

    def _partners(self, x: torch.Tensor, transformation: dict[str, Any]) -> torch.Tensor:
        order = convert_to_tensor(transformation["permutation_order"])
        return x.index_select(0, order.to(x.device).long())

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Mix labels by the same weights."""
        if not training or transformation is None:
            return labels
        labels = convert_to_tensor(labels)
        if labels.ndim == 1 and not labels.is_floating_point():
            raise ValueError(
                f"{type(self).__name__}: class numbers cannot be mixed; give one-hot labels, as "
                f"of keras.utils.to_categorical. {received('shape', tuple(labels.shape))}"
            )
        return self._blend(labels, transformation)


@LAYERS.register()
class MixUp(_Mix):
    """Mixes each image, its label and its mask with those of another image of the batch.

    `weight * x + (1 - weight) * partner`, with `weight ~ Beta(alpha, alpha)`, while training. An
    image has the boxes of both. One image by itself stays as it is.

    Args:
        alpha: Number above 0; the smaller, the closer weights are to 0 or 1.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.
        seed: Integer; default: a random one.

    Shapes: images `(batch, height, width, channels)`, labels `(batch, classes)`.

    Raises:
        ValueError: for labels that are class numbers.

    Zhang et al., 2018, https://arxiv.org/abs/1710.09412

    >>> import torch, torchkeras as keras
    >>> data = {"images": torch.rand(4, 8, 8, 3), "labels": torch.eye(4)}
    >>> keras.layers.MixUp(seed=1)(data)["labels"].sum(-1)
    tensor([1., 1., 1., 1.])
    """

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if not isinstance(alpha, Real) or not alpha > 0:
            raise ValueError(
                f"{type(self).__name__}: alpha must be a number above 0. {received('alpha', alpha)}"
            )
        self.alpha = alpha
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw partners and weights; None for one image, and outside of training."""
        if not self._is_batched(self._images_of(data)):
            return None
        return super().get_random_transformation(data, training, seed)

    def _draw(self, count: int, seed: Any) -> dict[str, torch.Tensor]:
        return {
            "permutation_order": self._permutation(count, seed),
            "mix_weight": beta((count,), self.alpha, self.alpha, dtype="float32", seed=seed),
        }

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        return images if transformation is None else self._blend(images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Mix masks by the same weights."""
        if not training or transformation is None:
            return segmentation_masks
        return self._blend(segmentation_masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Join the boxes of both images, and their labels."""
        if not training or transformation is None:
            return bounding_boxes
        joined = dict(bounding_boxes)
        for key in ("boxes", "labels"):
            x = convert_to_tensor(bounding_boxes[key])
            joined[key] = torch.cat([x, self._partners(x, transformation)], 1)
        return joined


@LAYERS.register()
class CutMix(_Mix):
    """Replaces a rectangle of each image by that of another image of the batch, while training.

    The rectangle has the image's proportions and the area `1 - weight`, with
    `weight ~ Beta(f, f)`; labels are mixed by the areas. One image by itself stays as it is.

    Args:
        factor: Pair of numbers in [0, 1] that `f` is drawn from, once a batch; a number `f` means
            `(0, f)`.
        seed: Integer; default: a random one.
        data_format: `"channels_last"` or `"channels_first"`; default: `image_data_format()`.

    Shapes: images `(batch, height, width, channels)`, labels `(batch, classes)`.

    Raises:
        ValueError: for labels that are class numbers.
        NotImplementedError: for data with bounding boxes.

    Yun et al., 2019, https://arxiv.org/abs/1905.04899

    >>> import torch, torchkeras as keras
    >>> data = {"images": torch.rand(4, 8, 8, 3), "labels": torch.eye(4)}
    >>> keras.layers.CutMix(seed=1)(data)["images"].shape
    torch.Size([4, 8, 8, 3])
    """

    _FACTOR_BOUNDS = (0, 1)
    _always_casts = True

    def __init__(
        self,
        factor: Any = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw partners and rectangles; None for one image, and outside of training."""
        images = self._images_of(data)
        if not training or not self._is_batched(images):
            return None
        seed = self._get_seed_generator() if seed is None else seed
        count, (height, width) = images.shape[0], self._image_size(images)
        alpha = uniform((), *self.factor, dtype="float32", seed=seed) + 1e-6
        side = (1 - beta((count,), alpha, alpha, dtype="float32", seed=seed)).sqrt()
        across, share_x = self._interval(side * width, width, seed)
        down, share_y = self._interval(side * height, height, seed)
        return {
            "permutation_order": self._permutation(count, seed),
            "batch_masks": (down[:, :, None] & across[:, None]).unsqueeze(self.channel_axis),
            "mix_weight": (1 - share_x * share_y).reshape(-1, 1, 1, 1),
        }

    def _interval(self, length: torch.Tensor, size: int, seed: Any) -> tuple[Any, Any]:
        """Draw an interval of a length in `size` pixels: which are inside, and its share."""
        start = uniform(tuple(length.shape), dtype="float32", seed=seed) * (size - length)
        place = torch.arange(size, device=start.device)
        inside = (place >= start[:, None]) & (place < (start + length)[:, None])
        return inside, length / size

    def _adjust(self, images: torch.Tensor, transformation: Any) -> torch.Tensor:
        return images if transformation is None else self._paste(images, transformation)

    def _paste(self, images: torch.Tensor, transformation: dict[str, Any]) -> torch.Tensor:
        # One channel is enough of a mask that may have, in Keras's form, those of the images.
        chosen = transformation["batch_masks"].select(self.channel_axis, 0).to(images.device)
        if images.ndim == 4:
            chosen = chosen.unsqueeze(self.channel_axis)
        return torch.where(chosen, self._partners(images, transformation), images)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Replace the same rectangles of the masks."""
        if not training or transformation is None:
            return segmentation_masks
        return self._paste(self._floating(segmentation_masks), transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Refuse boxes: an object that is cut in two has no box."""
        if not training or transformation is None:
            return bounding_boxes
        raise NotImplementedError(
            f"{type(self).__name__}: bounding boxes cannot be cut; leave 'bounding_boxes' out, or "
            "use MixUp."
        )
