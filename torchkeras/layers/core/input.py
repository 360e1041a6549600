"""Input and InputLayer: where a functional model begins."""

from typing import Any

import numpy as np

from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.operation import Node
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers.layer import Layer


@LAYERS.register()
class InputLayer(Layer):
    """The entry point of a functional or sequential model.

    Args:
        shape: Shape of one sample, without the batch dimension; None for unknown sizes.
        batch_size: Fixed batch size, or None.
        dtype: Dtype of the values; default `floatx()`.
        sparse, ragged: Not supported, as in Keras on torch.
        batch_shape: Shape with the batch dimension, instead of `shape` and `batch_size`.
        input_tensor: A KerasTensor that becomes the input, and this layer's output.
        optional: Whether None may be passed for it.
        name: Default `input_layer`, `input_layer_1`, ….
    """

    config_skip = frozenset({"shape", "batch_size", "input_tensor", "trainable"})

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        for kind, value in (("sparse", sparse), ("ragged", ragged)):
            if value:
                raise ValueError(f"InputLayer: torch has no {kind} inputs. {received(kind, value)}")
        if batch_shape is not None and (shape is not None or batch_size is not None):
            raise ValueError("InputLayer: give batch_shape, or shape and batch_size, not both.")
        if input_tensor is not None:
            _check_tensor(input_tensor, shape, batch_size, batch_shape, dtype)
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype
        if batch_shape is None:
            if shape is None:
                raise ValueError("InputLayer: shape or batch_shape must be given.")
            shape = (shape,) if isinstance(shape, int) else shape
            batch_shape = (batch_size, *shape)
        self.batch_shape = _checked(batch_shape)
        self._input_dtype = dtypes.standardize_dtype(dtype)
        self.sparse = bool(sparse)
        self.ragged = bool(ragged)
        self.optional = bool(optional)
        self.takes_strings = self._input_dtype == "string"
        self.built = True
        self._spec = KerasTensor(
            self.batch_shape, self._input_dtype, self.sparse, self.ragged, name=self.name
        )
        if input_tensor is not None:
            Node(self, (), {}, self._spec).adopt(input_tensor)

    def new_output(self) -> KerasTensor:
        """Return the symbolic output, which alone keeps its node alive (the layer does not)."""
        nodes = self.inbound_nodes
        return nodes[0].outputs if nodes else Node(self, (), {}, self._spec).outputs

    @property
    def output(self) -> KerasTensor:
        """The symbolic input of a model."""
        return self.new_output()

    @property
    def dtype(self) -> str:
        """Dtype of the values."""
        return self._input_dtype

    def _config_overrides(self) -> dict[str, Any]:
        return {"dtype": self._input_dtype, "name": self.name}

    def call(self) -> None:
        """Do nothing: a model puts its inputs in the place of this layer's output."""


def _checked(shape: Any) -> tuple[int | None, ...]:
    entries = tuple(shape)
    if not all(d is None or (isinstance(d, (int, np.integer)) and d >= 0) for d in entries):
        raise ValueError(f"Input: shape must hold integers or None. {received('shape', shape)}")
    return tuple(None if d is None else int(d) for d in entries)


def _check_tensor(tensor: Any, shape: Any, batch_size: Any, batch_shape: Any, dtype: Any) -> None:
    if not isinstance(tensor, KerasTensor):
        raise ValueError(
            "InputLayer: input_tensor must be a KerasTensor. "
            f"Received: an object of type {type(tensor).__name__}."
        )
    same = (
        (
            shape is None
            or _checked((shape,) if isinstance(shape, int) else shape) == tensor.shape[1:]
        )
        and (batch_size is None or batch_size == tensor.shape[0])
        and (batch_shape is None or _checked(batch_shape) == tensor.shape)
        and (dtype is None or dtypes.standardize_dtype(dtype) == tensor.dtype)
    )
    if not same:
        raise ValueError(
            "InputLayer: shape, batch_size, batch_shape and dtype must be those of input_tensor, "
            f"where they are given. Received: input_tensor={tensor}, shape={shape}, "
            f"batch_size={batch_size}, batch_shape={batch_shape}, dtype={dtype}."
        )


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """Return the symbolic tensor that a functional model starts from.

    >>> import torchkeras as keras
    >>> keras.Input((32,)).shape
    (None, 32)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    )
    return layer.new_output()
