"""Parameters that functions of a functional model are called with are weights of the model."""

import copy
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import torchkeras as keras

X = np.random.default_rng(0).normal(size=(16, 8)).astype("float32")
Y = np.random.default_rng(1).normal(size=(16, 8)).astype("float32")


def model_of():
    x = keras.Input((8,))
    w = nn.Parameter(torch.randn(4, 8))
    b = keras.Variable(np.ones(4, "float32"))
    frozen = nn.Parameter(torch.ones(4), requires_grad=False)
    tied = keras.layers.Dense(8, name="tied")
    h = F.linear(x, w) + b
    h = keras.layers.Dense(4, name="d")(h * frozen)
    h = tied(keras.ops.matmul(h, w))  # the same one again
    return keras.Model(x, keras.ops.matmul(h, tied.kernel)), w


NAMES = ["captured_0", "captured_1", "captured_2", "d.kernel", "d.bias", "tied.kernel", "tied.bias"]


def test_they_are_weights_and_trained():
    model, w = model_of()
    assert [n for n, _ in model.named_parameters()] == NAMES == list(model.state_dict())
    assert len(model.weights) == 7 and len(model.trainable_weights) == 6
    assert any(v is w for v in model.trainable_weights)
    before = [v.detach().clone() for v in model.weights]
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    changed = [not torch.equal(a, b) for a, b in zip(model.weights, before, strict=True)]
    assert changed.count(False) == 1 and len(changed) == 7
    model.trainable = False
    assert not model.trainable_weights


def test_they_are_saved(tmp_path):
    model, _ = model_of()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    want = model.predict(X, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", strict=True)
    assert [n for n, _ in again.named_parameters()] == NAMES
    np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-6)
    assert len(again.trainable_weights) == 6 and len(again.optimizer.variables) == 2 + 2 * 6
    assert again.get_layer("tied").kernel is again.weights[-2]  # still tied
    model.save_weights(tmp_path / "m.weights.h5")
    for p in again.parameters():
        p.data.zero_()
    again.load_weights(tmp_path / "m.weights.h5", strict=True)
    np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-6)
    first, second = (m.fit(X, Y, shuffle=False, verbose=0).history for m in (model, again))
    np.testing.assert_allclose(first["loss"], second["loss"], 1e-5)


def test_copies_and_configs():
    model, w = model_of()
    twin = copy.deepcopy(model)
    assert all(v is not w for v in twin.weights) and len(twin.weights) == 7
    np.testing.assert_allclose(twin.predict(X, verbose=0), model.predict(X, verbose=0), 1e-6)
    twin.compile("sgd", "mse")
    before = w.detach().clone()
    twin.fit(X, Y, verbose=0)
    assert torch.equal(w, before)
    text = json.dumps(model.get_config())
    assert len(text) < 12_000 and '"__parameter__"' in text  # shapes, no values
    fresh = keras.Model.from_config(json.loads(text))
    assert [tuple(v.shape) for v in fresh.weights] == [tuple(v.shape) for v in model.weights]
    assert fresh.weights[0].std() > 0


def test_within_a_nested_model(tmp_path):
    inner, w = model_of()
    x = keras.Input((8,))
    model = keras.Model(x, keras.layers.Dense(1)(inner(x)))
    assert any(v is w for v in model.weights)
    want = model.predict(X, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", strict=True)
    np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-6)


def test_what_is_computed_from_weights_is_not_stored_as_a_constant(tmp_path):
    x = keras.Input((8,))
    dense = keras.layers.Dense(4)
    h = dense(x)
    model = keras.Model(x, keras.ops.matmul(h, dense.kernel.T))
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match=r"\(4, 8\) that was computed from weights"):
        model.save(tmp_path / "m.keras")
    constant = keras.Model(x, x * torch.full((8,), 2.0))
    constant.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.predict(X, verbose=0), 2 * X)


def test_a_view_of_a_weight_is_trained_with_it():
    w = torch.nn.Parameter(torch.randn(8, 3))
    x = keras.Input((8,))
    model = keras.Model(x, keras.layers.Dense(1)(F.linear(x, w.T)))
    assert any(v is w for v in model.trainable_weights)
    model.compile("sgd", "mse")
    before = w.detach().clone()
    model.fit(X, Y[:, :1], batch_size=2, epochs=2, verbose=0)
    assert not torch.equal(before, w)


def test_what_training_could_not_reach_is_refused():
    w = torch.nn.Parameter(torch.randn(3, 8))
    x = keras.Input((8,))
    with pytest.raises(ValueError, match=r"shape \(3, 8\) that was computed from weights"):
        keras.Model(x, F.linear(x, w * 2))
    model = keras.Model(x, F.linear(x, (w * 2).detach()))
    assert model.weights == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"index": -1}, "without an index"),
        ({"index": "0"}, "without an index"),
        ({"layer": "nosuch", "index": 0}, "no layer 'nosuch'"),
        ({"layer": "d", "index": 9}, "missing or form a circle"),
    ],
)
def test_malformed_configs(change, words):
    model, _ = model_of()
    config = json.loads(json.dumps(model.get_config()))
    for layer in config["layers"]:
        for node in layer["inbound_nodes"]:
            for x in node["args"]:
                if isinstance(x, dict) and x.get("class_name") == "__parameter__":
                    x["config"] = {**x["config"], **change}
    with pytest.raises(ValueError, match=words):
        keras.Model.from_config(config)
