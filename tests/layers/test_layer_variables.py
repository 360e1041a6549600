"""Variables as attributes, in lists, in dicts: counted, ordered and stored as real Keras does."""

import h5py
import keras
import numpy as np
import pytest

import torchkeras


def attributes_first(self, k, w):
    self.a, self.rows, self.b = w(), [w(), w()], w()


def lists_first(self, k, w):
    self.rows, self.a, self.d, self.b = [w(), w()], w(), {"x": w(), "c": w()}, w(False)


def state_first(self, k, w):
    self.z, self.rows, self.a = w(False), [w(False), w()], w()


def another_order(self, k, w):
    first, second = w(), w()
    self.a, self.rows = second, [first]


def appended(self, k, w):
    self.rows = []
    self.rows.append(w())
    self.a = w()
    self.rows.append(w())


def variables(self, k, w):
    self.v, self.a, self.rows = own(k), w(), [own(k, False), w()]


def variables_in_lists_first(self, k, w):
    self.rows, self.a, self.m = [own(k), own(k, False)], w(), own(k)


def with_layers(self, k, w):
    self.sub = k.layers.Dense(2, kernel_initializer="ones")
    self.sub.build((None, 3))
    self.rows, self.a, self.pair = [w()], w(), (w(), w(False))


def unnamed(self, k, w):
    w(), w(False)
    self.a = w()


def nested(self, k, w):
    self.d = {"q": [w(), w()], "p": (w(),)}
    self.n, self.a = [[w()], {"k": w(False)}], w()


def named(self, k, w):
    self.b, self.rows = w(name="zeta"), [w(name="alpha"), w(name="alpha")]
    self.a = w(name="zeta")


def own(k, trainable=True):
    return k.Variable(np.full((20,), 9.0, "float32"), trainable=trainable)


FILLS = [attributes_first, lists_first, state_first, another_order, appended, variables,
         variables_in_lists_first, with_layers, unnamed, nested, named]  # fmt: skip


def model_of(k, fill):
    class Holder(k.layers.Layer):
        def build(self, input_shape):
            count = 0

            def weight(trainable=True, name=None):
                nonlocal count
                count += 1
                return self.add_weight(
                    shape=(count,),
                    initializer=k.initializers.Constant(float(count)),
                    trainable=trainable,
                    name=name,
                )

            fill(self, k, weight)

        def call(self, x):
            return x

    class Model(k.Model):
        def __init__(self):
            super().__init__()
            self.holder = Holder(name="holder")

        def call(self, x):
            return self.holder(x)

    model = Model()
    model(np.ones((1, 3), "float32"))
    return model


def content(path):
    found = {}
    with h5py.File(path) as f:
        f.visititems(
            lambda name, x: found.update({name: x[()]}) if isinstance(x, h5py.Dataset) else None
        )
    return found


@pytest.mark.parametrize("fill", FILLS, ids=lambda f: f.__name__)
def test_order_and_files(fill, tmp_path):
    ours, theirs = model_of(torchkeras, fill), model_of(keras, fill)
    for group in ("weights", "trainable_weights", "non_trainable_weights"):
        shapes = [[tuple(v.shape) for v in getattr(m, group)] for m in (ours, theirs)]
        assert shapes[0] == shapes[1], group
    files = [tmp_path / f"{i}.weights.h5" for i in range(2)]
    for model, path in zip((ours, theirs), files, strict=True):
        model.save_weights(path)
    a, b = map(content, files)
    assert set(a) == set(b)
    for name in b:
        np.testing.assert_array_equal(a[name], b[name], name)
    for source, target, path in ((theirs, ours, files[1]), (ours, theirs, files[0])):
        values = [np.asarray(w) + 1 for w in source.get_weights()]
        source.set_weights(values)
        source.save_weights(path)
        target.load_weights(path)
        for x, y in zip(target.get_weights(), values, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("fill", FILLS, ids=lambda f: f.__name__)
def test_state_dict_names_each_variable_once(fill):
    model = model_of(torchkeras, fill)
    assert len(model.state_dict()) == len(model.weights)
    assert list(model.state_dict()) == list(model_of(torchkeras, fill).state_dict())


class Thing:
    pass


REPLACED = {
    "empty list": lambda k: [],
    "empty dict": lambda k: {},
    "list of layers": lambda k: [k.layers.Dense(2)],
    "tuple of layers": lambda k: (k.layers.Dense(2),),
    "dict of layers": lambda k: {"a": k.layers.Dense(2)},
}
REPLACING = {
    "list of objects": lambda k: [Thing()],
    "dict": lambda k: {"a": 1},
    "tuple": lambda k: (1, "a"),
    "object": lambda k: Thing(),
    "text": lambda k: "a",
    "function": lambda k: len,
    "nothing": lambda k: None,
    "layer": lambda k: k.layers.Dense(3),
    "list of layers": lambda k: [k.layers.Dense(3), Thing()],
}


@pytest.mark.parametrize("before", REPLACED)
@pytest.mark.parametrize("after", REPLACING)
def test_a_list_attribute_may_become_anything(before, after):
    for k in (torchkeras, keras):
        layer = k.layers.Layer()
        layer.content = REPLACED[before](k)
        layer.content = value = REPLACING[after](k)
        assert layer.content == value
        if k is torchkeras:
            held = [m for m in layer.modules() if isinstance(m, k.layers.Dense)]
            assert all(m.units == 3 for m in held)  # the layers that were there are gone
            assert bool(held) == ("layer" in after)


def test_a_model_without_the_list_that_it_had():
    model = torchkeras.Sequential([torchkeras.layers.Dense(2)])
    model.notes = [torchkeras.layers.Dense(3)]
    model.notes = ["read"]
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 2), "float32"), verbose=0)
    assert len(model.weights) == 2 and model.notes == ["read"]


def rows_class(k, base, kind):
    class Rows(base):
        def __init__(self):
            super().__init__()
            self.rows = ["a note"] if kind is list else {0: "a note"}
            if kind is list:
                self.rows.append(k.layers.Dense(2))
            else:
                self.rows[1] = k.layers.Dense(2)

        def call(self, x):
            return self.rows[1](x)

    return Rows


@pytest.mark.parametrize("kind", [list, dict])
@pytest.mark.parametrize("base", ["Layer", "Model"])
def test_plain_lists_that_get_layers_later(kind, base):
    """As in Keras, whatever stood in them first."""
    weights = {}
    for k in (torchkeras, keras):
        rows = rows_class(k, k.Model if base == "Model" else k.layers.Layer, kind)()
        made = rows if base == "Model" else k.Sequential([k.Input((3,)), rows])
        made.compile("sgd", "mse")
        x = np.ones((4, 3), "float32")
        made.fit(x, np.ones((4, 2), "float32"), verbose=0, epochs=2)
        weights[k] = [tuple(w.shape) for w in made.trainable_weights]
        assert (np.asarray(made.get_weights()[1]) != 0).any(), "it was trained"
    assert weights[torchkeras] == weights[keras] == [(3, 2), (2,)]
