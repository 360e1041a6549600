"""clone_model against real Keras."""

import keras as reference
import numpy as np
import pytest

import torchkeras
from oracle import assert_close, clear_names

LIBS = (torchkeras, reference)


def build(lib, kind):
    """A model of one kind, with fixed names."""
    clear_names()
    layers = lib.layers
    if kind == "sequential":
        return lib.Sequential([layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="m")
    if kind == "built":
        return lib.Sequential([lib.Input((4,), name="in"), layers.Dense(3, name="a")], name="m")
    x = lib.Input((4,), name="in")
    if kind == "functional":
        shared = layers.Dense(4, activation="relu", name="shared")
        y = shared(shared(x))
        return lib.Model(x, [lib.ops.relu(y) + 1.0, layers.Dropout(0.5, name="d")(y)], name="m")
    if kind == "dicts":
        z = lib.Input((2,), name="other")
        y = layers.Concatenate(name="c")([x, z])
        return lib.Model({"x": x, "z": z}, {"y": layers.Dense(2, name="o")(y)}, name="m")
    inner = lib.Sequential([layers.Dense(3, name="deep")], name="inner")
    return lib.Model(x, layers.Dense(1, name="top")(inner(x)), name="m")


KINDS = ["sequential", "built", "functional", "dicts", "nested"]


@pytest.mark.parametrize("recursive", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_structure(kind, recursive):
    found = []
    for lib in LIBS:
        model = build(lib, kind)
        clone = lib.models.clone_model(model, recursive=recursive)
        found.append(
            (
                type(clone).__name__, clone.name, clone.built, [v.path for v in clone.weights],
                [layer.name for layer in clone.layers if layer.name[0] not in "ra"],
            )
        )  # fmt: skip
        assert clone is not model
        assert not {id(v) for v in clone.weights} & {id(v) for v in model.weights}
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_same_numbers_with_the_same_weights(kind):
    model = build(torchkeras, kind)
    clone = torchkeras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    data = {"x": x, "z": x[:, :2]} if kind == "dicts" else x
    assert_close(clone(data), model(data))


def test_new_weights_are_fresh():
    model = build(torchkeras, "built")
    clone = torchkeras.models.clone_model(model)
    assert not np.allclose(model.get_weights()[0], clone.get_weights()[0])


def test_functions():
    for lib in LIBS:
        model = build(lib, "functional")

        def call(layer, *args, lib=lib, **kwargs):
            out = layer(*args, **kwargs)
            return lib.layers.Dropout(0.5)(out) if isinstance(layer, lib.layers.Dense) else out

        clone = lib.models.clone_model(model, clone_function=lambda x: x, call_function=call)
        assert clone.get_layer("shared") is model.get_layer("shared")
        kinds = [type(layer).__name__ for layer in clone.layers]
        assert kinds.count("Dropout") == 3

        seen = []

        def again(layer, seen=seen):
            seen.append(layer.name)
            return type(layer).from_config(layer.get_config())

        nested = build(lib, "nested")
        lib.models.clone_model(nested, clone_function=again)
        lib.models.clone_model(nested, clone_function=again, recursive=True)
        assert [n for n in seen if n != "in"] == ["inner", "top", "deep", "top"]


def test_new_inputs():
    for lib in LIBS:
        for kind in ("built", "functional"):
            new = lib.Input((4,), name="new")
            clone = lib.models.clone_model(build(lib, kind), input_tensors=new)
            assert clone.inputs[0].name == "new"


def test_compiled_models_and_subclasses():
    class Mine(torchkeras.Model):
        def __init__(self, units=2):
            super().__init__()
            self.units = units
            self.dense = torchkeras.layers.Dense(units)

        def call(self, x):
            return self.dense(x)

        def get_config(self):
            return {"units": self.units}

    assert torchkeras.models.clone_model(Mine(3)).units == 3
    model = build(torchkeras, "functional")
    model.compile("adam", "mse")
    assert torchkeras.models.clone_model(model).compiled
    x = torchkeras.Input((2,))

    class Named(torchkeras.Model):
        pass

    assert type(torchkeras.models.clone_model(Named(x, x * 2.0))) is Named


def test_bad_arguments():
    clone, model = torchkeras.models.clone_model, build(torchkeras, "built")
    two = [torchkeras.Input((4,)), torchkeras.Input((4,))]
    with pytest.raises(ValueError, match="call_function is not for Sequential"):
        clone(model, call_function=lambda layer, *args: layer(*args))
    with pytest.raises(ValueError, match="must be one symbolic tensor"):
        clone(model, input_tensors=two)
    with pytest.raises(ValueError, match="unexpected arguments"):
        clone(model, wrong=1)
    with pytest.raises(ValueError, match="input_tensors must be 1 symbolic tensors"):
        clone(build(torchkeras, "functional"), input_tensors=two)
    with pytest.raises(TypeError, match="model must be a Model"):
        clone(3)
    mine = type("Mine", (torchkeras.Model,), {"call": lambda self, x: x})()
    with pytest.raises(ValueError, match="clone_function is for Sequential and functional"):
        clone(mine, clone_function=lambda layer: layer)
