"""TimeDistributed: a layer applied to every step."""

from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class TimeDistributed(Layer):
    """Applies a layer to each step of a sequence, with the same weights.

    The steps of all samples are one batch for the layer. Only a layer with a state of its own that
    training changes (BatchNormalization) sees one step after the other, as in Keras.

    Args:
        layer: The layer.

    Shapes: `(batch, steps, ...) -> (batch, steps, ...)`.

    Raises:
        ValueError: if `layer` is no layer, or the input has no steps.

    >>> import torch, torchkeras as keras
    >>> keras.layers.TimeDistributed(keras.layers.Conv2D(4, 3))(torch.ones(2, 5, 8, 8, 3)).shape
    torch.Size([2, 5, 6, 6, 4])
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"TimeDistributed: layer must be a layer. {received('layer', layer)}")
        super().__init__(**kwargs)
        self.layer = layer
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
        shape = self._step_shape(input_shape)
        if not self.layer.built:
            self.layer.build(shape)
            self.layer.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the layer's output shape, with the steps in it."""
        shape = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (shape[0], input_shape[1], *shape[1:])

    def call(
        self, inputs: torch.Tensor, training: bool | None = None, mask: Any = None
    ) -> torch.Tensor:
        """Apply the layer to all steps."""
        spec = self.layer._call_spec
        kwargs: dict[str, Any] = {}
        if spec.has_training and training is not None:
            kwargs["training"] = training
        if not spec.has_mask:
            mask = None
        batch, steps = inputs.shape[:2]
        if training and self.layer.non_trainable_weights:
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

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "TimeDistributed":
        """Make the layer of a config."""
        config = dict(config)
        return cls(LAYERS.deserialize(config.pop("layer"), custom_objects), **config)
