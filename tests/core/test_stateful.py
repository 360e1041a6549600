"""The walk names objects as Keras's files do."""

import io

import h5py
import keras
import pytest
import torch

import torchkeras
from torchkeras.core import stateful


def names_in_keras(model, tmp_path):
    """Paths of the objects in a file of real Keras, in alphabetical order."""
    path = tmp_path / "k.weights.h5"
    model.save_weights(path)
    found = []
    with h5py.File(io.BytesIO(path.read_bytes())) as f:
        f.visit(lambda n: found.append(n.removesuffix("/vars")) if n.endswith("/vars") else None)
    return sorted(found)


def names(model):
    held = (p for p, o in stateful.walk(model) if hasattr(type(o), "save_own_variables"))
    return sorted(p for p in held if p and "seed_generator" not in p)


def holder(k, fill, base=None):
    """A built model of a class that is made by `fill(self, layers)`."""
    base = base or k.Model

    class Holder(base):
        def __init__(self):
            super().__init__()
            fill(self, k)
            for layer in list(self._flatten_layers()) if k is keras else self.modules():
                if type(layer).__name__ == "Dense":
                    layer.build((None, 2))
            self.built = True

        def call(self, x):
            return x

    return Holder()


def lists(self, k):
    d = k.layers.Dense
    self.mixed = [[d(1)], [d(2)], (d(3),), {"a": d(4)}, [5], ["a", None], d(5), d(6)]
    self.empty, self.numbers = [], [1, 2]
    self._private = {"z": [d(8)], "y": d(1)}


def order(self, k):
    d = k.layers.Dense
    self.zeta, self._hidden, self.Upper, self.alpha = d(1), d(2), d(3), d(4)
    self.alias = self.alpha
    self.in_a_list = [self.zeta, d(5)]


def kinds(self, k):
    self.metric = k.metrics.Mean()
    self.metric.net = k.layers.Dense(3)
    self.metric.net.build((None, 2))
    self.metrics_list = [k.metrics.Mean(), k.layers.Dense(1)]
    self.goal = k.losses.MeanSquaredError()
    self.goal.net = k.layers.Dense(2)
    self.goal.net.build((None, 2))
    self.second = k.optimizers.SGD()
    self.optimizers = [k.optimizers.SGD(), k.optimizers.SGD()]
    self.start = k.initializers.Zeros()


def names_of_classes(self, k):
    L = k.layers
    self.items = [
        L.Conv2D(1, 1),
        L.Conv2DTranspose(1, 1),
        L.ReLU(),
        L.GlobalMaxPooling1D(),
        L.ReLU(),
    ]
    self.nested = k.Sequential([L.Dense(2), L.Dense(2, name="last")])


@pytest.mark.parametrize("fill", [lists, order, kinds, names_of_classes])
@pytest.mark.parametrize("base", ["Model", "Sequential"])
def test_paths_are_those_of_keras(fill, base, tmp_path):
    theirs = holder(keras, fill, getattr(keras, base))
    ours = holder(torchkeras, fill, getattr(torchkeras, base))
    assert names(ours) == names_in_keras(theirs, tmp_path)


def test_layers_under_layers_are_found_by_attribute_not_by_list(tmp_path):
    def fill(self, k):
        class Inner(k.layers.Layer):
            def __init__(self):
                super().__init__()
                self._p, self.b = k.layers.Dense(1), k.layers.Dense(2)
                self.built = True

        self.inner = Inner()

    theirs, ours = holder(keras, fill), holder(torchkeras, fill)
    assert names(ours) == names_in_keras(theirs, tmp_path)
    assert [p for p, _ in stateful.walk(ours)] == ["", "inner", "inner/b", "inner/_p"]


def test_properties(tmp_path):
    class WithProperties:
        @property
        def a_first(self):
            return self.zeta

        @property
        def failing(self):
            raise RuntimeError("not ready")

        @property
        def hidden(self):
            return self._hidden

    def model(k):
        return holder(k, order, type("Base", (WithProperties, k.Model), {}))

    assert names(model(torchkeras)) == names_in_keras(model(keras), tmp_path)
    assert "a_first" in names(model(torchkeras)) and "hidden" in names(model(torchkeras))


def test_shared_objects_cycles_and_plain_modules():
    class Node(torchkeras.layers.Layer):
        pass

    a, b = Node(), Node()
    a.friends, b.friends = [b, b], [a]
    a.plain = torch.nn.Sequential(torch.nn.Linear(2, 2))
    a.__dict__["loop"] = loop = [a]
    loop.append(loop)
    assert [p for p, _ in stateful.walk(a)] == ["", "friends/node", "plain"]
    assert stateful.torch_module(a.plain) is a.plain and stateful.torch_module(a) is None
    wrapper = torchkeras.layers.TorchModuleWrapper(a.plain)
    assert stateful.torch_module(wrapper) is a.plain and len(list(stateful.walk(wrapper))) == 1
    assert stateful.is_standard(a) and not stateful.is_standard(a.plain)


def test_fresh_lists_are_not_taken_for_one_another():
    class Box:
        def __init__(self, *content):
            self.content = content

        @property
        def boxes(self):
            return list(self.content)  # a new list each time, at an old one's address perhaps

        def save_own_variables(self, store): ...

    tree = Box(*[Box(*[Box() for _ in range(3)]) for _ in range(3)])
    assert len(list(stateful.walk(tree))) == 13
