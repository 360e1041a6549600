"""Functions of TensorFlow in functional models: which ops they become, and what is refused."""

import json

import numpy as np
import pytest

import torchkeras
from oracle import assert_close
from torchkeras.core.registry import OPS
from torchkeras.saving import ModelFileError
from torchkeras.saving.legacy.config import tf_ops

X = np.linspace(-2, 2, 24, dtype="float32").reshape(2, 3, 4)
Y = np.linspace(1, 3, 24, dtype="float32").reshape(2, 3, 4)
REF = ["y", 0, 0]
ALL = {"start": None, "stop": None, "step": None}


def model(*nodes, function=None, kind="TFOpLambda"):
    layers = [
        {"class_name": "InputLayer", "name": n, "inbound_nodes": [], "config": {
            "batch_input_shape": [None, 3, 4], "dtype": "float32", "name": n}}
        for n in "xy"
    ]  # fmt: skip
    inner = {"name": "tf.op", "trainable": True, "dtype": "float32", "function": function}
    layers.append(
        {"class_name": kind, "name": "tf.op", "inbound_nodes": list(nodes), "config": inner}
    )
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0], REF],
              "output_layers": [["tf.op", 0, 0]]}  # fmt: skip
    config = {"class_name": "Functional", "config": config, "keras_version": "2.15.0"}
    return torchkeras.models.model_from_json(json.dumps(config))


def softmax(x):
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


CASES = [
    ("math.add", {"y": 2, "name": None}, X + 2),
    ("__operators__.add", {"y": REF}, X + Y),
    ("math.truediv", {"y": REF}, X / Y),
    ("math.floordiv", {"y": 2.0}, X // 2),
    ("compat.v1.floor_div", {"y": 2.0}, X // 2),
    ("math.pow", {"y": 2}, X**2),
    ("math.maximum", {"y": REF}, np.maximum(X, Y)),
    ("math.greater", {"y": 0.0}, X > 0),
    ("math.reduce_sum", {"axis": [1, 2]}, X.sum((1, 2))),
    ("math.reduce_mean", {"axis": -1, "keepdims": True}, X.mean(-1, keepdims=True)),
    ("math.reduce_std", {"axis": 1}, X.std(1)),
    ("math.reduce_logsumexp", {"axis": -1}, np.log(np.exp(X).sum(-1))),
    ("math.abs", {"name": None}, np.abs(X)),
    ("math.square", {}, X**2),
    ("math.cumsum", {"axis": 1}, X.cumsum(1)),
    ("math.argmax", {"axis": -1, "output_type": "int64"}, X.argmax(-1)),
    ("math.l2_normalize", {"axis": -1}, X / np.linalg.norm(X, axis=-1, keepdims=True)),
    ("nn.relu", {}, np.maximum(X, 0)),
    ("nn.softmax", {}, softmax(X)),
    ("nn.leaky_relu", {"alpha": 0.5}, np.where(X > 0, X, 0.5 * X)),
    ("nn.elu", {}, np.where(X > 0, X, np.exp(X) - 1)),
    ("linalg.matmul", {"b": [[1.0], [0.0], [2.0], [1.0]]}, X @ [[1.0], [0.0], [2.0], [1.0]]),
    ("reshape", {"shape": [-1, 2, 6]}, X.reshape(-1, 2, 6)),
    ("transpose", {"perm": [0, 2, 1]}, X.transpose(0, 2, 1)),
    ("expand_dims", {"axis": 1}, X[:, None]),
    ("cast", {"dtype": "int32"}, X.astype("int32")),
    ("clip_by_value", {"clip_value_min": -1, "clip_value_max": 1.0}, X.clip(-1, 1)),
    ("tile", {"multiples": [1, 2, 1]}, np.tile(X, (1, 2, 1))),
    ("repeat", {"repeats": 2, "axis": 1}, X.repeat(2, 1)),
    ("reverse", {"axis": [1]}, X[:, ::-1]),
    ("split", {"num_or_size_splits": [1, 3], "axis": -1}, X[..., :1]),
    ("split", {"num_or_size_splits": 2, "axis": 2}, X[..., :2]),
    ("where", {"x": REF, "y": 0.0}, np.where(X != 0, Y, 0.0)),
    ("gather", {"indices": [2, 0], "axis": 1}, X[:, [2, 0]]),
    ("pad", {"paddings": [[0, 0], [1, 0], [0, 2]], "mode": "CONSTANT", "constant_values": 0},
     np.pad(X, [(0, 0), (1, 0), (0, 2)])),
    ("pad", {"paddings": [[0, 0], [1, 0], [0, 2]], "constant_values": 3.0},
     np.pad(X, [(0, 0), (1, 0), (0, 2)], constant_values=3)),
    ("identity", {}, X),
    ("stop_gradient", {}, X),
    ("zeros_like", {}, X * 0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "keywords", "want"), CASES, ids=str)
def test_values(name, keywords, want):
    made = model(["x", 0, 0, keywords], function=name)
    got = made([X, Y])
    assert_close(got.detach().numpy().astype("float64"), np.asarray(want, "float64"), rtol=2e-6)
    again = torchkeras.models.model_from_json(made.to_json())
    assert_close(again([X, Y]), got)


def test_lists_and_constants():
    got = model([["x", 0, 0, {"axis": 1}], ["y", 0, 0, {"axis": 1}]], function="concat")([X, Y])
    assert_close(got, np.concatenate([X, Y], 1))
    got = model([["x", 0, 0, {"axis": 1}], ["y", 0, 0, {"axis": 1}]], function="stack")([X, Y])
    assert_close(got, np.stack([X, Y], 1))
    one_less = ["_CONSTANT_VALUE", -1, 1.0, {"y": ["x", 0, 0]}]
    assert_close(model(one_less, function="math.subtract")([X, Y]), 1 - X)


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        ([ALL, {"start": 1, "stop": 3, "step": 1}], X[:, 1:3]),
        ([{"class_name": "__ellipsis__", "value": "..."}, 0], X[..., 0]),
        ([ALL, None], X[:, None]),
        ({"start": 0, "stop": 1, "step": None}, X[0:1]),
    ],
)  # fmt: skip
def test_slices(spec, want):
    made = model(["x", 0, 0, {"slice_spec": spec}], kind="SlicingOpLambda")
    assert_close(made([X, Y]), want)


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("io.read_file", {}, r"the function tf.io.read_file has no op here"),
        (None, {}, "function must be a name"),
        ("linalg.matmul", {"b": REF, "transpose_b": True}, "transpose_b=True has no op"),
        ("math.add", {"y": 1, "z": 2}, r"no op with the arguments \['z'\]"),
        ("gather", {"indices": [0], "batch_dims": 1}, "batch_dims=1 has no op"),
    ],
)
def test_refused(name, keywords, message):
    with pytest.raises(ModelFileError, match=message) as e:
        model(["x", 0, 0, keywords], function=name)
    assert e.value.where.startswith("config.layers[2]")


def test_the_table_names_ops_that_exist():
    names = {op.name for op in tf_ops.OPS.values() if op.module.startswith("keras.src.ops")}
    assert names <= set(OPS.names)
