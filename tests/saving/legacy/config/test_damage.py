"""Configs at random damaged: `modernize` gives a config or one of its own errors, nothing else."""

import copy
import json
import random
import warnings
from pathlib import Path

import pytest

from torchkeras.saving import ModelFileError
from torchkeras.saving.legacy.config import modernize, modernize_training

GOLDEN = Path(__file__).parents[3] / "golden"
JUNK = (None, True, -1, 0, 7, 1e9, 2**70, "", "x", "a/b", "relu", "Dense", [], {}, [[]], [None],
        ["in0", 0, 0], ["in0", 0, 0, {}], {"class_name": "Dense"}, {"class_name": 3, "config": 4},
        {"class_name": "Merge", "config": {"layers": [1]}}, {"name": "L1L2"}, [["in0", 0]],
        {"class_name": "Sequential", "config": {"layers": {}}}, b"x", (1, 2))  # fmt: skip


def layer(name, **config):
    return {"class_name": name, "config": {"name": name.lower(), **config}}


def keras_1():
    dense = layer("Dense", output_dim=3, init="he_normal", activation="relu", bias=True,
                  W_regularizer={"name": "L1L2Regularizer", "l1": 0.1, "l2": 0.0},
                  batch_input_shape=[None, 4], input_dtype="float32")  # fmt: skip
    lstm = layer("LSTM", output_dim=3, inner_init="orthogonal", inner_activation="hard_sigmoid",
                 forget_bias_init="one", input_dim=3, input_length=2)  # fmt: skip
    conv = layer("Convolution2D", nb_filter=2, nb_row=2, nb_col=2, border_mode="same",
                 dim_ordering="th", subsample=[1, 1])  # fmt: skip
    pad = layer("ZeroPadding2D", padding={"top_pad": 1}, dim_ordering="tf")
    code = layer("Lambda", function="f", function_type="function", output_shape=[3])
    up = layer("Deconvolution2D", nb_filter=2, nb_row=2, nb_col=2, output_shape=[None, 4, 4, 2])
    wrapped = layer("Bidirectional", layer=lstm, merge_mode="sum")
    branch = {"class_name": "Sequential", "config": [dense, layer("Dropout", p=0.5)]}
    merge = layer("Merge", mode="concat", concat_axis=1, dot_axes=[1, 1], layers=[branch, branch])
    return {"class_name": "Sequential", "keras_version": "1.2.2",
            "config": [merge, conv, pad, code, up, wrapped]}  # fmt: skip


ROWS = [json.loads(x) for x in (GOLDEN / "tfkeras_configs.jsonl").read_text().splitlines()]


def keras_2():
    wanted = ("LSTM", "Dense", "BatchNormalization", "MultiHeadAttention", "RNN")
    picked = [copy.deepcopy(r["layer"]) for r in ROWS if r["class"] in wanted]
    source = {"batch_input_shape": [None, 4], "dtype": "float32", "name": "in0"}
    layers = [{"class_name": "InputLayer", "name": n, "config": source, "inbound_nodes": []}
              for n in ("in0", "in1")]  # fmt: skip
    for i, entry in enumerate(picked):
        layers.append({**entry, "name": f"l{i}"})
    op = {"name": "op", "function": "math.add", "dtype": {"class_name": "Policy", "config": {}}}
    layers.append({"class_name": "TFOpLambda", "name": "op", "config": op,
                   "inbound_nodes": [["l1", 0, 0, {"y": ["l0", 0, 0]}]]})  # fmt: skip
    config = {"name": "m", "layers": layers, "input_layers": [["in0", 0, 0]],
              "output_layers": {"a": ["op", 0, 0]}}  # fmt: skip
    return {"class_name": "Functional", "config": config, "keras_version": "2.15.0",
            "compile_config": {"optimizer": "adam", "loss": "mse", "metrics": ["acc"]}}  # fmt: skip


def places(node, found, path=()):
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        found.append((node, key))
        if isinstance(value, (dict, list)):
            places(value, found, (*path, key))
    return found


def damage(config, rng):
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        holder, key = rng.choice(places(config, []))
        how = rng.randrange(4)
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, dict):
            holder[rng.choice(("layers", "name", "config", "class_name", "axis", 5))] = holder.pop(
                key
            )
        else:
            holder[key] = copy.deepcopy(rng.choice(JUNK))
        if not config:
            return config
    return config


def attempts(make, translate, count):
    refused = 0
    for seed in range(count):
        rng = random.Random(seed)
        config = damage(make(), rng)
        try:
            translate(config, rng)
        except ModelFileError:
            refused += 1
    return refused


@pytest.mark.parametrize("make", [keras_1, keras_2])
def test_models(make):
    def translate(config, rng):
        version = rng.choice((None, "1.2.2", "2.0.0", "2.15.0", b"2.3.1", 5, "x", "0.3"))
        modernize(config, version, rng.choice((None, "theano", 7)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert 30 < attempts(make, translate, 800) < 770


def test_training():
    rows = [json.loads(x) for x in (GOLDEN / "tfkeras_training.jsonl").read_text().splitlines()]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in rows[::4]:
            attempts(
                lambda row=row: copy.deepcopy(row), lambda c, r: modernize_training(c, "2.3.1"), 60
            )


@pytest.mark.parametrize("config", [None, 5, "x", b"", [], {}, [5], [[]], {"class_name": None}])
@pytest.mark.parametrize("version", ["1.2.2", "2.3.1"])
def test_no_config_at_all(config, version):
    try:
        modernize(config, version)
    except ModelFileError:
        return
    assert config == []


def test_nesting_without_end():
    config = inner = {}
    for _ in range(5000):
        inner["config"] = inner = {"class_name": "Sequential"}
    inner["config"] = []
    config["class_name"] = "Sequential"
    with pytest.raises(ModelFileError, match="nested too deep"):
        modernize(config, "2.3.1")
