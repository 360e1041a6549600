"""Operation: what a node of a functional graph runs; and the node itself."""

import re
import weakref
from typing import Any

from torchkeras._base import naming
from torchkeras._base.check import received
from torchkeras.core import infer, nest
from torchkeras.core.configurable import Configurable
from torchkeras.core.module_call import refuse_stateful
from torchkeras.core.symbolic import KerasTensor, any_symbolic

# Names become parts of paths in files.
_ODD_NAME = re.compile(r"[/\\\x00-\x1f\x7f-\x9f]|^\.{1,2}$|^.{256}")


# Of an operation: what it knows of graphs, which is no part of a copy of it.
GRAPH_FIELDS = ("_nodes", "_consumers")


class Node:
    """One call of an operation on symbolic tensors.

    References go one way: tensor -> node -> operation and input tensors. An operation knows its
    nodes weakly, so that a graph is freed by reference counts alone.
    """

    def __init__(
        self, operation: "Operation", args: tuple[Any, ...], kwargs: dict[str, Any], spec: Any
    ) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.input_tensors: list[KerasTensor] = [
            t for t in nest.flatten([list(args), kwargs]) if isinstance(t, KerasTensor)
        ]
        self._specs = [
            (t.shape, t.dtype, t.sparse, t.ragged, t.name) if isinstance(t, KerasTensor) else t
            for t in nest.flatten(spec)
        ]
        self._structure = nest.map_structure(lambda _: None, spec)
        operation.add_node(self)
        self._tell_parents()

    def _tell_parents(self) -> None:
        """Let the operations that the inputs come from know, weakly, where they go to."""
        for operation in {id(p.operation): p.operation for p in self.parents}.values():
            known = operation.__dict__.setdefault("_consumers", [])
            known[:] = [n for n in known if n() is not None]
            known.append(weakref.ref(self))

    @classmethod
    def restore(cls, operation: "Operation", args: Any, kwargs: Any, specs: Any) -> "Node":
        """Make a node again from what `fold` gave, its input tensors put in."""
        node = cls.__new__(cls)
        node.operation, node.args, node.kwargs = operation, tuple(args), kwargs
        node.input_tensors = [
            t for t in nest.flatten([list(args), kwargs]) if isinstance(t, KerasTensor)
        ]
        node._specs, node._structure = specs
        operation.add_node(node)
        node._tell_parents()
        return node

    def fold(self, replace: Any) -> tuple[Any, ...]:
        """Return the arguments of `restore`, each symbolic input replaced by `replace(tensor)`."""

        def folded(x: Any) -> Any:
            return replace(x) if isinstance(x, KerasTensor) else x

        args, kwargs = nest.map_structure(folded, [list(self.args), self.kwargs])
        return self.operation, args, kwargs, (self._specs, self._structure)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_given"}  # a copy gives its own

    @property
    def index(self) -> int:
        """Position among the living nodes of the operation."""
        return self.operation.inbound_nodes.index(self)

    def adopt(self, tensor: KerasTensor) -> None:
        """Let a symbolic tensor that there is be the (only) output."""
        self.__dict__["_given"] = {0: weakref.ref(tensor)}
        tensor._source = (self, 0)

    @property
    def is_input(self) -> bool:
        """Whether the node is an Input: it has no tensors to come from."""
        return not self.input_tensors

    @property
    def parents(self) -> list["Node"]:
        """Nodes of the input tensors."""
        return [t._source[0] for t in self.input_tensors if t._source is not None]

    @property
    def output_tensors(self) -> list[Any]:
        """Flat list of the symbolic outputs, the same objects for as long as somebody has them."""
        out = []
        given = self.__dict__.setdefault("_given", {})
        for i, spec in enumerate(self._specs):
            if isinstance(spec, tuple):
                alive = given[i]() if i in given else None
                if alive is None:
                    shape, dtype, sparse, ragged, name = spec
                    alive = KerasTensor(shape, dtype, sparse, ragged, name=name)
                    alive._source = (self, i)
                    given[i] = weakref.ref(alive)
                spec = alive
            out.append(spec)
        return out

    @property
    def outputs(self) -> Any:
        """The symbolic outputs in the structure that the operation returns."""
        return nest.pack_as(self._structure, self.output_tensors)


class Operation(Configurable):
    """Base of everything that can be called on symbolic tensors.

    A subclass defines `call(*args, **kwargs)` on real tensors and, if running it without memory
    does not tell the shapes, `compute_output_spec(*args, **kwargs)`.

    Args:
        name: Default: the class name in snake case, made unique.
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = naming.auto_name(type(self).__name__)
        if not isinstance(name, str) or _ODD_NAME.search(name):
            raise ValueError(
                f"{type(self).__name__}: name must be a string without '/', '\\' and control "
                f"characters, of at most 255. {received('name', name)}"
            )
        self.name = name

    def _config_overrides(self) -> dict[str, Any]:
        return {**super()._config_overrides(), "name": self.name}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args) or any_symbolic(kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs from real tensors."""
        raise TypeError(f"{type(self).__name__} must define call().")

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Record a call on symbolic tensors and return its symbolic outputs."""
        refuse_stateful()
        spec = self.compute_output_spec(*args, **kwargs)
        return Node(self, args, kwargs, spec).outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the KerasTensors that a call on these arguments gives."""
        return infer.fitting_spec(self.call, args, kwargs)

    def add_node(self, node: Node) -> None:
        """Take note of a call, weakly."""
        nodes = self.__dict__.setdefault("_nodes", [])
        nodes[:] = [n for n in nodes if n() is not None]
        nodes.append(weakref.ref(node))

    def __getstate__(self) -> dict[str, Any]:
        # A copy takes part in no graph, but for that which is copied with it (Graph.__reduce__).
        return {k: v for k, v in self.__dict__.items() if k not in GRAPH_FIELDS}

    @property
    def inbound_nodes(self) -> list[Node]:
        """Calls of this operation in graphs that are alive."""
        return [n for ref in self.__dict__.get("_nodes", ()) if (n := ref()) is not None]

    _inbound_nodes = inbound_nodes

    @property
    def outbound_nodes(self) -> list[Node]:
        """Calls, in graphs that are alive, of what takes this operation's outputs."""
        return [n for ref in self.__dict__.get("_consumers", ()) if (n := ref()) is not None]

    _outbound_nodes = outbound_nodes

    def _first_node(self, what: str) -> Node:
        nodes = self.inbound_nodes
        if not nodes:
            raise AttributeError(
                f"{self.name} has not been called on symbolic tensors: it has no {what}."
            )
        return nodes[0]

    @property
    def input(self) -> Any:
        """Symbolic input of the first call."""
        node = self._first_node("input")
        tensors = node.input_tensors or node.output_tensors  # an InputLayer's input is its output
        if len(tensors) == 1:
            return tensors[0]
        if len(node.args) == 1 and not node.kwargs:
            return node.args[0]
        return tensors

    @property
    def output(self) -> Any:
        """Symbolic output of the first call."""
        outputs = self._first_node("output").outputs
        return list(outputs) if type(outputs) is tuple else outputs

    def get_input_at(self, node_index: int) -> Any:
        """Return the symbolic input of a call."""
        tensors = self.inbound_nodes[node_index].input_tensors
        return tensors[0] if len(tensors) == 1 else tensors

    def get_output_at(self, node_index: int) -> Any:
        """Return the symbolic output of a call."""
        return self.inbound_nodes[node_index].outputs
