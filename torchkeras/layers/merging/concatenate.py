"""Concatenate: tensors joined along an axis."""

from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers.layer import Layer
from torchkeras.layers.merging.merge import list_of_masks, merged_dtype


@LAYERS.register()
class Concatenate(Layer):
    """Joins a list of tensors along an axis.

    Args:
        axis: The axis; all others must have equal sizes.

    Raises:
        ValueError: if the shapes differ in another axis.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Concatenate()([torch.ones(1, 2), torch.zeros(1, 1)])
    tensor([[1., 1., 0.]])
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Check the shapes of the inputs."""
        if not isinstance(input_shape, (list, tuple)) or not all(
            isinstance(s, (list, tuple)) for s in input_shape
        ):
            raise ValueError(
                "Concatenate must be called on a list of inputs. "
                f"{received('input_shape', input_shape)}"
            )
        if not input_shape:
            raise ValueError("Concatenate must be called on a list of at least 1 input.")
        first = input_shape[0]
        axis = self.axis % len(first) if first else 0
        for shape in input_shape:
            same = len(shape) == len(first) and all(
                i == axis or m == n or m is None or n is None
                for i, (m, n) in enumerate(zip(shape, first, strict=False))
            )
            if not same:
                raise ValueError(
                    "Concatenate requires inputs with matching shapes except for the "
                    f"concatenation axis {self.axis}. {received('input_shape', input_shape)}"
                )

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the joined tensor."""
        return torch.cat(inputs if isinstance(inputs, list) else list(inputs), self.axis)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return the shape with the sizes along the axis added up."""
        sizes = list(input_shape[0])
        axis = self.axis % len(sizes)
        for shape in input_shape[1:]:
            for i, d in enumerate(shape):
                if i == axis:
                    sizes[i] = None if d is None or sizes[i] is None else sizes[i] + d
                elif sizes[i] is None:
                    sizes[i] = d
        return tuple(sizes)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the symbolic output: whole numbers stay whole."""
        shape = self.compute_output_shape([tuple(x.shape) for x in inputs])
        return KerasTensor(shape, merged_dtype(self, inputs))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the joined masks; an input without one is to be seen whole."""
        masks = list_of_masks(self, inputs, mask)
        if all(m is None for m in masks):
            return None
        axis = self.axis % inputs[0].ndim
        parts = []
        for x, part in zip(inputs, masks, strict=True):
            if part is None:
                part = torch.ones_like(x, dtype=torch.bool)
            elif part.ndim < x.ndim:
                part = part.reshape(*part.shape, *(1,) * (x.ndim - part.ndim)).expand(x.shape)
            parts.append(part)
        return torch.cat(parts, axis).any(-1)
