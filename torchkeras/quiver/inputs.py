"""How a picture becomes what the model is called with."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils import _pytree as pytree

from torchkeras._base import config
from torchkeras.layers import Layer

_UNKNOWN_SIZE = 64  # of a blank picture where the model takes any
_CHANNELS = (1, 3, 4)
MAX_FREE_SIDE = 1024  # of a picture, where the model takes any size


class ModelInput:
    """The input of a model: a picture of some size and layout, or arrays that must be given.

    Args:
        model: Its input shapes are read off it if it tells them.
        input_shape: Without the batch axis, for a model that does not.
        mean, std: Numbers, or one a channel, in units of pixel values (0 to 255): the model gets
            `(pixels - mean) / std`.
        preprocess: Called after that on the array (1, height, width, channels).
        sample: One element of arrays given from Python, for models that take no pictures.

    Raises:
        ValueError: if nothing tells the model's input shape, or an argument does not fit it.
    """

    def __init__(
        self,
        model: nn.Module,
        input_shape: Sequence[int | None] | None = None,
        mean: Any = None,
        std: Any = None,
        preprocess: Callable[[np.ndarray], Any] | None = None,
        sample: Any = None,
    ) -> None:
        self._preprocess = preprocess
        self._sample = sample
        self._shapes, self._dtypes, self._pack = _declared(model, input_shape, sample)
        channels_first = not isinstance(model, Layer) or (
            config.image_data_format() == "channels_first"
        )
        self.layout, self.height, self.width, self.channels = (
            _layout(self._shapes[0], channels_first)
            if len(self._shapes) == 1 and self._pack is None
            else ("", None, None, 0)
        )
        self._mean = self._per_channel("mean", mean, 0.0)
        self._std = self._per_channel("std", std, 1.0)
        if (self._std == 0).any():
            raise ValueError(f"Quiver: std must not be 0. Received: std={std!r}.")

    @property
    def is_image(self) -> bool:
        """Whether a picture can be the input."""
        return bool(self.layout)

    def _per_channel(self, name: str, value: Any, default: float) -> np.ndarray:
        array = np.asarray(default if value is None else value, np.float32)
        if array.ndim > 1 or array.size not in (1, max(self.channels, 1)):
            raise ValueError(
                f"Quiver: {name} must be a number or one number a channel ({self.channels} of "
                f"them). Received: {name}={value!r}."
            )
        return array

    def session(self) -> dict[str, Any]:
        """Return what a client has to know."""
        return {
            "kind": "image" if self.is_image else "array",
            "height": self.height,
            "width": self.width,
            "channels": self.channels or None,
        }

    def from_item(self, item: Any, model: nn.Module) -> Any:
        """Return the model's input for an image or a sample, with a batch axis of 1."""
        device = next((p.device for p in model.parameters()), None)
        if item is not None and item.sample is not None:
            return pytree.tree_map(lambda x: _tensor(x).to(device), item.sample)
        if not self.is_image:
            if item is not None:
                raise ValueError("This model takes no pictures: launch it with samples=.")
            return self._blank(device)
        if item is None:
            return self._blank(device)
        pixels = item.array(*self._size(item), self.channels)
        x: Any = ((pixels - self._mean) / self._std)[None]
        if self._preprocess is not None:
            x = self._preprocess(x)
        x = _tensor(x).to(self._dtypes[0])
        if self.layout == "chw":
            x = x.permute(0, 3, 1, 2)
        elif self.layout == "hw":
            x = x[..., 0]
        elif self.layout == "flat":
            x = x.flatten(1)
        return x.to(device)

    def _size(self, item: Any) -> tuple[int | None, int | None]:
        """Return the model's own size; of what it leaves free, the picture's, within a limit."""
        width, height = item.width, item.height
        if (self.height and self.width) or not width or not height:
            return self.height, self.width
        scale = min(1.0, MAX_FREE_SIDE / max(width, height))
        return self.height or max(1, round(height * scale)), (
            self.width or max(1, round(width * scale))
        )

    def picture(self, x: torch.Tensor) -> torch.Tensor:
        """Return a tensor like the model's input as (height, width, channels)."""
        x = x[0]
        if self.layout == "chw":
            return x.permute(1, 2, 0)
        if self.layout == "hw":
            return x.unsqueeze(-1)
        if self.layout == "flat":
            return x.reshape(self.height, self.width, self.channels)
        return x

    def _blank(self, device: Any) -> Any:
        if self._sample is not None:
            return pytree.tree_map(lambda x: torch.zeros_like(_tensor(x)).to(device), self._sample)
        made = [
            torch.zeros(
                (1, *(_UNKNOWN_SIZE if n is None else n for n in shape)), dtype=dtype, device=device
            )
            for shape, dtype in zip(self._shapes, self._dtypes, strict=True)
        ]
        return made[0] if self._pack is None else self._pack(made)


def _tensor(x: Any) -> torch.Tensor:
    x = torch.as_tensor(x)
    return x.float() if x.dtype == torch.float64 else x


def _declared(model: Any, input_shape: Any, sample: Any) -> tuple[list[Any], list[Any], Any]:
    """Return shapes without batch axes, dtypes, and what puts several inputs together."""
    if input_shape is not None:
        shape = tuple(input_shape)
        if not all(n is None or (isinstance(n, int) and n > 0) for n in shape) or not shape:
            raise ValueError(
                "Quiver: input_shape must be the shape of one picture without the batch axis, as "
                f"(28, 28, 1). Received: input_shape={input_shape!r}."
            )
        return [shape], [torch.float32], None
    if sample is not None:
        leaves, spec = pytree.tree_flatten(sample)
        made = [_tensor(x) for x in leaves]
        pack = None if len(made) == 1 and sample is leaves[0] else spec.unflatten
        return [tuple(x.shape[1:]) for x in made], [x.dtype for x in made], pack
    inputs = getattr(model, "inputs", None) if isinstance(model, Layer) else None
    if not inputs:
        raise ValueError(
            f"Quiver: {type(model).__name__} does not tell the shape of its input. Give "
            "input_shape=, the shape of one picture without the batch axis, or samples=."
        )
    shapes = [tuple(t.shape[1:]) for t in inputs]
    dtypes = [getattr(torch, t.dtype) for t in inputs]
    return shapes, dtypes, (list if len(shapes) > 1 else None)


def _layout(shape: tuple[int | None, ...], channels_first: bool) -> tuple[str, Any, Any, int]:
    """Tell how a picture lies in a shape: (layout, height, width, channels), or '' for none."""
    if len(shape) == 3:
        first, last = shape[0] in _CHANNELS, shape[-1] in _CHANNELS
        if first and (channels_first or not last):
            return "chw", shape[1], shape[2], shape[0]
        if last:
            return "hwc", shape[0], shape[1], shape[2]
    if len(shape) == 2:
        return "hw", shape[0], shape[1], 1
    if len(shape) == 1 and shape[0]:
        for channels in (1, 3):
            side = round((shape[0] / channels) ** 0.5)
            if side > 1 and side * side * channels == shape[0]:
                return "flat", side, side, channels
    return "", None, None, 0
