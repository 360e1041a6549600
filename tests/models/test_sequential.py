import json
import re

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import normalise_config


def rows(k):
    yield k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="relu"), k.layers.Dense(2)])
    yield k.Sequential([k.layers.Dense(3), k.layers.Dense(2)])
    model = k.Sequential(name="grown")
    model.add(k.Input((4,)))
    model.add(k.layers.Dense(3))
    model.add(k.Sequential([k.layers.Dense(2), k.layers.Activation("tanh")]))
    yield model
    yield k.Sequential([k.Sequential([k.Input((4,)), k.layers.Dense(2)]), k.layers.Dense(1)])


@pytest.mark.parametrize("i", range(4))
def test_like_keras(i):
    ours, theirs = list(rows(keras))[i], list(rows(reference))[i]
    assert ours.built == theirs.built
    x = np.random.default_rng(0).random((5, 4)).astype("float32")
    ours(x), theirs(x)
    assert [x.name for x in ours.layers] == [x.name for x in theirs.layers]
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )
    got, want = (json.loads(json.dumps(m.get_config(), default=str)) for m in (ours, theirs))
    if theirs.inputs[0].shape[0] is None:  # Keras fixes the batch of a model built by a call
        assert normalise_config(got) == normalise_config(want)
    again = keras.Sequential.from_config(want)
    again.set_weights(ours.get_weights())
    torch.testing.assert_close(again(x), ours(x))


def test_add_and_pop():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    popped = model.pop()
    assert popped.units == 2
    assert model.output_shape == (None, 3)
    model.add(keras.layers.Dense(5))
    assert model.output_shape == (None, 5)


def test_input_shape_argument_builds():
    model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])
    assert model.built
    assert model.input_shape == (None, 3)


def test_torch_modules_are_layers(tmp_path):
    model = keras.Sequential(
        [keras.Input((4,)), torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(),
         keras.layers.Dense(1)]
    )  # fmt: skip
    assert len(model.trainable_weights) == 6
    model.compile("sgd", "mse")
    before = [w.copy() for w in model.get_weights()]
    x = np.random.default_rng(0).random((16, 4)).astype("float32")
    model.fit(x, x[:, :1], verbose=0)
    after = model.get_weights()
    changed = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert changed == [True, False] + [True] * 7  # a bias before a normalisation has no gradient
    linear, norm = model.layers[0].module, model.layers[1].module
    assert not norm.training  # back to inference after fit
    assert float(norm.num_batches_tracked) == 1
    np.testing.assert_array_equal(linear.weight.detach().numpy(), after[0])


def test_errors():
    model = keras.Sequential([keras.layers.Dense(1, name="x")])
    with pytest.raises(ValueError, match="unique names"):
        model.add(keras.layers.Dense(1, name="x"))
    with pytest.raises(ValueError, match=r"keras.Layer or torch.nn.Module"):
        model.add(3)
    with pytest.raises(ValueError, match="has no layers"):
        keras.Sequential().build((None, 1))


@pytest.mark.parametrize(
    ("layers", "shape", "name"),
    [
        (["Dense"], (2, 5), "dense"),
        (["ReLU", "Dense"], (2, 5), "dense"),
        (["Flatten", "Dense"], (2, 1), "dense"),
        (["Dense", "ReLU"], (2, 4, 2), "sq"),
        (["Dense"], (4,), "sq"),
    ],
    ids=str,
)
@pytest.mark.parametrize("when", ["call", "predict", "deferred"])
def test_wrong_shapes_name_the_layer_that_they_do_not_fit(layers, shape, name, when):
    """As real Keras, whose words are the same but for the rank."""
    for k in (keras, reference):
        args = {"Dense": (3,)}
        row = [getattr(k.layers, n)(*args.get(n, ()), name=n.lower()) for n in layers]
        model = k.Sequential(row if when == "deferred" else [k.Input((4,)), *row], name="sq")
        model(np.ones((1, 4), "float32"))
        words = rf"layer '{name}'.*value 4.*{re.escape(str(shape))}"
        if name == "sq":
            words = "expected ndim=2" if k is keras else "Invalid input shape"
        if when == "deferred" and name == "sq" and shape == (4,):
            continue  # the layer's own complaint
        call = model.predict if when == "predict" and len(shape) > 1 else model
        with pytest.raises(ValueError, match=f"(?s){words}"):
            call(np.ones(shape, "float32"))


def test_other_sizes_are_for_the_layers_to_take():
    for k in (keras, reference):
        model = k.Sequential([k.Input((4,)), k.layers.ReLU()])
        assert tuple(model(np.ones((2, 7), "float32")).shape) == (2, 7)
        assert tuple(model(np.ones((2, 4, 1), "float32")).shape) == (2, 4)
