"""TimeDistributed: a layer applied to every step."""

from typing import Any

import torch
from torch import nn

from torchkeras.core import nest
from torchkeras.core.registry import LAYERS
from torchkeras.layers.core.torch_module import TorchModuleWrapper
from torchkeras.layers.core.wrapper import Wrapper
from torchkeras.layers.layer import Layer
from torchkeras.random import SeedGenerator


@LAYERS.register()
class TimeDistributed(Wrapper):
    """Applies a layer to each step of a sequence, with the same weights.

    The steps of all samples are one batch for the layer. Only a layer with a state of its own that
    training changes (BatchNormalization) sees one step after the other, as in Keras.

    Args:
        layer: The layer, a model, or any `nn.Module`.

    Shapes: `(batch, steps, ...) -> (batch, steps, ...)`.

    Raises:
        ValueError: if `layer` is no layer, the input has no steps, or the mask is not its own.

    >>> import torch, torchkeras as keras
    >>> keras.layers.TimeDistributed(keras.layers.Conv2D(4, 3))(torch.ones(2, 5, 8, 8, 3)).shape
    torch.Size([2, 5, 6, 6, 4])
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if isinstance(layer, nn.Module) and not isinstance(layer, Layer):
            layer = TorchModuleWrapper(layer)
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _step_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 3:
            raise ValueError(
                "TimeDistributed: the input must have shape (batch, steps, ...). "
                f"Received: input_shape={input_shape}."
            )
        return (input_shape[0], *input_shape[2:])

    def build(self, input_shape: Any) -> None:
        """Build the layer for one step."""
        super().build(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the layer's output shape, or those of several outputs, with the steps in it."""
        shape = self.layer.compute_output_shape(self._step_shape(input_shape))
        if any(isinstance(s, (tuple, list)) for s in shape):
            return [(s[0], input_shape[1], *s[1:]) for s in shape]
        return (shape[0], input_shape[1], *shape[1:])

    def call(
        self, inputs: torch.Tensor, training: bool | None = None, mask: Any = None
    ) -> torch.Tensor:
        """Apply the layer to all steps."""
        spec = self.layer._call_spec
        kwargs: dict[str, Any] = {}
        if spec.has_training and training is not None:
            kwargs["training"] = training
        batch, steps = inputs.shape[:2]
        if mask is not None and tuple(mask.shape[:2]) != (batch, steps):
            raise ValueError(
                "TimeDistributed: mask must have the inputs' shape (batch, steps), which is "
                f"{(batch, steps)}. Received: mask of shape {tuple(mask.shape)}."
            )
        if not spec.has_mask:
            mask = None
        if training and _has_statistics(self.layer):
            outputs = []
            for t in range(steps):
                if mask is not None:
                    kwargs["mask"] = mask[:, t]
                outputs.append(self.layer(inputs[:, t], **kwargs))
            return nest.map_structure(lambda *o: torch.stack(o, 1), *outputs)
        if mask is not None:
            kwargs["mask"] = mask.flatten(0, 1)
        output = self.layer(inputs.flatten(0, 1), **kwargs)
        return nest.map_structure(lambda o: o.unflatten(0, (batch, steps)), output)


def _has_statistics(layer: Layer) -> bool:
    """Tell whether a layer holds what a training call changes, other than random generators."""
    return any(m._buffers and not isinstance(m, SeedGenerator) for m in layer.modules())
