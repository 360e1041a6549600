"""Dot: products of two tensors along an axis of each."""

from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers.layer import Layer


@LAYERS.register()
class Dot(Layer):
    """Sums the products of two tensors along one axis of each, sample by sample.

    Args:
        axes: The axis, or the pair of axes; not 0, the batch.
        normalize: Whether both are first scaled to length 1 along their axis: the result is their
            cosine then.

    Shapes: `(batch, 3, 5)` and `(batch, 7, 3)` with `axes=(1, 2)` -> `(batch, 5, 7)`; two of
    `(batch, n)` -> `(batch, 1)`.

    Raises:
        TypeError: if `axes` is neither an integer nor a pair.
        ValueError: for other than two integers, or if the sizes of the axes differ.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Dot(axes=1)([torch.ones(1, 3), torch.ones(1, 3)])
    tensor([[3.]])
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, (list, tuple)):
                raise TypeError(
                    f"Dot: axes must be an integer or a pair of them. {received('axes', axes)}"
                )
            if len(axes) != 2 or not all(isinstance(a, int) for a in axes):
                raise ValueError(f"Dot: axes must be two integers. {received('axes', axes)}")
        self.axes = axes
        self.normalize = normalize
        self.supports_masking = True

    def _two_axes(self, ranks: tuple[int, int]) -> tuple[int, int]:
        a, b = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        m, n = ranks
        return (a % m if a < 0 else a), (b % n if b < 0 else b)

    def build(self, input_shape: Any) -> None:
        """Check the shapes of the inputs."""
        self._check(input_shape)

    def _check(self, shapes: Any) -> tuple[int, int]:
        if (
            not isinstance(shapes, (list, tuple))
            or len(shapes) != 2
            or not all(isinstance(s, (list, tuple)) for s in shapes)
        ):
            raise ValueError(
                f"Dot must be called on a list of 2 inputs. {received('input_shape', shapes)}"
            )
        first, second = shapes
        axes = self._two_axes((len(first), len(second)))
        for axis, shape in zip(axes, shapes, strict=True):
            if not 0 < axis < len(shape):
                raise ValueError(
                    f"Dot: axes must lie behind the batch, within the shapes {first} and {second}. "
                    f"{received('axes', self.axes)}"
                )
        m, n = first[axes[0]], second[axes[1]]
        if m is not None and n is not None and m != n:
            raise ValueError(
                f"Dot: the axes must have equal sizes, not {m} (axis {axes[0]}) and {n} "
                f"(axis {axes[1]}). {received('input_shape', shapes)}"
            )
        return axes

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the products."""
        x, y = inputs
        i, j = self._two_axes((x.ndim, y.ndim))
        if self.normalize:
            x, y = _unit(x, i), _unit(y, j)
        rest = (*x.shape[1:i], *x.shape[i + 1 :], *y.shape[1:j], *y.shape[j + 1 :])
        x = x.movedim(i, -1).flatten(1, -2) if x.ndim > 2 else x.unsqueeze(1)
        y = y.movedim(j, 1).flatten(2) if y.ndim > 2 else y.unsqueeze(2)
        return torch.matmul(x, y).reshape(x.shape[0], *(rest or (1,)))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return the remaining axes of the first input, then of the second."""
        i, j = self._check(input_shape)
        x, y = list(input_shape[0]), list(input_shape[1])
        del x[i], y[j], y[0]
        return (*x, *y) if len(x) + len(y) > 1 else (x[0], 1)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the symbolic output."""
        shape = self.compute_output_shape([tuple(x.shape) for x in inputs])
        return KerasTensor(shape, self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the axis that was masked may be gone."""


def _unit(x: torch.Tensor, axis: int) -> torch.Tensor:
    return x * torch.rsqrt(x.square().sum(axis, keepdim=True).clamp(min=1e-12))
