"""What the layers have in common that are called on strings."""

from typing import Any

import numpy as np
import torch

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core.strings import as_strings, is_list_of_strings, is_string_array
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import as_numpy, convert_to_tensor
from torchkeras.layers.layer import Layer


class TextLayer(Layer):
    """Base of layers whose inputs are strings, as arrays of `str` objects, or whole numbers.

    A subclass defines `compute_output_spec`; nothing runs while shapes are inferred.
    """

    takes_any_positional = True
    takes_strings = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)

    def _input(self, x: Any) -> Any:
        """Return one input as an array of strings or as a tensor of numbers."""
        owner = type(self).__name__
        if isinstance(x, (torch.Tensor, KerasTensor)):
            return x
        if isinstance(x, (str, bytes)) or is_list_of_strings(x) or is_string_array(x):
            return as_strings(x, owner, encoding=getattr(self, "encoding", "utf-8"))
        if isinstance(x, np.ndarray) and x.dtype == object and not x.size:
            return x
        if hasattr(x, "__array__") and not isinstance(x, np.ndarray):
            return self._input(as_numpy(x))  # of another library, maybe of strings
        try:
            return convert_to_tensor(x)
        except ValueError as e:
            raise ValueError(
                f"{owner}: inputs must be strings or numbers, in an array or nested lists of one "
                f"length. {received('inputs', x)}"
            ) from e

    def _convert(self, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args:
            return (self._input(args[0]), *args[1:]), kwargs
        return args, {k: self._input(v) if k == "inputs" else v for k, v in kwargs.items()}

    def _full_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        size = scope.state.probe_size
        if size is None:
            return super()._full_call(args, kwargs)
        # A model around us is being asked for its shapes: the answer needs no strings.
        spec = self.compute_output_spec(*(_symbol(a, size) for a in args))
        shape = tuple(size if d is None else d for d in spec.shape)
        if spec.dtype == "string":
            return np.broadcast_to(np.array("", object), shape)
        return torch.empty(shape, dtype=getattr(torch, spec.dtype), device="meta")


def _symbol(x: Any, size: int) -> Any:
    if isinstance(x, (list, tuple)):
        return [_symbol(e, size) for e in x]
    shape = tuple(None if d == size else d for d in x.shape)
    return KerasTensor(shape, "string" if isinstance(x, np.ndarray) else str(x.dtype)[6:])
