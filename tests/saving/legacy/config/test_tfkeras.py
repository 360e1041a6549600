"""Configs that real tf.keras wrote, of all its layers: they compute here what they did there."""

import copy
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import torchkeras
from oracle import assert_close
from torchkeras.saving.legacy.config import modernize, modernize_training

GOLDEN = Path(__file__).parents[3] / "golden"


def rows(name):
    return [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]


LAYERS, TRAINING = rows("tfkeras_configs.jsonl"), rows("tfkeras_training.jsonl")
_seen: Counter = Counter()
IDS = [f"{r['class']}/{_seen.update([r['class']]) or _seen[r['class']]}" for r in LAYERS]


def values(shape, seed, positive=False):
    """The formula of make_tfkeras_configs.py."""
    x = np.sin(1.7 * np.arange(int(np.prod(shape))) + seed).reshape(shape).astype("float32")
    return np.abs(x) + 0.5 if positive else 0.5 * x


def inputs_of(row):
    arrays = []
    for i, shape in enumerate(row["shapes"]):
        x = values((2, *shape), 10 + i)
        high = row["high"]
        x = np.floor(np.abs(x) * 2 * high) if high else x
        arrays.append(x.astype(row["dtype"]))
    return arrays if len(arrays) > 1 else arrays[0]


def config_of(row):
    """The whole config of the functional model that the layer stood in."""
    sources = [
        {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": {
                "batch_input_shape": [None, *shape],
                "dtype": row["dtype"],
                "sparse": False,
                "ragged": False,
                "name": f"in{i}",
                "optional": False,
            },
            "registered_name": None,
            "name": f"in{i}",
            "inbound_nodes": [],
        }
        for i, shape in enumerate(row["shapes"])
    ]
    name = row["layer"]["name"]
    config = {
        "name": "model",
        "trainable": True,
        "layers": [*sources, row["layer"]],
        "input_layers": [[s["name"], 0, 0] for s in sources],
        "output_layers": [[name, 0, i] for i in range(len(row["outputs"]))],
    }
    return {"class_name": "Functional", "config": config, "keras_version": "2.15.0"}


def set_weights(model):
    new = []
    for i, w in enumerate(model.weights):
        if "seed" in w.path:
            continue
        floating = str(w.dtype).startswith("torch.float")
        new.append(values(tuple(w.shape), i, "variance" in w.name) if floating else w.numpy())
    targets = [w for w in model.weights if "seed" not in w.path]
    for w, value in zip(targets, new, strict=True):
        w.assign(value)


def from_json(config):
    return torchkeras.models.model_from_json(json.dumps(config))


def from_config(config):
    return torchkeras.Model.from_config(config["config"])


@pytest.mark.parametrize("make", [from_json, from_config])
@pytest.mark.parametrize("row", LAYERS, ids=IDS)
def test_a_layer_computes_what_it_did(row, make):
    model = make(config_of(row))
    set_weights(model)
    outputs = model(inputs_of(row), training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    assert len(outputs) == len(row["outputs"])
    for ours, theirs in zip(outputs, row["outputs"], strict=True):
        want = np.array(theirs["values"]).reshape(theirs["shape"])
        got = ours.detach().numpy()
        assert_close(got.astype("float64"), want, rtol=1e-5, atol=2e-6, what=row["class"])


@pytest.mark.parametrize("row", LAYERS, ids=IDS)
def test_the_arguments_are_those_of_the_layer(row):
    old = row["layer"]["config"]
    new = modernize(config_of(row))["config"]["layers"][-1]
    layer = torchkeras.layers.deserialize(new)
    written = json.loads(json.dumps(layer.get_config()))
    for key in set(old) & set(written) - {"dtype", "layer", "cell", "backward_layer", "renorm"}:
        value = new["config"].get(key, old[key])
        if isinstance(value, dict):
            assert written[key]["class_name"] == value["class_name"]
            parts = {k: v for k, v in value["config"].items() if k != "dtype"}
            assert all(written[key]["config"][k] == v for k, v in parts.items()), key
        elif value == "swish":
            assert written[key] == "silu"
        elif key == "factor":
            assert max(np.ravel(written[key])) == max(np.ravel(value))
        elif value is not None:
            assert np.array_equal(np.ravel(written[key]), np.ravel(value)), key


@pytest.mark.parametrize("keys", [("class_name", "config"), None], ids=["plain", "labelled"])
@pytest.mark.parametrize("row", LAYERS, ids=IDS)
def test_deserialize_tells_the_era_by_itself(row, keys):
    old = {k: v for k, v in row["layer"].items() if keys is None or k in keys}
    found = torchkeras.layers.deserialize(old).get_config()
    wanted = torchkeras.layers.deserialize(modernize(row["layer"], "2.15.0")).get_config()
    assert {**found, "seed": 0} == {**wanted, "seed": 0}  # one that was not given is drawn


@pytest.mark.parametrize("row", LAYERS, ids=IDS)
def test_twice_is_once(row):
    config = config_of(row)
    before = copy.deepcopy(config)
    once = modernize(config)
    assert config == before  # nothing is changed in place
    assert modernize(once) == once
    assert modernize(once, "2.15.0", "tensorflow") == once
    assert modernize(once, "3.15.1") is once


def test_all_layers_are_there():
    """Of the layers of tf.keras, these alone are in no row: they need data or a graph of TF."""
    known = {row["class"] for row in LAYERS}
    text = {"StringLookup", "TextVectorization", "Hashing", "HashedCrossing"}  # in other goldens
    text |= {"LSTMCell", "GRUCell", "SimpleRNNCell"}  # within RNN
    bases = {"Layer", "Wrapper", "AbstractRNNCell", "InputSpec", "StackedRNNCells"}
    rest = {"DenseFeatures", "Lambda", "InputLayer", "SpectralNormalization"}
    theirs = set((GOLDEN / "tfkeras_layers.txt").read_text().split())
    assert theirs - known - text - bases - rest == set()


@pytest.mark.parametrize("row", TRAINING, ids=range(len(TRAINING)))
def test_training_configs_compile(row):
    model = torchkeras.Sequential([torchkeras.Input((4,)), torchkeras.layers.Dense(3, "softmax")])
    before = copy.deepcopy(row)
    config = modernize_training(row, "2.15.0", "tensorflow")
    assert row == before
    model.compile_from_config(config)
    logs = model.train_on_batch(np.ones((2, 4)), np.eye(3)[:2], return_dict=True)
    assert np.isfinite(logs["loss"])
    optimizer = row["optimizer_config"]["config"]
    rate = optimizer["learning_rate"]
    if not isinstance(rate, dict):
        assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    for key in ("momentum", "beta_1", "rho", "epsilon", "amsgrad", "nesterov", "clipnorm"):
        if optimizer.get(key):
            assert getattr(model.optimizer, key) == pytest.approx(optimizer[key])
    for metric in (row["metrics"] or [[]])[0]:
        assert metric["config"]["name"] in logs
