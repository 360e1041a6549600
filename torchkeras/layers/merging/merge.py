"""Layers that merge a list of tensors into one, entry by entry."""

from collections.abc import Callable
from functools import reduce
from typing import Any, ClassVar

import torch

from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers import _mask
from torchkeras.layers.layer import Layer


def broadcast_shape(a: tuple[Any, ...], b: tuple[Any, ...], owner: str) -> tuple[Any, ...]:
    """Return the shape of two tensors put together by broadcasting; None is an unknown size."""
    rank = max(len(a), len(b))
    out = []
    for m, n in zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True):
        if m == n or n == 1:
            out.append(m)
        elif m == 1:
            out.append(n)
        elif m is None or n is None:
            out.append(n if m is None else m)
        else:
            raise ValueError(f"{owner}: inputs have incompatible shapes. Received: {a} and {b}.")
    return tuple(out)


class Merge(Layer):
    """Base of the layers that merge; a subclass says by which function of two tensors.

    The output is seen where any of the inputs is, unless one of them has no mask.
    """

    function: ClassVar[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]
    least, most = 1, None
    # Whether an entry that its mask hides leaves the merging to the others.
    heeds_masks = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Check the shapes of the inputs."""
        self._check(input_shape)
        ranks = {len(s) for s in input_shape}
        self._reshape = len(ranks) > 1

    def _check(self, shapes: Any) -> None:
        name = type(self).__name__
        listed = isinstance(shapes, (list, tuple)) and shapes
        if not listed or not isinstance(shapes[0], (list, tuple)):
            raise ValueError(
                f"{name} must be called on a list of inputs. {received('input_shape', shapes)}"
            )
        if len(shapes) < self.least or (self.most is not None and len(shapes) > self.most):
            wanted = f"exactly {self.most}" if self.most else f"at least {self.least}"
            raise ValueError(
                f"{name} must be called on a list of {wanted} input(s). Received: {len(shapes)}."
            )
        batches = {s[0] for s in shapes if s and s[0] is not None}
        if len(batches) > 1:
            raise ValueError(
                f"{name}: inputs must have the same batch size. {received('input_shape', shapes)}"
            )
        reduce(lambda a, b: broadcast_shape(a, b, name), [tuple(s[1:]) for s in shapes])

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the merged tensor."""
        if self.heeds_masks:
            masks = [_mask.get_mask(x) for x in inputs]
            if any(m is not None for m in masks):
                return self._merge_seen(inputs, masks)
        if self._reshape:
            inputs = _same_rank(inputs)
        if len(inputs) == 2:
            merged = type(self).function(inputs[0], inputs[1])
        else:
            merged = reduce(type(self).function, inputs)
        return self.finish(merged, len(inputs))

    def _merge_seen(self, inputs: Any, masks: list[Any]) -> torch.Tensor:
        """Merge what the masks show; where nothing is seen, the first input stays."""
        seen = [_expanded(m, x) for m, x in zip(masks, inputs, strict=True)]
        if self._reshape:
            inputs, seen = _same_rank(inputs), _same_rank(seen)
        out, shown = inputs[0], seen[0]
        for x, here in zip(inputs[1:], seen[1:], strict=True):
            alone = torch.where(here & ~shown, x, out)
            out = torch.where(here & shown, type(self).function(out, x), alone)
            shown = here | shown
        return self.hide(out, shown)

    def hide(self, merged: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
        """Return the result, given where any input was seen."""
        return merged

    def finish(self, merged: torch.Tensor, count: int) -> torch.Tensor:
        """Return the result once all inputs are in."""
        return merged

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return the shape that the inputs' shapes broadcast to."""
        self._check(input_shape)
        batches = {s[0] for s in input_shape} - {None}
        batch = batches.pop() if len(batches) == 1 else None
        rest = [tuple(s[1:]) for s in input_shape]
        return (batch, *reduce(lambda a, b: broadcast_shape(a, b, type(self).__name__), rest))

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the symbolic output: whole numbers stay whole."""
        shape = self.compute_output_shape([tuple(x.shape) for x in inputs])
        return KerasTensor(shape, merged_dtype(self, inputs))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where any input is to be seen; None if one has no mask."""
        masks = list_of_masks(self, inputs, mask)
        if not masks or any(m is None for m in masks):
            return None
        return reduce(torch.logical_or, _same_rank(masks))


def list_of_masks(layer: Layer, inputs: Any, masks: Any) -> list[Any]:
    """Return the masks of a list of inputs as tensors of bools, or None where there is none."""
    if masks is None:
        return []
    owner = type(layer).__name__
    for name, value in (("mask", masks), ("inputs", inputs)):
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{owner}: {name} must be a list. {received(name, value)}")
    if len(masks) != len(inputs):
        raise ValueError(
            f"{owner}: there must be a mask, or None, for each input. "
            f"Received: {len(masks)} masks, {len(inputs)} inputs."
        )
    return [None if m is None else convert_to_tensor(m).bool() for m in masks]


def merged_dtype(layer: Layer, inputs: Any) -> str:
    """Return the dtype of several inputs put together: floats are cast before the call."""
    if any(dtypes.is_float(x.dtype) for x in inputs):
        return layer.compute_dtype
    return dtypes.result_type(*(x.dtype for x in inputs))


def _expanded(mask: Any, x: torch.Tensor) -> torch.Tensor:
    if mask is None:
        return torch.ones_like(x, dtype=torch.bool)
    return mask.bool().reshape(*mask.shape, *(1,) * (x.ndim - mask.ndim)).expand(x.shape)


def _same_rank(inputs: Any) -> list[torch.Tensor]:
    """Give tensors of fewer axes new ones behind the batch."""
    rank = max(x.ndim for x in inputs)
    return [x.reshape(x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:]) for x in inputs]


@LAYERS.register()
class Add(Merge):
    """Sum of a list of tensors.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Add()([torch.ones(1, 2), torch.ones(1, 2)])
    tensor([[2., 2.]])
    """

    function = torch.add


@LAYERS.register()
class Subtract(Merge):
    """Difference of two tensors.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Subtract()([torch.ones(1, 2), torch.ones(1, 2)])
    tensor([[0., 0.]])
    """

    function = torch.sub
    least = most = 2


@LAYERS.register()
class Multiply(Merge):
    """Product of a list of tensors.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Multiply()([torch.ones(1, 2), 2 * torch.ones(1, 2)])
    tensor([[2., 2.]])
    """

    function = torch.mul
    heeds_masks = True

    def hide(self, merged: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
        """Return zero where no input was seen."""
        return merged * shown


@LAYERS.register()
class Average(Merge):
    """Mean of a list of tensors.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Average()([torch.zeros(1, 2), torch.ones(1, 2)])
    tensor([[0.5000, 0.5000]])
    """

    function = torch.add

    def finish(self, merged: torch.Tensor, count: int) -> torch.Tensor:
        """Divide the sum."""
        return merged / count

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the symbolic output: a mean is no whole number."""
        shape = self.compute_output_shape([tuple(x.shape) for x in inputs])
        return KerasTensor(shape, self.compute_dtype)


@LAYERS.register()
class Maximum(Merge):
    """Greatest entries of a list of tensors.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Maximum()([torch.zeros(1, 2), torch.ones(1, 2)])
    tensor([[1., 1.]])
    """

    function = torch.maximum
    heeds_masks = True


@LAYERS.register()
class Minimum(Merge):
    """Smallest entries of a list of tensors.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Minimum()([torch.zeros(1, 2), torch.ones(1, 2)])
    tensor([[0., 0.]])
    """

    function = torch.minimum
    heeds_masks = True
