"""Real files of tf.keras (see tests/golden/make_h5_models.py) predict and train on as there."""

import base64
import json
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close
from torchkeras.saving.legacy.order import parts_of
from torchkeras.saving.legacy.weights import Origin

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/h5_models.json").read_text())
STEPS = 3

# What trains otherwise in Keras 3 too, so that it cannot go on as it did.
OTHER_TRAINING = {
    "time_distributed": "its BatchNormalization sees one time step after the other",
    "nadam": "tf.keras multiplies its schedule once for several weights",
    "old_nadam": "its schedule was slower",
}


def data(shape, seed=0):
    return np.sin(np.arange(np.prod(shape)) * 0.7 + seed).reshape(shape).astype("float32")


def inputs(name, shape):
    if isinstance(shape[0], list):
        return [data((4, *s), i) for i, s in enumerate(shape)]
    x = data((4, *shape))
    return (np.abs(x) * 8.9).astype("int32") if name == "lstm" else x


def unpack(text):
    return zlib.decompress(base64.b64decode(text))


def predict(model, x):
    outputs = model.predict(x, verbose=0)
    return outputs if isinstance(outputs, list) else [outputs]


def recorded(values):
    return [np.asarray(v, "float32") for v in values]


CASES = [(kind, name) for kind in ("models", "optimizers") for name in GOLDEN[kind]]


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[name for _, name in CASES])
def test_model_of_tf_keras(kind, name, tmp_path):
    entry = GOLDEN[kind][name]
    path = tmp_path / "m.h5"
    path.write_bytes(unpack(entry["file"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = torchkeras.saving.load_model(path, strict=True, require_optimizer=True)
    x = inputs(name, entry["shape"])
    first = predict(model, x)
    assert_close(first, recorded(entry["predicts"]))
    y = [data(o.shape, 5) for o in first]
    losses = [model.train_on_batch(x, y[0] if len(y) == 1 else y) for _ in range(STEPS)]
    if name in OTHER_TRAINING:
        return
    total = [np.float32(row[0]) for row in entry["losses"]]
    assert_close([np.float32(row[0]) for row in losses], total, rtol=1e-4)
    assert_close(predict(model, x), recorded(entry["then"]), rtol=1e-4, atol=1e-5)


def zeroed(model):
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])


@pytest.mark.parametrize("name", [n for n, e in GOLDEN["models"].items() if "weights" in e])
@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".weights.h5"])
def test_weights_of_tf_keras(name, suffix, tmp_path):
    """Files of weights alone, by order and by name; old scripts gave them any of these names."""
    entry = GOLDEN["models"][name]
    (tmp_path / "m.h5").write_bytes(unpack(entry["file"]))
    model = torchkeras.saving.load_model(tmp_path / "m.h5")
    path = tmp_path / f"w{suffix}"
    path.write_bytes(unpack(entry["weights"]))
    x = inputs(name, entry["shape"])
    for options in ({}, {"by_name": True}, {"strict": True}):
        zeroed(model)
        model.load_weights(path, **options)
        assert_close(predict(model, x), recorded(entry["predicts"]))
    zeroed(model)
    model.load_weights(tmp_path / "m.h5")  # those of a whole model's file
    assert_close(predict(model, x), recorded(entry["predicts"]))


def test_freezing_after_saving_does_not_mix_weights_up(tmp_path):
    """Frozen weights stand elsewhere in the list; the names tell what is what."""
    entry = GOLDEN["models"]["nested"]
    (tmp_path / "m.h5").write_bytes(unpack(entry["file"]))
    (tmp_path / "w.h5").write_bytes(unpack(entry["weights"]))
    model = torchkeras.saving.load_model(tmp_path / "m.h5")
    x = inputs("nested", entry["shape"])
    row = model.get_layer("row")
    for freeze in (row, row.layers[0], row.layers[1]):
        row.trainable = True
        freeze.trainable = False
        zeroed(model)
        model.load_weights(tmp_path / "w.h5")
        assert_close(predict(model, x), recorded(entry["predicts"]))


def layers():
    L = torchkeras.layers
    first = {"data_format": "channels_first"}
    return {
        "conv1d": L.Conv1D(2, 3),
        "conv1d before 1.1": L.Conv1D(2, 3),
        "conv2d": L.Conv2D(2, 3),
        "conv2d th": L.Conv2D(2, 3, **first),
        "conv3d th": L.Conv3D(2, (2, 3, 1), **first),
        "conv2d transpose": L.Conv2DTranspose(2, 3),
        "conv2d transpose th": L.Conv2DTranspose(2, 3, **first),
        "lstm": L.LSTM(2),
        "gru": L.GRU(2, reset_after=False),
        "conv lstm": L.ConvLSTM2D(2, 3),
        "bidirectional lstm": L.Bidirectional(L.LSTM(2)),
        "cudnn lstm": L.LSTM(2),
        "cudnn gru": L.GRU(2, reset_after=True),
        "bidirectional cudnn lstm": L.Bidirectional(L.LSTM(2)),
    }


INPUTS = {
    "conv1d": (None, 5, 4), "conv1d before 1.1": (None, 5, 4), "conv2d": (None, 5, 5, 4),
    "conv2d th": (None, 4, 5, 5), "conv3d th": (None, 4, 5, 5, 5),
    "conv2d transpose": (None, 5, 5, 4), "conv2d transpose th": (None, 4, 5, 5),
    "conv lstm": (None, 2, 5, 5, 4),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN["weights_as_now"])
def test_weights_become_what_keras_2_makes_of_them(name):
    case = GOLDEN["weights_as_now"][name]
    layer = layers()[name]
    layer.build(INPUTS.get(name, (None, 5, 3)))
    shapes = [tuple(s) for s in case["shapes"]]
    given = [torch.as_tensor(data(s, i)) for i, s in enumerate(shapes)]
    origin = Origin(int(case["version"][0]), "tensorflow")
    parts = parts_of(layer, [""] * len(shapes), shapes, origin)
    made = [m for p in parts for m in p.convert([given[i] for i in p.arrays], origin)]
    assert [tuple(m.shape) for m in made] == [tuple(v.shape) for p in parts for v in p.variables]
    assert_close(made, recorded(case["made"]))
