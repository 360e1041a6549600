"""Function: the operations between symbolic tensors as one operation, without layers' state."""

from typing import Any

from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.dtypes import torch_dtype
from torchkeras.core.graph import Graph
from torchkeras.core.operation import Operation
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor


class Function(Operation):
    """The computation from symbolic inputs to symbolic outputs, to be run on other inputs.

    It owns no variables and is no layer: it only runs the operations.

    Args:
        inputs: KerasTensor, or structure of them.
        outputs: KerasTensor, or structure of them, that the inputs determine.
        name: Default `function`, `function_1`, ….

    Raises:
        ValueError: if there is something else in the structures, or no output, or if an output
            needs more inputs.

    >>> import torch, torchkeras as keras
    >>> x = keras.KerasTensor((None, 2))
    >>> double = keras.Function(x, x * 2 + 1)
    >>> double(torch.ones(1, 2))
    tensor([[3., 3.]])
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name)
        for label, structure in (("inputs", inputs), ("outputs", outputs)):
            if not all(isinstance(t, KerasTensor) for t in nest.flatten(structure)):
                raise ValueError(
                    f"Function: all {label} must be KerasTensors. {received(label, structure)}"
                )
        if not nest.flatten(outputs):
            raise ValueError(f"Function: outputs must not be empty. {received('outputs', outputs)}")
        self._inputs_struct, self._outputs_struct = inputs, outputs
        # A tensor that is no output of an operation (a bare KerasTensor) is an input by itself.
        self._graph = Graph(nest.flatten(inputs), nest.flatten(outputs))

    @property
    def inputs(self) -> list[KerasTensor]:
        """Flat list of the symbolic inputs."""
        return list(self._graph.inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """Flat list of the symbolic outputs."""
        return list(self._graph.outputs)

    @property
    def operations(self) -> list[Operation]:
        """Operations from inputs to outputs, in order."""
        graph = self._graph
        run = {id(step.operation) for step in graph.steps}
        # What an intermediate tensor comes from lies before the inputs.
        sources = [t._source[0] for t in graph.inputs if t._source is not None]
        run |= {id(node.operation) for node in sources if node.is_input}
        return [o for o in graph.operations if id(o) in run]

    @property
    def input(self) -> Any:
        """The symbolic inputs, in their structure."""
        return self._inputs_struct

    @property
    def output(self) -> Any:
        """The symbolic outputs, in their structure."""
        return self._outputs_struct

    def _flat(self, inputs: Any) -> list[Any]:
        if not nest.same_structure(self._inputs_struct, inputs):
            raise ValueError(
                f"{self.name}: inputs must have the structure {self._inputs_struct}. "
                f"{received('inputs', inputs)}"
            )
        flat = []
        for symbol, value in zip(self._graph.inputs, nest.flatten(inputs), strict=True):
            if not isinstance(value, KerasTensor):
                value = convert_to_tensor(value, torch_dtype(symbol.dtype))
            shape = tuple(value.shape)
            fits = len(shape) == symbol.ndim and all(
                None in (want, got) or want == got
                for want, got in zip(symbol.shape, shape, strict=True)
            )
            if not fits:
                raise ValueError(
                    f"{self.name}: the input {symbol.name!r} must have the shape {symbol.shape}. "
                    f"Received: shape={shape}."
                )
            flat.append(value)
        return flat

    def call(self, inputs: Any) -> Any:
        """Compute the outputs for inputs in the structure of the symbolic ones."""
        return nest.pack_as(self._outputs_struct, self._graph.run(self._flat(inputs)))

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the symbolic outputs for symbolic inputs."""
        outputs = nest.pack_as(self._outputs_struct, self._graph.run(self._flat(inputs)))
        return nest.map_structure(lambda t: KerasTensor(t.shape, t.dtype), outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shapes of the outputs for the shapes of the inputs."""
        dtypes = nest.map_structure(lambda t: t.dtype, self._inputs_struct)
        inputs = _symbols(dtypes, input_shape)
        return nest.map_structure(lambda t: t.shape, self.compute_output_spec(inputs))


def _symbols(dtypes: Any, shapes: Any) -> Any:
    if isinstance(dtypes, dict):
        return {k: _symbols(dtypes[k], shapes[k]) for k in dtypes}
    if isinstance(dtypes, (list, tuple)):
        return [_symbols(d, s) for d, s in zip(dtypes, shapes, strict=True)]
    return KerasTensor(shapes, dtypes)
