"""The graph of a model's layers, as the `GraphDef` that TensorBoard's graphs plugin shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._base.optional import require


def layer_graph(model: Any) -> Any:
    """One node a layer call, with shapes, settings and numbers of weights.

    The edges come from the model's saved form (`to_json`). A subclassed model has no recorded
    edges: its modules are shown as they are nested.
    """
    config = _saved_form(model)
    graph = _Graph()
    if config is None:
        graph.add_modules(model)
    else:
        graph.add_model(config, model, f"{config['name']}/", None)
    return graph.build()


def _saved_form(model: Any) -> dict[str, Any] | None:
    """The config of a functional or sequential model; None for any other."""
    if getattr(model, "inputs", None) is None:
        return None
    config = json.loads(model.to_json())["config"]
    return config if "layers" in config and "name" in config else None


def _is_model(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("config"), dict) and isinstance(entry["config"].get("layers"), list)


class _Graph:
    """Collects nodes; names are paths, which the graphs plugin folds into boxes."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}

    def add(
        self,
        name: str,
        op: str,
        inputs: Sequence[str] = (),
        layer: Any = None,
        config: Mapping[str, Any] | None = None,
    ) -> str:
        self.nodes[name] = {
            "op": op,
            "inputs": list(dict.fromkeys(inputs)),
            "layer": layer,
            "config": config or {},
            "shape": None,
        }
        return name

    def add_model(
        self, config: Mapping[str, Any], model: Any, scope: str, inputs: list[str] | None
    ) -> list[str]:
        """Add a model's layers; returns the names of the nodes of its outputs.

        `inputs` are the nodes that feed a nested model; None: it has placeholders of its own.
        """
        live = {layer.name: layer for layer in getattr(model, "layers", None) or ()}
        if "output_layers" not in config:
            return self._add_sequential(config, live, scope, inputs)
        return _Functional(self, config, live, scope, inputs).outputs()

    def _add_sequential(
        self,
        config: Mapping[str, Any],
        live: Mapping[str, Any],
        scope: str,
        inputs: list[str] | None,
    ) -> list[str]:
        current = inputs or []
        for entry in config["layers"]:
            if entry["class_name"] == "InputLayer":
                if inputs is None:
                    current = [self.add_input(entry, scope)]
                continue
            name = entry["config"]["name"]
            current = self.add_layer(entry, live.get(name), f"{scope}{name}", current)
        return current

    def add_input(self, entry: Mapping[str, Any], scope: str) -> str:
        config = entry["config"]
        name = self.add(f"{scope}{config['name']}", "Placeholder", config=config)
        self.nodes[name]["shape"] = config.get("batch_shape")
        return name

    def add_layer(
        self, entry: Mapping[str, Any], layer: Any, name: str, inputs: list[str]
    ) -> list[str]:
        """Add one call of a layer, or of a whole model."""
        if _is_model(entry):
            return self.add_model(entry["config"], layer, f"{name}/", inputs)
        node = self.add(name, entry["class_name"], inputs, layer, entry["config"])
        if layer is not None:
            self.nodes[node]["shape"] = _output_shape(layer)
        return [node]

    def add_modules(self, model: Any) -> None:
        """The modules of a model whose call is code."""
        root = getattr(model, "name", None) or type(model).__name__.lower()
        for path, module in model.named_modules():
            if path and next(module.children(), None) is None:
                self.add(f"{root}/{path.replace('.', '/')}", type(module).__name__, layer=module)

    def build(self) -> Any:
        """The protocol buffer."""
        pb = require("tensorboard.compat.proto.graph_pb2")
        graph = pb.GraphDef()
        graph.versions.producer = 22
        for name, node in self.nodes.items():
            proto = graph.node.add()
            proto.name = name
            proto.op = node["op"]
            proto.input.extend(node["inputs"])
            _set_attributes(proto.attr, node)
        return graph


class _Functional:
    """Walks the saved form of one functional model from its outputs to its inputs."""

    def __init__(
        self,
        graph: _Graph,
        config: Mapping[str, Any],
        live: Mapping[str, Any],
        scope: str,
        inputs: list[str] | None,
    ) -> None:
        self.graph = graph
        self.config = config
        self.live = live
        self.scope = scope
        self.entries = {entry["config"]["name"]: entry for entry in config["layers"]}
        for entry in config["layers"]:
            self.entries.setdefault(entry.get("name"), entry)
        self.made: dict[tuple[str, int], list[str]] = {}
        if inputs is not None:
            names = [ref[0] for ref in _references(config["input_layers"])]
            self.made = {(n, 0): [i] for n, i in zip(names, inputs, strict=False)}

    def outputs(self) -> list[str]:
        for name, entry in self.entries.items():  # layers off the path to the outputs too
            for index in range(len(entry.get("inbound_nodes") or ()) or 1):
                self._node(name, index)
        return [
            self._tensor(name, node, tensor)
            for name, node, tensor in _references(self.config["output_layers"])
        ]

    def _tensor(self, name: str, node: int, tensor: int) -> str:
        made = self._node(name, node)
        return made[tensor] if tensor < len(made) else made[0]

    def _node(self, name: str, index: int) -> list[str]:
        """The graph's nodes for the outputs of call number `index` of a layer.

        Goes down with a stack of its own: a deep model must not end in a RecursionError.
        """
        stack = [(name, index)]
        while stack:
            key = stack[-1]
            if key in self.made:
                stack.pop()
                continue
            entry = self.entries[key[0]]
            calls = entry.get("inbound_nodes") or ()
            refs = list(_history(calls[key[1]])) if key[1] < len(calls) else []
            waiting = [(r[0], r[1]) for r in refs if (r[0], r[1]) not in self.made]
            if waiting:
                stack.extend(waiting)
                continue
            self.made[key] = self._make(entry, key[1], len(calls), refs)
            stack.pop()
        return self.made[(name, index)]

    def _make(
        self, entry: Mapping[str, Any], index: int, calls: int, refs: list[tuple[str, int, int]]
    ) -> list[str]:
        if entry["class_name"] == "InputLayer":
            return [self.graph.add_input(entry, self.scope)]
        name = entry["config"]["name"]
        full = f"{self.scope}{name}" + (f"/call_{index}" if calls > 1 else "")
        inputs = [self._tensor(*ref) for ref in refs]
        return self.graph.add_layer(entry, self.live.get(name), full, inputs)


def _references(tree: Any) -> list[tuple[str, int, int]]:
    """[layer name, node, tensor] triples in lists and dicts of any depth."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if not isinstance(tree, list):
        return []
    if len(tree) == 3 and isinstance(tree[0], str):
        return [(tree[0], int(tree[1]), int(tree[2]))]
    return [ref for item in tree for ref in _references(item)]


def _history(tree: Any) -> Iterator[tuple[str, int, int]]:
    """Where the symbolic arguments of one call come from."""
    if isinstance(tree, dict):
        if tree.get("class_name") == "__keras_tensor__":
            name, node, tensor = tree["config"]["keras_history"]
            yield name, int(node), int(tensor)
            return
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from _history(item)


def _output_shape(layer: Any) -> Any:
    """The shape of a layer's output if it has one; a shared layer may have many."""
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError, RuntimeError):
        return None
    return tuple(shape)


def _set_attributes(attributes: Any, node: Mapping[str, Any]) -> None:
    """What the plugin lists when a node is clicked."""
    if node["shape"] is not None:
        shape = attributes["_output_shapes"].list.shape.add()
        for size in node["shape"]:
            shape.dim.add().size = -1 if size is None else int(size)
    for key, value in node["config"].items():
        if isinstance(value, bool):
            attributes[key].b = value
        elif isinstance(value, int):
            attributes[key].i = value
        elif isinstance(value, float):
            attributes[key].f = value
        elif isinstance(value, str):
            attributes[key].s = value.encode()
        elif isinstance(value, (list, tuple)) and key != "batch_shape":
            attributes[key].s = json.dumps(value).encode()
    count = getattr(node["layer"], "count_params", None)
    if count is not None and getattr(node["layer"], "built", True):
        attributes["parameters"].i = int(count())
    elif node["layer"] is not None and hasattr(node["layer"], "parameters"):
        attributes["parameters"].i = sum(p.numel() for p in node["layer"].parameters())
