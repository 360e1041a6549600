"""What makes a model functional: its graph, how it runs, and how it is written and read."""

import inspect
import warnings
from typing import Any

import torch
from torch import nn

from torchkeras._base.check import received
from torchkeras._base.errors import ModelFileError
from torchkeras.core import nest, serialize
from torchkeras.core.dtypes import torch_dtype
from torchkeras.core.graph import Graph
from torchkeras.core.operation import Node, Operation
from torchkeras.core.stateful import is_metric
from torchkeras.core.strings import as_strings, string_leaves
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.tracking import Tracked, module_key
from torchkeras.layers import _mask
from torchkeras.layers.core.input import InputLayer
from torchkeras.layers.core.torch_module import TorchModuleWrapper
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer
from torchkeras.models import _captured


def make_graph(inputs: Any, outputs: Any) -> tuple[Graph, Any, Any]:
    """Return the graph between two structures of symbolic tensors, and those structures.

    Inputs that are themselves computed get an InputLayer of their own in front.
    """
    for name, structure in (("inputs", inputs), ("outputs", outputs)):
        for t in nest.flatten(structure):
            if not isinstance(t, KerasTensor):
                raise ValueError(
                    f"All `{name}` values must be KerasTensors. {received(name, structure)}"
                )
    flat = nest.flatten(inputs)
    if len({t.key for t in flat}) != len(flat):
        raise ValueError(f"A model's inputs must differ. {received('inputs', inputs)}")
    return Graph(flat, nest.flatten(outputs)), inputs, outputs


def with_input_layers(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """Put InputLayers in the place of inputs that come out of other layers."""
    flat = nest.flatten(inputs)
    if all(_is_input(t) for t in flat):
        return inputs, outputs
    graph = Graph(flat, nest.flatten(outputs))
    fresh = [
        t
        if _is_input(t)
        else InputLayer(batch_shape=t.shape, dtype=t.dtype, name=t.name).new_output()
        for t in flat
    ]
    new_outputs = graph.run(fresh)
    return nest.pack_as(inputs, fresh), nest.pack_as(outputs, new_outputs)


def _is_input(t: Any) -> bool:
    return not isinstance(t, KerasTensor) or (
        t._source is not None and isinstance(t._source[0].operation, InputLayer)
    )


def input_specs(model: Any) -> list[InputSpec]:
    """Return what the model accepts for each of its inputs (the batch size is free)."""
    struct = model._inputs_struct
    keyed = isinstance(struct, dict)
    names = nest.flatten({k: k for k in struct}) if keyed else model._runner.names
    nested = keyed and not _is_flat(struct)  # found by their places
    specs = []
    for i, t in enumerate(model._graph.inputs):
        operation = t._keras_history.operation
        specs.append(
            InputSpec(
                shape=(None, *t.shape[1:]),
                allow_last_axis_squeeze=True,
                name=None if nested else names[i],
                optional=getattr(operation, "optional", False),
            )
        )
    return specs


class Runner:
    """The prepared run of a graph: everything that can be decided once is."""

    def __init__(self, graph: Graph) -> None:
        self.chain = graph.chain
        self.graph = graph
        self.names = [t._keras_history.operation.name for t in graph.inputs]
        # None for strings, of which there are no tensors
        self.dtypes = [None if t.dtype == "string" else torch_dtype(t.dtype) for t in graph.inputs]
        self.takes_strings = None in self.dtypes
        self.dtype = self.dtypes[0] if len(self.dtypes) == 1 else None
        self.shapes = [t.shape for t in graph.inputs]
        self.ranks = [len(t.shape) for t in graph.inputs]
        # The shape behind the batch, if it is known as a whole.
        rest = self.shapes[0][1:] if self.shapes else (None,)
        self._rest = None if None in rest else tuple(rest)

    def accepts(self, shape: torch.Size) -> bool:
        """Tell whether the only input has a shape that needs no adjustment."""
        if self._rest is not None:
            return shape[1:] == self._rest and len(shape) > 0
        want = self.shapes[0]
        return len(shape) == len(want) and all(
            n is None or m == n for m, n in zip(shape[1:], want[1:], strict=True)
        )

    def standardize(self, flat: list[Any]) -> list[Any]:
        """Return input values as tensors of the inputs' dtypes and ranks."""
        out = []
        for i, x in enumerate(flat):
            if x is None or isinstance(x, KerasTensor):
                out.append(x)
                continue
            mask = _mask.get_mask(x)
            shape, rank = self.shapes[i], self.ranks[i]
            if self.dtypes[i] is None:
                out.append(_of_rank(as_strings(x, "Input", self.names[i]), shape))
                continue
            converted = convert_to_tensor(x)
            if converted.dtype is not self.dtypes[i]:
                converted = converted.to(self.dtypes[i])
            if converted.ndim == rank + 1 and converted.shape[-1] == 1:
                converted = converted.squeeze(-1)
            elif converted.ndim == rank - 1 and shape[-1] == 1:
                converted = converted.unsqueeze(-1)
            if mask is not None and converted is not x:
                converted._keras_mask = mask  # type: ignore[attr-defined]
            out.append(converted)
        return out


def _of_rank(x: Any, shape: tuple[int | None, ...]) -> Any:
    """Take away or add the last axis of size 1 of an array that differs from `shape` by it."""
    if x.ndim == len(shape) + 1 and x.shape[-1] == 1:
        return x[..., 0]
    return x[..., None] if x.ndim == len(shape) - 1 and shape[-1] == 1 else x


def flat_inputs(model: Any, inputs: Any) -> list[Any]:
    """Return the values for the graph's inputs, in order, from any form that Keras accepts.

    A dict of the model's own form goes by its keys, another by the names of the inputs; a list
    for a dict by the keys' order, which must be no other than the sorted one.
    """
    struct = model._inputs_struct
    names = model._runner.names
    if model._runner.takes_strings:
        inputs = string_leaves(inputs, model.name, "inputs")
    if isinstance(inputs, dict):
        if isinstance(struct, dict):
            if _same_form(struct, inputs):
                return nest.flatten(inputs)
            if _is_flat(struct):
                names = nest.flatten({k: k for k in struct})
        missing = [n for n in names if n not in inputs]
        if missing:
            wanted = list(struct) if isinstance(struct, dict) else names
            raise ValueError(
                f"Layer {model.name!r}: inputs must have the keys {wanted}. Missing: {missing}. "
                f"{received('keys', list(inputs))}"
            )
        if isinstance(struct, dict):
            _warn_of_form(model, inputs)
        return [inputs[n] for n in names]
    flat = nest.flatten(inputs)
    if len(flat) != len(names):
        raise ValueError(
            f"Layer {model.name!r} expects {len(names)} input(s) ({', '.join(names)}), but it "
            f"received {len(flat)} input tensors."
        )
    if len(flat) > 1 and not _same_form(struct, inputs):
        if not _in_order(struct):
            raise ValueError(
                f"Layer {model.name!r}: inputs must be a dict, as there are two orders of its "
                f"keys, {list(struct)} and the sorted one. {received('inputs', type(inputs))}"
            )
        _warn_of_form(model, inputs)
    return flat


def _is_flat(struct: dict[str, Any]) -> bool:
    return not any(nest.is_nested(x) for x in struct.values())


def _same_form(struct: Any, inputs: Any) -> bool:
    """Tell whether inputs have the form of the model's; lists and tuples are the same."""
    if isinstance(struct, dict):
        return (
            isinstance(inputs, dict)
            and struct.keys() == inputs.keys()
            and all(_same_form(x, inputs[k]) for k, x in struct.items())
        )
    if isinstance(struct, (list, tuple)):
        return (
            isinstance(inputs, (list, tuple))
            and len(struct) == len(inputs)
            and all(map(_same_form, struct, inputs))
        )
    return not nest.is_nested(inputs)


def _in_order(struct: Any) -> bool:
    """Tell whether the keys of a structure's dicts stand in the order in which it is flattened."""
    if isinstance(struct, dict):
        ranks = list(nest.flatten({k: i for i, k in enumerate(struct)}))
        return ranks == sorted(ranks) and all(map(_in_order, struct.values()))
    return not isinstance(struct, (list, tuple)) or all(map(_in_order, struct))


def _warn_of_form(model: Any, inputs: Any) -> None:
    if any(isinstance(x, KerasTensor) for x in nest.flatten(inputs)):
        return  # as Keras: values are what may be mixed up
    warnings.warn(
        "The structure of `inputs` doesn't match the expected structure. Expected: "
        f"{_names_in_form(model)}. Received: {nest.map_structure(_shape_of, inputs)}",
        stacklevel=2,
    )


def _names_in_form(model: Any) -> Any:
    return nest.pack_as(model._inputs_struct, model._runner.names)


def _shape_of(x: Any) -> str:
    return str(tuple(x.shape)) if hasattr(x, "shape") else type(x).__name__


# ------------------------------------------------------------------------------- configuration


def _history(t: KerasTensor, indices: dict[int, int]) -> list[Any]:
    node, tensor_index = t._source  # type: ignore[misc]
    return [node.operation.name, indices[id(node)], tensor_index]


def _first_place(operation: Any) -> int:
    """Number of an operation's first call in `input_layers` and `output_layers`.

    There (and not in `inbound_nodes`) Keras counts a functional model's own graph as its call 0.
    """
    return int(getattr(operation, "_graph", None) is not None and not hasattr(operation, "_row"))


def takes_graph(cls: type) -> bool:
    """Tell whether a class's constructor is that of a functional model, or hands all on to it."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    if {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= {
        p.kind for p in parameters
    }:
        return True
    names = [p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]
    return names[:2] == ["inputs", "outputs"] and set(names[2:]) <= {"name", "trainable"}


def accepted(cls: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return those of the arguments that a class's constructor takes."""
    parameters = inspect.signature(cls.__init__).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return arguments
    return {k: v for k, v in arguments.items() if k in parameters}


def own_arguments(cls: type, config: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of a config for parameters that a subclass's constructor adds."""
    names = set(inspect.signature(cls.__init__).parameters) - {"inputs", "outputs", "layers"}
    return {k: v for k, v in config.items() if k in names}


def graph_config(model: Any) -> dict[str, Any]:
    """Return the config of a functional model, as Keras writes it."""
    graph: Graph = model._graph
    indices: dict[int, int] = {}
    calls: dict[int, list[Node]] = {}
    for operation in graph.operations:
        members = {id(n) for n in graph.nodes}
        calls[id(operation)] = [n for n in operation.inbound_nodes if id(n) in members]
        for i, node in enumerate(calls[id(operation)]):
            indices[id(node)] = i

    def written(x: Any) -> Any:
        if isinstance(x, KerasTensor):
            config = {
                "shape": tuple(x.shape),
                "dtype": x.dtype,
                "keras_history": _history(x, indices),
            }
            return {"class_name": "__keras_tensor__", "config": config}
        if isinstance(x, torch.Tensor) and x.requires_grad | isinstance(x, nn.Parameter):
            return _captured.written(model, x)
        return serialize.serialize_value(x)

    layers = []
    for operation in graph.operations:
        config = serialize.serialize_keras_object(operation)
        config["name"] = operation.name
        config["inbound_nodes"] = [
            {
                "args": nest.map_structure(written, tuple(n.args)),
                "kwargs": nest.map_structure(written, _with_mask(operation, n.kwargs)),
            }
            for n in calls[id(operation)]
            if not n.is_input
        ]
        layers.append(config)

    def places(structure: Any) -> Any:
        if isinstance(structure, KerasTensor):
            name, index, tensor_index = _history(structure, indices)
            return [name, index + _first_place(structure._keras_history.operation), tensor_index]
        if isinstance(structure, dict):
            return {k: places(v) for k, v in structure.items()}
        return _kind(structure)(places(v) for v in structure)

    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": places(model._inputs_struct),
        "output_layers": places(model._outputs_struct),
    }


def _kind(structure: Any) -> type:
    return tuple if isinstance(structure, tuple) else list


def _with_mask(operation: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Add the `mask=None` that Keras writes for the layers that take a mask."""
    takes_mask = isinstance(operation, Layer) and operation._call_spec.has_mask
    return {"mask": None, **kwargs} if takes_mask else kwargs


def from_graph_config(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> tuple[Any, Any]:
    """Return (inputs, outputs) of the graph that a functional config describes."""
    operations: dict[str, Operation] = {}
    pending: list[tuple[Operation, dict[str, Any]]] = []
    for entry in config["layers"]:
        if entry.get("class_name") == "InputLayer" and "module" not in entry:
            entry = {**entry, "module": "keras.layers"}
        operation = serialize.deserialize_keras_object(entry, custom_objects)
        if not isinstance(operation, Operation):
            raise ModelFileError(f"{entry.get('class_name')} is no layer.", where="layers")
        name = entry.get("name", operation.name)
        if name in operations:
            raise ModelFileError(f"two layers are called {name!r}.", where="layers")
        operations[name] = operation
        pending.extend((operation, node) for node in entry.get("inbound_nodes", ()))
    produced: dict[tuple[str, int], Node] = {}
    counts: dict[str, int] = {}
    names = {id(op): name for name, op in operations.items()}
    weights = _captured.Reader(operations)
    for name, operation in operations.items():
        if isinstance(operation, InputLayer):
            produced[(name, 0)] = operation.new_output()._source[0]
    while pending:
        waiting = []
        blocked: set[str] = set()
        for operation, node in pending:
            name = names[id(operation)]
            args, kwargs, ready = _read_node(node, produced, weights)
            if not ready or name in blocked:
                blocked.add(name)  # the calls of one layer keep their order
                waiting.append((operation, node))
                continue
            outputs = operation(*args, **kwargs)
            first = next(t for t in nest.flatten(outputs) if isinstance(t, KerasTensor))
            produced[(name, counts.get(name, 0))] = first._source[0]
            counts[name] = counts.get(name, 0) + 1
        if len(waiting) == len(pending):
            stuck = sorted({names[id(op)] for op, _ in waiting})[:10]
            raise ModelFileError(
                f"inputs of these layers are missing or form a circle: {stuck}.",
                where="layers",
            )
        pending = waiting

    def tensor(place: Any) -> KerasTensor:
        name, node_index, tensor_index = place
        node = produced.get((name, node_index - _first_place(operations.get(name))))
        if node is None:
            raise ModelFileError(f"there is no layer call {name!r}[{node_index}].")
        return node.output_tensors[tensor_index]

    def ends(structure: Any) -> Any:
        if isinstance(structure, dict):
            return {k: ends(v) for k, v in structure.items()}
        if len(structure) == 3 and isinstance(structure[0], str):
            return tensor(structure)
        return _kind(structure)(ends(v) for v in structure)

    return ends(config["input_layers"]), ends(config["output_layers"])


def _read_node(
    node: dict[str, Any], produced: dict[tuple[str, int], Node], weights: _captured.Reader
) -> tuple[list[Any], dict[str, Any], bool]:
    ready = True

    def read(x: Any) -> Any:
        nonlocal ready
        if isinstance(x, dict):
            if x.get("class_name") == "__keras_tensor__":
                name, node_index, tensor_index = x["config"]["keras_history"]
                source = produced.get((name, node_index))
                if source is None:
                    ready = False
                    return None
                return source.output_tensors[tensor_index]
            if x.get("class_name") == _captured.CLASS_NAME:
                parameter = weights.read(x["config"])
                ready = ready and parameter is not None
                return parameter
            if "class_name" in x and "config" in x:
                return serialize.deserialize_keras_object(x)
            return {k: read(v) for k, v in x.items()}
        if isinstance(x, (list, tuple)):
            return [read(v) for v in x]
        return x

    if not isinstance(node, dict):
        raise ModelFileError("inbound_nodes must hold dicts of args and kwargs.", where="layers")
    return read(node.get("args", [])), read(node.get("kwargs", {})), ready


# ------------------------------------------------------------------------------- modules


def register_operations(model: Any, operations: list[Operation]) -> None:
    """Make the graph's layers children of the model, under their names."""
    for operation in operations:
        if isinstance(operation, nn.Module):
            key = module_key(operation.name, model._modules, operation)
            model._modules[key] = operation
    for i, parameter in enumerate(_captured.captured(operations)):
        model._parameters[f"captured_{i}"] = parameter


def layers_of(model: Any) -> list[Layer]:
    """Return the layers of a model in Keras's order; torch modules are shown wrapped."""
    if model._graph is not None:
        return [op for op in model._graph.operations if isinstance(op, Layer)]
    out: list[Layer] = []
    _sublayers(model, model, out)
    return out


def _sublayers(model: Any, module: nn.Module, out: list[Any]) -> None:
    for child in module._modules.values():
        if isinstance(child, Tracked):
            _sublayers(model, child, out)
        elif isinstance(child, nn.Module):
            layer = child if isinstance(child, Layer) else _wrapped(model, child)
            if layer is not None and all(layer is not x for x in out):
                out.append(layer)


def _wrapped(model: Any, module: nn.Module) -> TorchModuleWrapper | None:
    """Return the layer that stands for a torch module of a model: always the same one."""
    if not serialize.is_torch_module(module) or is_metric(module):
        return None
    wrappers = model.__dict__.setdefault("_wrappers", [])
    for wrapper in wrappers:
        if wrapper.module is module:
            return wrapper
    wrappers.append(TorchModuleWrapper(module))
    return wrappers[-1]
