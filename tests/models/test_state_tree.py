"""All variables of a model and its training as nested dicts, as real Keras gives them."""

import keras as reference
import numpy as np
import pytest

import torchkeras

LIBS = pytest.mark.parametrize("lib", [torchkeras, reference], ids=["ours", "keras"])
X = np.ones((2, 2), "float32")


def trained(lib):
    dense = lib.layers.Dense(1, kernel_initializer="ones", name="d")
    rows = [lib.Input((2,)), dense, lib.layers.BatchNormalization(name="b")]
    model = lib.Sequential(rows, name="s")
    model.compile(lib.optimizers.Adam(name="adam"), "mse", metrics=["mae"])
    model.fit(X, X[:, :1], verbose=0)
    return model


def flat(tree, path=()):
    if not isinstance(tree, dict):
        return {"/".join(path): tree}
    return {k: v for name, part in tree.items() for k, v in flat(part, (*path, name)).items()}


def test_same_tree():
    ours, theirs = (
        flat(trained(lib).get_state_tree("numpy_array")) for lib in (torchkeras, reference)
    )
    assert ours.keys() == theirs.keys()
    for path, value in theirs.items():
        np.testing.assert_allclose(ours[path], value, atol=1e-6, err_msg=path)
        assert ours[path].dtype == value.dtype


@LIBS
def test_set(lib):
    model = trained(lib)
    tree = model.get_state_tree("numpy_array")
    tree["trainable_variables"]["s"]["d"]["kernel"] += 1
    tree["optimizer_variables"]["adam"]["learning_rate"] = 0.25
    model.set_state_tree(tree)
    assert model.get_weights()[0].tolist() == [[2], [2]]
    assert float(model.optimizer.learning_rate) == 0.25
    model.set_state_tree({"trainable_variables": {"s": {"d": {"kernel": [[3.0], [3.0]]}}}})
    assert model.get_state_tree()["trainable_variables"]["s"]["d"]["kernel"].tolist() == [[3], [3]]
    for wrong in ({"foo": {}}, {"trainable_variables": {"s": {"d": {"kernel": [1.0]}}}}):
        with pytest.raises(ValueError, match=r"foo|shape"):
            model.set_state_tree(wrong)
    with pytest.raises(ValueError, match="value_format"):
        model.get_state_tree("list")


@LIBS
def test_paths_must_differ(lib):
    class Twice(lib.layers.Layer):
        def build(self, shape):
            self.a, self.b = (self.add_weight(shape=(1,), name="w") for _ in range(2))

        def call(self, x):
            return x

    model = lib.Sequential([lib.Input((2,)), Twice()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="twice"):
        model.get_state_tree()


@LIBS
def test_unknown_argument_of_quantize(lib):
    with pytest.raises(ValueError, match="foo"):
        trained(lib).quantize("int8", foo=1)


def test_config_of_a_subclass_with_arguments_of_its_own():
    class Scaled(torchkeras.Model):
        def __init__(self, *args, factor=1, **kwargs):
            super().__init__(*args, **kwargs)
            self.factor = factor

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    x = torchkeras.Input((2,))
    model = Scaled(inputs=x, outputs=torchkeras.layers.Dense(1)(x), factor=3)
    again = Scaled.from_config(model.get_config())
    assert (type(again), again.factor, again.count_params()) == (Scaled, 3, 3)
