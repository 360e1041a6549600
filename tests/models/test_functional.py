import copy
import gc
import json
import pickle
import random
import re
import weakref

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import normalise_config


def both(build):
    """Build a model with each library, with the same weights."""
    ours, theirs = build(keras), build(reference)
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
    return ours, theirs


def assert_same_outputs(ours, theirs, data, rtol=1e-5):
    got, want = ours.predict(data, verbose=0), theirs.predict(data, verbose=0)
    if not isinstance(want, (list, dict)):
        got, want = [got], [want]
    if isinstance(want, dict):
        assert set(got) == set(want)
        got, want = [got[k] for k in want], list(want.values())
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6)


def shared(k):
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    dense = k.layers.Dense(3, activation="tanh", name="shared")
    x = k.layers.Concatenate()([dense(a), dense(b)])
    return k.Model([a, b], [k.layers.Dense(1, name="p")(x), k.layers.Dense(2, name="q")(x)])


def dicts(k):
    ins = {n: k.Input((2,), name=n) for n in ("right", "left")}
    x = k.layers.Add()([ins["left"], ins["right"]])
    return k.Model(ins, {"sum": x, "out": k.layers.Dense(2)(x)})


def nested(k):
    inner_in = k.Input((3,))
    inner = k.Model(inner_in, k.layers.Dense(3, activation="relu")(inner_in), name="inner")
    row = k.Sequential([k.layers.Dense(4), k.layers.Dense(3)], name="row")
    x = k.Input((3,))
    return k.Model(x, k.layers.Dense(1)(inner(row(inner(x)))))


def residual(k):
    x = i = k.Input((6,))
    for _ in range(3):
        h = k.layers.Dense(6, activation="relu")(x)
        x = k.layers.Add()([x, k.layers.Dense(6)(h)])
    return k.Model(i, x)


def operators(k):
    a, b = k.Input((3,)), k.Input((3,))
    x = (a + 2 * b) / 3 - k.ops.exp(a) @ k.ops.transpose(k.ops.ones((3, 3)))
    return k.Model([a, b], k.layers.Dense(2)(k.ops.concatenate([x, k.ops.relu(b)], axis=-1)))


MODELS = [shared, dicts, nested, residual, operators]


def data_for(model, n=5):
    rng = np.random.default_rng(0)
    struct = model.input
    make = lambda t: rng.random((n, *t.shape[1:])).astype("float32")  # noqa: E731
    if isinstance(struct, dict):
        return {k: make(t) for k, t in struct.items()}
    return [make(t) for t in struct] if isinstance(struct, list) else make(struct)


@pytest.mark.parametrize("build", MODELS, ids=lambda f: f.__name__)
def test_outputs_weights_and_shapes_like_keras(build):
    ours, theirs = both(build)
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    assert [x.name for x in ours.layers] == [x.name for x in theirs.layers]
    assert ours.output_names == theirs.output_names
    assert ours.output_shape == theirs.output_shape
    assert ours.count_params() == theirs.count_params()
    assert_same_outputs(ours, theirs, data_for(ours))


@pytest.mark.parametrize("build", MODELS, ids=lambda f: f.__name__)
def test_configs_like_keras_and_exchange(build):
    ours, theirs = both(build)
    got, want = (json.loads(json.dumps(m.get_config(), default=str)) for m in (ours, theirs))
    assert normalise_config(got) == normalise_config(want)
    data = data_for(ours)
    for config in (got, want):
        again = keras.Model.from_config(config)
        again.set_weights(ours.get_weights())
        assert_same_outputs(again, theirs, data)
    back = reference.models.model_from_json(ours.to_json())
    back.set_weights(theirs.get_weights())
    assert_same_outputs(ours, back, data)


@pytest.mark.parametrize("seed", range(25))
def test_order_of_layers_in_random_graphs(seed):
    def build(k):
        rng = random.Random(seed)
        inputs = [k.Input((4,)) for _ in range(rng.randint(1, 3))]
        dense = [k.layers.Dense(4) for _ in range(4)]
        tensors = list(inputs)
        for _ in range(rng.randint(4, 12)):
            kind = rng.random()
            if kind < 0.5:
                tensors.append(rng.choice(dense)(rng.choice(tensors)))
            elif kind < 0.8:
                tensors.append(k.layers.Add()([rng.choice(tensors), rng.choice(tensors)]))
            else:
                tensors.append(rng.choice(tensors) * rng.choice(tensors))
        outputs = rng.sample(tensors[len(inputs) :], 2)
        try:
            return k.Model(inputs, outputs)
        except ValueError:
            return None

    ours, theirs = build(keras), build(reference)
    assert (ours is None) == (theirs is None)
    if ours is None:
        return
    names = [o.name for o in ours.operations]
    assert names == [o.name for o in theirs.operations]
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]


def test_intermediate_models_share_layers():
    model = residual(keras)
    part = keras.Model(model.inputs, model.get_layer("dense_1").output)
    assert part.get_layer("dense_1") is model.get_layer("dense_1")
    assert part.predict(np.ones((2, 6)), verbose=0).shape == (2, 6)
    # from a tensor inside: an Input takes the place of what comes before
    tail = keras.Model(model.get_layer("add").output, model.output)
    assert type(tail.layers[0]).__name__ == "InputLayer"
    x = np.random.default_rng(0).random((2, 6)).astype("float32")
    head = keras.Model(model.input, model.get_layer("add").output)
    torch.testing.assert_close(tail(head(x)), model(x))


def test_inputs_in_every_form():
    model = shared(keras)
    a, b = np.ones((2, 4), "float32"), np.zeros((2, 4), "float32")
    want = model([a, b])
    for given in ((a, b), {"a": a, "b": b}, {"b": b, "a": a, "more": a}):
        for x, y in zip(model(given), want, strict=True):
            torch.testing.assert_close(x, y)
    with pytest.raises(ValueError, match=r"Missing: \['b'\]"):
        model({"a": a})
    with pytest.raises(ValueError, match=r"expects 2 input\(s\)"):
        model([a])


@pytest.mark.parametrize("shape", [(2, 5), (4,), (2, 4, 4)])
def test_wrong_shapes_name_the_layer_and_both_shapes(shape):
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Dense(1)(x), name="thing")
    with pytest.raises(ValueError, match=rf"'thing'.*expected.*{re.escape(str(shape))}"):
        model(np.zeros(shape))


def test_ranks_are_adjusted_like_keras():
    def build(k):
        x = k.Input((1,))
        return k.Model(x, k.layers.Dense(2)(x))

    ours, theirs = both(build)
    for x in (np.ones(3, "float32"), np.ones((3, 1), "float32"), np.ones((3, 1, 1), "float32")):
        np.testing.assert_allclose(ours(x).detach(), theirs(x).detach(), rtol=1e-5)


def test_errors_of_construction():
    a, b = keras.Input((3,)), keras.Input((3,))
    with pytest.raises(ValueError, match="not connected to the inputs"):
        keras.Model(a, keras.layers.Dense(1)(b))
    with pytest.raises(ValueError, match="must be KerasTensors"):
        keras.Model(a, np.zeros(3))
    with pytest.raises(ValueError, match=r"No such layer: zz\. Existing layers are"):
        keras.Model(a, keras.layers.Dense(1)(a)).get_layer("zz")
    with pytest.raises(ValueError, match="either a layer name or an index"):
        keras.Model(a, keras.layers.Dense(1)(a)).get_layer()


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_copies_are_whole_and_separate(how):
    model = shared(keras)
    model.compile("adam", "mse")
    data = data_for(model)
    other = copy.deepcopy(model) if how == "deepcopy" else pickle.loads(pickle.dumps(model))
    for x, y in zip(model(data), other(data), strict=True):
        torch.testing.assert_close(x, y)
    other.layers[-1].kernel.assign_add(1.0)
    assert not torch.equal(other.layers[-1].kernel, model.layers[-1].kernel)
    other.fit(data, [np.zeros((5, 1)), np.zeros((5, 2))], verbose=0)


def test_state_dict_has_readable_names(tmp_path):
    model = nested(keras)
    names = list(model.state_dict())
    assert "inner.dense.kernel" in names
    assert "row.dense_1.bias" in names
    torch.save(model.state_dict(), tmp_path / "m.pt")
    other = nested(keras)
    state = torch.load(tmp_path / "m.pt", weights_only=True)
    fresh = dict(zip(other.state_dict(), state.values(), strict=True))
    other.load_state_dict(fresh)
    x = np.ones((2, 3), "float32")
    torch.testing.assert_close(other(x), model(x))


def test_a_model_is_freed_by_del_alone():
    gc.collect()
    gc.disable()
    try:
        model = residual(keras)
        model.compile("adam", "mse", metrics=["mae"])
        x = np.ones((8, 6), "float32")
        model.fit(x, x, epochs=2, verbose=0, validation_split=0.5)
        model.evaluate(x, x, verbose=0)
        model.predict(x, verbose=0)
        refs = [weakref.ref(model), *(weakref.ref(v) for v in model.weights)]
        del model
        assert [r() for r in refs] == [None] * len(refs)
    finally:
        gc.enable()


def test_masks_pass_through():
    def build(k):
        x = k.Input((5,), dtype="int32")
        h = k.layers.Embedding(10, 4, mask_zero=True)(x)
        return k.Model(x, k.layers.GlobalAveragePooling1D()(k.layers.Dense(3)(h)))

    ours, theirs = both(build)
    x = np.array([[1, 2, 0, 0, 0], [3, 0, 0, 0, 0]])
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )
