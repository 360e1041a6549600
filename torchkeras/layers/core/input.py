"""Input and InputLayer: where a functional model begins."""

from typing import Any

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
        sparse: Kept as Keras does.
        ragged: Kept as Keras does.
        batch_shape: Shape with the batch dimension, instead of `shape` and `batch_size`.
        input_tensor: A KerasTensor to use as the input.
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
        if dtype is None and input_tensor is not None:
            dtype = input_tensor.dtype
        if batch_shape is None and input_tensor is not None:
            batch_shape = input_tensor.shape
        super().__init__(name=name)
        if shape is not None and batch_shape is not None:
            raise ValueError("InputLayer: give either shape or batch_shape, not both.")
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
        spec = input_tensor or KerasTensor(
            self.batch_shape, self._input_dtype, self.sparse, self.ragged, name=self.name
        )
        self._spec = spec

    def new_output(self) -> KerasTensor:
        """Return the symbolic output, which alone keeps its node alive (the layer does not)."""
        nodes = self.inbound_nodes
        return nodes[0].outputs if nodes else Node(self, (), {}, self._spec).outputs

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
    if not all(d is None or (isinstance(d, int) and d >= 0) for d in entries):
        raise ValueError(f"Input: shape must hold integers or None. {received('shape', shape)}")
    return entries


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
