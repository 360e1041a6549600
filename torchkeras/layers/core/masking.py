"""Masking: time steps to be passed over."""

import math
from typing import Any

import torch

from torchkeras.core.registry import LAYERS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers._mask import set_masks
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Masking(Layer):
    """Masks the time steps whose features all equal a value, and sets them to zero.

    Args:
        mask_value: The value.

    Shapes: `(batch, steps, features)`, unchanged.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Masking()(torch.tensor([[[1.0], [0.0]]]))._keras_mask
    tensor([[ True, False]])
    """

    makes_mask = True

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self._built_from_the_start()

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with zeros at the masked steps."""
        kept = self._kept(inputs)
        outputs = inputs * kept.unsqueeze(-1)
        if type(self).compute_mask is Masking.compute_mask:
            set_masks(outputs, kept)  # here, so that it is not found a second time
        return outputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where a step has a feature that differs from the value."""
        return self._kept(inputs if isinstance(inputs, torch.Tensor) else convert_to_tensor(inputs))

    def _kept(self, x: torch.Tensor) -> torch.Tensor:
        value, x = self.mask_value, x.detach()
        if x.is_floating_point() and math.isfinite(value) and x.shape[-1]:
            # Quicker than to compare, which makes bools.
            return (x - value if value else x).abs().amax(-1) != 0
        return (x != value).any(-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input shape."""
        return input_shape
