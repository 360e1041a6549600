"""Operations and the nodes that their calls on symbolic tensors leave."""

import copy
import gc
import pickle
import weakref

import keras
import pytest
import torch

import torchkeras
from torchkeras.core.operation import Node, Operation


class Halve(Operation):
    def call(self, x, by=2):
        return x / by


class Split(Operation):
    def call(self, x, y=None):
        return {"a": x, "b": [x + 1, x.sum(-1)]}


def own(k):
    """The same operation in either library."""
    base = k.Operation

    class Own(base):
        def call(self, x, y=0):
            return k.ops.add(x, y)

        def compute_output_spec(self, x, y=0):
            return k.KerasTensor(x.shape, x.dtype)

    return Own


def test_names_like_keras():
    for k in (torchkeras, keras):
        cls = own(k)
        assert cls(name="mine").name == "mine"
        first, second = cls().name, cls().name
        assert first.startswith("own") and second.startswith("own") and first != second
        for name in ("a/b", 3):
            with pytest.raises(ValueError, match=r"name.*(a/b|3)"):
                cls(name=name)


@pytest.mark.parametrize("arguments", [{}, {"y": 3}])
def test_symbols_like_keras(arguments):
    for k in (torchkeras, keras):
        x = k.Input((3,))
        operation = own(k)()
        out = operation(x, **arguments)
        assert out.shape == (None, 3) and out.dtype == "float32"
        assert operation.input is x and operation.output.shape == (None, 3)
        assert len(operation._inbound_nodes) == 1
        model = k.Model(x, out)
        result = model(torch.ones(2, 3))
        assert torch.equal(result, torch.full((2, 3), 1.0 + arguments.get("y", 0)))


def test_real_tensors_are_computed():
    operation = Halve()
    assert torch.equal(operation(torch.ones(2)), torch.full((2,), 0.5))
    assert operation.inbound_nodes == []
    with pytest.raises(AttributeError, match="has no input"):
        operation.input
    with pytest.raises(TypeError, match="must define call"):
        Operation()(torch.ones(1))


def test_structures_of_outputs():
    x = torchkeras.Input((3,))
    out = Split()(x)
    assert out["a"].shape == (None, 3) and [t.shape for t in out["b"]] == [(None, 3), (None,)]
    history = [t._keras_history for t in (out["a"], *out["b"])]
    assert [h.tensor_index for h in history] == [0, 1, 2] and len(
        {h.operation for h in history}
    ) == 1
    model = torchkeras.Model(x, out)
    result = model(torch.ones(2, 3))
    assert torch.equal(result["b"][1], torch.full((2,), 3.0))


def test_nodes():
    x, y = torchkeras.Input((3,)), torchkeras.Input((3,))
    operation = Split()
    first, second = operation(x), operation(x, y=y)
    nodes = operation.inbound_nodes
    assert [n.index for n in nodes] == [0, 1]
    assert nodes[0].input_tensors == [x] and nodes[1].input_tensors == [x, y]
    assert nodes[1].kwargs == {"y": y} and not nodes[0].is_input
    assert nodes[0].parents[0].is_input and len(nodes[1].parents) == 2
    assert operation.get_input_at(1) == [x, y] and operation.get_input_at(0) is x
    assert operation.get_output_at(1)["a"].key == second["a"].key != first["a"].key
    assert operation.input is x


def test_calls_with_several_inputs():
    for k in (torchkeras, keras):
        layer = k.layers.Add()
        a, b = k.Input((2,)), k.Input((2,))
        out = layer([a, b])
        assert layer.input[0] is a and layer.input[1] is b and out.shape == (None, 2)


def test_graphs_are_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        operation = Halve()
        out = operation(torchkeras.Input((3,)))
        node = weakref.ref(operation.inbound_nodes[0])
        assert node() is not None
        del out
        assert node() is None and operation.inbound_nodes == []
    finally:
        gc.enable()


def test_copies_take_part_in_no_graph():
    operation = Halve(name="h")
    out = operation(torchkeras.Input((3,)))
    for twin in (copy.deepcopy(operation), pickle.loads(pickle.dumps(operation))):
        assert twin.name == "h" and twin.inbound_nodes == []
    assert len(operation.inbound_nodes) == 1 and out.shape == (None, 3)


def test_a_node_folds_and_comes_back():
    x = torchkeras.Input((3,))
    operation = Split()
    out = operation(x, y=None)
    node = operation.inbound_nodes[0]
    folded = node.fold(lambda t: "place")
    assert folded[1:3] == (["place"], {"y": None})
    again = Node.restore(folded[0], [x], folded[2], folded[3])
    assert [t.shape for t in again.output_tensors] == [t.shape for t in node.output_tensors]
    assert operation.inbound_nodes == [node, again] and out["a"].shape == (None, 3)
    assert list(again.outputs) == ["a", "b"]


def test_config_holds_the_name():
    for lib in (keras, torchkeras):

        class Plain(lib.Operation):
            pass

        class Own(lib.Operation):
            def __init__(self, alpha, name=None):
                super().__init__(name=name)
                self.alpha = alpha

            def get_config(self):
                return {**super().get_config(), "alpha": self.alpha}

        assert Plain(name="p").get_config() == {"name": "p"}
        assert Plain().get_config() == {"name": "plain"}
        assert Own(2).get_config() == {"name": "own", "alpha": 2}


def test_several_outputs_are_a_list():
    for lib in (keras, torchkeras):

        class Two(lib.Operation):
            def call(self, x):
                return x, x + 1

        op = Two()
        out = op(lib.Input((3,)))  # keeps the graph alive
        assert type(op.output) is list and len(out) == 2
        assert [t.shape for t in op.output] == [(None, 3)] * 2
