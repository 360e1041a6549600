"""Function: the operations between symbolic inputs and outputs, compiled once into a flat plan."""

from collections.abc import Callable
from typing import Any, NamedTuple

from torchkeras._base import scope
from torchkeras.core import nest
from torchkeras.core.operation import Node, Operation
from torchkeras.core.symbolic import KerasTensor


class Step(NamedTuple):
    """One call of the plan: slots to read, the slots to write, and those not read again."""

    operation: Operation
    single: int  # slot of the only argument, or -1
    args: Callable[[list[Any]], list[Any]]  # the slots' values -> positional arguments
    kwargs: Callable[[list[Any]], dict[str, Any]] | None
    outputs: tuple[int, ...]
    dead: tuple[int, ...]


def _filler(template: Any, slots: dict[tuple[int, int], int]) -> Callable[[list[Any]], Any]:
    """Compile a nested structure with symbols into a function that puts in the slots' values."""
    if isinstance(template, KerasTensor):
        number = slots[template.key]
        return lambda values: values[number]
    if isinstance(template, (list, tuple)) and not hasattr(template, "_fields"):
        if all(isinstance(t, KerasTensor) for t in template):
            numbers = [slots[t.key] for t in template]
            if isinstance(template, tuple):
                return lambda values: tuple([values[i] for i in numbers])
            return lambda values: [values[i] for i in numbers]
        parts = [_filler(t, slots) for t in template]
        make = type(template)
        return lambda values: make(part(values) for part in parts)
    if isinstance(template, dict):
        fields = {k: _filler(t, slots) for k, t in template.items()}
        return lambda values: {k: part(values) for k, part in fields.items()}
    return lambda values: template


class _Place:
    """A tensor of a folded graph: which call, and which of its outputs."""

    def __init__(self, call: int, index: int) -> None:
        self.call, self.index = call, index


def _unfold(calls: list[Any], inputs: list[_Place], outputs: list[_Place]) -> "Graph":
    nodes: list[Node] = []

    def tensor(x: Any) -> Any:
        return nodes[x.call].output_tensors[x.index] if isinstance(x, _Place) else x

    for operation, args, kwargs, specs in calls:
        args, kwargs = nest.map_structure(tensor, [args, kwargs])
        nodes.append(Node.restore(operation, args, kwargs, specs))
    return Graph([tensor(p) for p in inputs], [tensor(p) for p in outputs])


class Graph:
    """Nodes and operations between inputs and outputs, in the order that Keras lists them."""

    def __init__(self, inputs: list[KerasTensor], outputs: list[KerasTensor]) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.nodes, self.operations = _sorted_nodes(inputs, outputs)
        self.slots, self.steps = self._compile()
        self.chain = self._chain()

    def __reduce__(self) -> tuple[Any, ...]:
        # Flat, so that copying and pickling do not go down the graph call by call.
        places = {id(node): i for i, node in enumerate(self.nodes)}

        def place(t: KerasTensor) -> _Place:
            node, index = t._source  # type: ignore[misc]
            return _Place(places[id(node)], index)

        calls = [node.fold(place) for node in self.nodes]
        return _unfold, (calls, [place(t) for t in self.inputs], [place(t) for t in self.outputs])

    def _compile(self) -> tuple[dict[tuple[int, int], int], list[Step]]:
        slots: dict[tuple[int, int], int] = {}
        for t in self.inputs:
            slots.setdefault(t.key, len(slots))
        steps = []
        for node in self.nodes:
            if all(t.key in slots for t in _tensors(node)):
                continue  # an input
            read = [slots[t.key] for t in node.input_tensors]
            written = tuple(slots.setdefault(t.key, len(slots)) for t in _tensors(node))
            # A mask of None says nothing; without it the layer may take its quick way.
            given = {
                k: v for k, v in node.kwargs.items() if v is not None or not k.endswith("mask")
            }
            kwargs = _filler(given, slots) if given else None
            args = _filler(list(node.args), slots)
            plain = len(node.args) == 1 and isinstance(node.args[0], KerasTensor)
            single = read[0] if plain and kwargs is None else -1
            steps.append(Step(node.operation, single, args, kwargs, written, tuple(set(read))))
        kept = {slots[t.key] for t in self.outputs}
        for i in range(len(steps) - 1, -1, -1):
            step = steps[i]
            dead = tuple(s for s in step.dead if s not in kept)
            kept.update(step.dead)
            steps[i] = step._replace(dead=dead)
        return slots, steps

    def _chain(self) -> tuple[Operation, ...] | None:
        """Return the operations if each only feeds the next one, from one input to one output."""
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            return None
        current = self.slots[self.inputs[0].key]
        for step in self.steps:
            if step.single != current or len(step.outputs) != 1 or current not in step.dead:
                return None
            current = step.outputs[0]
        return tuple(s.operation for s in self.steps)

    def run(
        self, values: list[Any], call: Callable[[Operation, Any, Any], Any] | None = None
    ) -> list[Any]:
        """Compute the outputs from a list of input values.

        Args:
            values: One value an input, real or symbolic.
            call: `(operation, args, kwargs) -> outputs`, to replace the plain call.
        """
        slots: list[Any] = [None] * len(self.slots)
        for t, value in zip(self.inputs, values, strict=True):
            slots[self.slots[t.key]] = value
        for operation, single, args, kwargs, outputs, dead in self.steps:
            if call is not None:
                result = call(operation, args(slots), kwargs(slots) if kwargs else {})
            elif single >= 0:
                result = operation(slots[single])
            elif kwargs is None:
                result = operation(*args(slots))
            else:
                keywords = kwargs(slots)
                if "training" in keywords and scope.state.training is not None:
                    keywords["training"] = scope.state.training  # the run's mode wins, as in Keras
                result = operation(*args(slots), **keywords)
            for slot in dead:
                slots[slot] = None  # frees the memory of what nobody reads any more
            if len(outputs) == 1 and not isinstance(result, (list, tuple, dict)):
                slots[outputs[0]] = result
            else:
                for slot, value in zip(outputs, nest.flatten(result), strict=False):
                    slots[slot] = value
        return [slots[self.slots[t.key]] for t in self.outputs]


def _tensors(node: Node) -> list[KerasTensor]:
    return [t for t in node.output_tensors if isinstance(t, KerasTensor)]


def _sorted_nodes(
    inputs: list[KerasTensor], outputs: list[KerasTensor]
) -> tuple[list[Node], list[Operation]]:
    """Order nodes and operations as Keras does: by their depth under the outputs, then as met."""
    input_keys = {t.key for t in inputs}
    order: list[Node] = []  # producers before consumers
    met: dict[int, int] = {}  # id of an operation -> when the walk from the outputs met it
    finished: set[int] = set()
    open_nodes: set[int] = set()
    for output in outputs:
        stack: list[tuple[KerasTensor, bool]] = [(output, False)]
        while stack:
            tensor, leaving = stack.pop()
            if tensor._source is None and tensor.key in input_keys:
                continue
            if tensor._source is None:
                raise ValueError(
                    f"An output is not connected to the inputs: {tensor!r} has no operation."
                )
            node = tensor._source[0]
            if leaving:
                open_nodes.discard(id(node))
                if id(node) not in finished:
                    finished.add(id(node))
                    order.append(node)
                continue
            if id(node) in finished or id(node) in open_nodes:
                continue
            if node.is_input and tensor.key not in input_keys:
                raise ValueError(
                    f"An output is not connected to the inputs: it depends on "
                    f"{node.operation.name!r}, which is not among them."
                )
            met.setdefault(id(node.operation), len(met))
            open_nodes.add(id(node))
            stack.append((tensor, True))
            if tensor.key not in input_keys:
                stack.extend((t, False) for t in reversed(node.input_tensors))
    depths: dict[int, int] = {}
    op_depths: dict[int, int] = {}
    by_id = {id(n.operation): n.operation for n in order}
    for node in reversed(order):
        depth = max(depths.setdefault(id(node), 0), op_depths.get(id(node.operation), 0))
        op_depths[id(node.operation)] = depths[id(node)] = depth
        if any(t.key in input_keys for t in _tensors(node)):
            continue
        for parent in node.parents:
            depths[id(parent)] = max(depth + 1, depths.get(id(parent), 0))
    for t in inputs:
        # An input that no output needs is listed all the same.
        if t._source is not None and id(t._source[0].operation) not in op_depths:
            node = t._source[0]
            by_id[id(node.operation)] = node.operation
            op_depths[id(node.operation)] = depths[id(node)] = 0
            met.setdefault(id(node.operation), -1)
            order.append(node)
    operations = sorted(by_id, key=lambda i: (-op_depths[i], met[i]))
    nodes = sorted(order, key=lambda n: -depths[id(n)])
    return nodes, [by_id[i] for i in operations]
