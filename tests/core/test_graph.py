"""The plan between inputs and outputs: order, freeing, copies, errors."""

import copy
import pickle
import sys
import weakref

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import clear_names
from torchkeras.core.graph import Graph
from torchkeras.core.operation import Operation


class Add(Operation):
    def __init__(self, n=1, name=None):
        super().__init__(name)
        self.n = n

    def call(self, x, y=0):
        return x + y + self.n


def line(k):
    x = k.Input((3,), name="x")
    return [x], [k.layers.Dense(2, name="b")(k.layers.Dense(4, name="a")(x))]


def diamond(k):
    x = k.Input((3,), name="x")
    a = k.layers.Dense(3, name="a")(x)
    left, right = k.layers.ReLU(name="l")(a), k.layers.Dense(3, name="r")(a)
    return [x], [k.layers.Add(name="sum")([right, left]), k.layers.ReLU(name="end")(right)]


def shared(k):
    x, y = k.Input((3,), name="x"), k.Input((3,), name="y")
    dense, relu = k.layers.Dense(3, name="d"), k.layers.ReLU(name="r")
    a = dense(relu(dense(x)))
    return [y, x], [k.layers.Concatenate(name="c")([a, dense(y)]), relu(y)]


def long_and_short(k):
    x, y = k.Input((3,), name="x"), k.Input((3,), name="y")
    a = x
    for i in range(4):
        a = k.layers.ReLU(name=f"r{i}")(a)
    b = k.layers.Dense(3, name="d")(y)
    return [x, y], [k.layers.Add(name="sum")([b, a])]


def unused_input(k):
    x, y, z = (k.Input((3,), name=n) for n in "xyz")
    return [z, x, y], [k.layers.ReLU(name="r")(x), k.layers.ReLU(name="q")(y)]


def raw_ops(k):
    x = k.Input((3,), name="x")
    y = k.ops.relu(x) * 2 + x
    return [x], [k.layers.Dense(2, name="d")(y), y - 1]


BUILDS = [line, diamond, shared, long_and_short, unused_input, raw_ops]
IDS = [b.__name__ for b in BUILDS]


@pytest.mark.parametrize("build", BUILDS, ids=IDS)
def test_order_of_operations_like_keras(build):
    orders = []
    for k in (torchkeras, keras):
        clear_names()
        inputs, outputs = build(k)
        orders.append([op.name for op in k.Model(inputs, outputs).operations])
    assert orders[0] == orders[1]


@pytest.mark.parametrize("build", BUILDS, ids=IDS)
def test_numbers_like_keras(build):
    ours, theirs = (k.Model(*build(k)) for k in (torchkeras, keras))
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
    data = [torch.randn(2, *t.shape[1:]) for t in ours.inputs]
    for a, b in zip(ours(data) if len(data) > 1 else ours(data[0]),
                    theirs(data) if len(data) > 1 else theirs(data[0]), strict=True):  # fmt: skip
        torch.testing.assert_close(a, b)


def test_values_are_freed_when_nobody_reads_them_any_more():
    alive = []

    class Watch(Operation):
        def call(self, x):
            before = [r() is not None for r in alive]
            out = x + 1
            alive.append(weakref.ref(out))
            counts.append(sum(before))
            return out

    counts = []
    x = torchkeras.Input((3,))
    y = x
    for _ in range(6):
        y = Watch()(y)
    counts.clear(), alive.clear()  # of the inference of shapes
    (out,) = Graph([x], [y]).run([torch.ones(1, 3)])
    assert counts == [0, 1, 1, 1, 1, 1] and out is not None


def test_chain():
    x = torchkeras.Input((3,))
    a, b, c = Add(1), Add(2), Add(3)
    graph = Graph([x], [c(b(a(x)))])
    assert graph.chain == (a, b, c)
    y = a(x)
    assert Graph([x], [b(y) + y]).chain is None  # read twice
    assert Graph([x], [b(y), c(y)]).chain is None
    assert Graph([x], [c(b(y), y=3)]).chain is None  # with an argument
    assert Graph([x], [y, b(y)]).chain is None


def test_slots_are_read_in_every_structure():
    class Take(Operation):
        def call(self, both, extra, *, more):
            return {"a": both[0] + both[1]["k"], "b": (extra, more["m"][0])}

    x, y = torchkeras.Input((3,)), torchkeras.Input((3,))
    out = Take()([x, {"k": y}], (x, 7)[0], more={"m": [y, None], "n": "text"})
    graph = Graph([x, y], [out["b"][1], out["a"], out["b"][0]])
    one, two = torch.ones(1, 3), torch.full((1, 3), 2.0)
    a, b, c = graph.run([one, two])
    assert torch.equal(a, two) and torch.equal(b, one + two) and torch.equal(c, one)


def test_another_call_for_each_operation():
    x = torchkeras.Input((3,))
    graph = Graph([x], [Add(2)(Add(1)(x), y=5)])
    seen = []

    def call(operation, args, kwargs):
        seen.append((operation.n, kwargs))
        return operation(*args, **kwargs)

    (out,) = graph.run([torch.zeros(1, 3)], call)
    assert (out == 8).all() and seen == [(1, {}), (2, {"y": 5})]


def test_an_intermediate_tensor_may_be_an_input():
    x = torchkeras.Input((3,))
    y = Add(1)(x)
    graph = Graph([y], [Add(2)(y)])
    assert len(graph.steps) == 1
    assert (graph.run([torch.zeros(1, 3)])[0] == 2).all()
    assert (Graph([x], [x]).run([torch.ones(1)])[0] == 1).all()


def test_what_is_not_connected():
    for k in (torchkeras, keras):
        x, y = k.Input((3,), name="one"), k.Input((3,), name="two")
        with pytest.raises(ValueError, match=r"not connected"):
            k.Model(x, k.layers.Add()([x, y]))
    with pytest.raises(ValueError, match="depends on 'two', which is not among them"):
        Graph([torchkeras.Input((3,))], [Add()(torchkeras.Input((3,), name="two"))])
    with pytest.raises(ValueError, match="has no operation"):
        Graph([torchkeras.Input((3,))], [torchkeras.KerasTensor((3,))])


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_copies(copier):
    x = torchkeras.Input((3,))
    first = Add(1, name="first")
    y = first(x)
    graph = Graph([x], [Add(2)(first(y)), y])
    twin = copier(graph)
    assert len(twin.nodes) == len(graph.nodes) == 4
    assert [op.name for op in twin.operations] == [op.name for op in graph.operations]
    assert twin.operations[1] is not first
    for a, b in zip(twin.run([torch.ones(1, 3)]), graph.run([torch.ones(1, 3)]), strict=True):
        assert torch.equal(a, b)


def test_depth_is_no_limit():
    x = y = torchkeras.Input((2,))
    for _ in range(2 * sys.getrecursionlimit()):
        y = Add()(y)
    graph = Graph([x], [y])
    assert (graph.run([torch.zeros(1, 2)])[0] == 2 * sys.getrecursionlimit()).all()
    assert len(copy.deepcopy(graph).steps) == len(graph.steps)
