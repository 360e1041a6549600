"""The graph of a model's layers, from the saved form that both libraries share."""

import json
import types

import keras
import pytest
import torch

import torchkeras
from torchkeras.callbacks.tensorboard.graph import layer_graph

both = pytest.mark.parametrize("keras", [torchkeras, keras], ids=lambda m: m.__name__)


def edges(graph):
    return {node.name: list(node.input) for node in graph.node}


def ops(graph):
    return {node.name: node.op for node in graph.node}


@both
def test_sequential(keras):
    model = keras.Sequential(
        [keras.Input((4,), name="x"), keras.layers.Dense(3, "relu", name="a"),
         keras.layers.Dropout(0.5, name="b"), keras.layers.Dense(1, name="c")],
        name="m",
    )  # fmt: skip
    graph = layer_graph(model)
    assert edges(graph) == {"m/x": [], "m/a": ["m/x"], "m/b": ["m/a"], "m/c": ["m/b"]}
    assert ops(graph) == {"m/x": "Placeholder", "m/a": "Dense", "m/b": "Dropout", "m/c": "Dense"}
    node = next(n for n in graph.node if n.name == "m/a")
    assert node.attr["parameters"].i == 15
    assert node.attr["units"].i == 3
    assert node.attr["activation"].s == b"relu"
    assert node.attr["trainable"].b
    assert [d.size for d in node.attr["_output_shapes"].list.shape[0].dim] == [-1, 3]


@both
def test_two_inputs_and_operators(keras):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    x = keras.layers.Concatenate(name="cat")([a, b])
    y = keras.layers.Dense(8, name="d")(a)
    model = keras.Model([a, b], {"one": x * 2 + y, "two": y}, name="m")
    graph = edges(layer_graph(model))
    assert graph["m/cat"] == ["m/a", "m/b"]
    assert graph["m/d"] == ["m/a"]
    last = next(inputs for name, inputs in graph.items() if name.startswith("m/add"))
    assert last == [next(n for n in graph if n.startswith("m/mul")), "m/d"]


@both
def test_shared_layer_has_a_node_for_each_call(keras):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = keras.layers.Dense(4, name="s")
    out = keras.layers.Add(name="sum")([shared(shared(a)), shared(b)])
    graph = edges(layer_graph(keras.Model([a, b], out, name="m")))
    assert graph["m/s/call_0"] == ["m/a"]
    assert graph["m/s/call_1"] == ["m/s/call_0"]
    assert graph["m/s/call_2"] == ["m/b"]
    assert graph["m/sum"] == ["m/s/call_1", "m/s/call_2"]


@both
def test_nested_models_are_boxes(keras):
    i = keras.Input((4,), name="i")
    inner = keras.Model(i, keras.layers.Dense(2, name="d")(i), name="inner")
    chain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="e")], name="chain")
    x = keras.Input((4,), name="x")
    model = keras.Model(x, keras.layers.ReLU(name="r")(chain(inner(x))), name="m")
    graph = edges(layer_graph(model))
    assert graph == {
        "m/x": [],
        "m/inner/d": ["m/x"],
        "m/chain/e": ["m/inner/d"],
        "m/r": ["m/chain/e"],
    }


@both
def test_layer_with_several_outputs(keras):
    class Two(keras.layers.Layer):
        def call(self, x):
            return x * 2, x * 3

    x = keras.Input((5,), name="x")
    one, two = Two(name="g")(x)
    model = keras.Model(x, keras.layers.Add(name="sum")([one, two]), name="m")
    assert edges(layer_graph(model))["m/sum"] == ["m/g"]


@both
def test_subclassed_model_shows_its_modules(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.a = keras.layers.Dense(2, name="a")
            self.b = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())

    graph = layer_graph(Net())
    assert set(ops(graph).values()) >= {"Dense", "Linear", "ReLU"}
    assert all(name.startswith("net/") for name in ops(graph))
    linear = next(n for n in graph.node if n.op == "Linear")
    assert linear.attr["parameters"].i == 9


def test_deep_model_does_not_recurse():
    """3000 layers, saved in the order that is worst for a recursive walk."""

    def layer(k):
        source = {
            "class_name": "__keras_tensor__",
            "config": {"keras_history": [f"l{k - 1}", 0, 0]},
        }
        return {
            "class_name": "Dense",
            "config": {"name": f"l{k}"},
            "inbound_nodes": [{"args": [source], "kwargs": {}}],
        }

    first = {"class_name": "InputLayer", "config": {"name": "l0", "batch_shape": [None, 2]}}
    layers = [layer(k) for k in range(3000, 0, -1)] + [first]
    config = {"name": "deep", "layers": layers, "input_layers": [["l0", 0, 0]],
              "output_layers": [["l3000", 0, 0]]}  # fmt: skip
    text = json.dumps({"config": config})
    model = types.SimpleNamespace(inputs=[0], to_json=lambda: text, layers=[])
    graph = edges(layer_graph(model))
    assert len(graph) == 3001
    assert graph["deep/l3000"] == ["deep/l2999"]


@both
@pytest.mark.parametrize("make", ["sequential", "functional"])
def test_names_are_unique(make, keras):
    if make == "sequential":
        model = keras.Sequential([keras.Input((4,))] + [keras.layers.Dense(4) for _ in range(5)])
    else:
        x = start = keras.Input((4,))
        for _ in range(5):
            x = keras.layers.Dense(4)(x) + x
        model = keras.Model(start, x)
    names = [node.name for node in layer_graph(model).node]
    assert len(names) == len(set(names))
    inputs = {name for node in layer_graph(model).node for name in node.input}
    assert inputs <= set(names)
