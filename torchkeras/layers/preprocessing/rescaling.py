"""Rescaling: values brought to another range."""

from typing import Any

import numpy as np
import torch

from torchkeras._base import check, config
from torchkeras.core.registry import LAYERS
from torchkeras.core.serialize import deserialize_keras_object
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Rescaling(Layer):
    """Computes `inputs * scale + offset`, in the compute dtype.

    Args:
        scale: Number, or numbers that broadcast to the inputs, one a channel for example; with
            `image_data_format() == "channels_first"` their first axis is that of the channels.
        offset: Likewise.

    Shapes: any, and the same. Integers become floats.

    Raises:
        ValueError: if `scale` or `offset` holds anything but numbers.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Rescaling(1 / 127.5, offset=-1)(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([-1.,  1.])
    """

    takes_any_positional = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        scale, offset = self._checked("scale", scale), self._checked("offset", offset)
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    @staticmethod
    def _checked(name: str, value: Any) -> Any:
        value = deserialize_keras_object(value) if isinstance(value, dict) else value
        if isinstance(value, torch.Tensor) or np.asarray(value).dtype.kind in "biuf":
            return value
        raise ValueError(
            f"Rescaling: {name} must be a number, or an array of numbers. "
            f"{check.received(name, value)}"
        )

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the rescaled values."""
        dtype = self._policy.torch_compute_dtype
        x = convert_to_tensor(inputs)
        scale, offset = self._factor(self.scale, x, dtype), self._factor(self.offset, x, dtype)
        # Integers become floats within the multiplication, where torch's own rule fits.
        if not (isinstance(scale, float) and dtype is torch.get_default_dtype()):
            x = x.to(dtype)
        y = x * scale
        return y if isinstance(offset, float) and offset == 0 else y + offset

    def _factor(self, value: Any, x: torch.Tensor, dtype: torch.dtype) -> Any:
        if isinstance(value, (int, float)) and dtype.is_floating_point:
            return float(value)
        factor = convert_to_tensor(value).to(x.device, dtype)
        if 0 < factor.ndim < 3 <= x.ndim and config.image_data_format() == "channels_first":
            return factor.reshape(*factor.shape, *(1,) * (3 - factor.ndim))  # one for each channel
        return factor

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
