"""`.keras` files that real tf.keras wrote, models and optimizers: training goes on as it did."""

import io
import json
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from saving.damage import rezip

import torchkeras
from oracle import assert_close
from torchkeras.saving import ModelFileError

GOLDEN = Path(__file__).parents[2] / "golden"
TRAINED = json.loads((GOLDEN / "tfkeras_trained.json").read_text())


def values(shape, seed):
    """The formula of make_tfkeras_configs.py."""
    return 0.5 * np.sin(1.7 * np.arange(np.prod(shape)) + seed).reshape(shape).astype("float32")


X, Y = values((4, 3, 4), 20), values((4, 2), 21)


def load(path, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # every weight finds its place
        return torchkeras.models.load_model(path, **more)


def weights_of(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read("model.weights.h5")


def changed(path, change, tmp_path, **members):
    """Copy a file with its weights edited by `change(h5 file)`."""
    buffer = io.BytesIO(weights_of(path))
    with h5py.File(buffer, "r+") as f:
        change(f)
    out = tmp_path / "changed.keras"
    out.write_bytes(rezip(path, {"model.weights.h5": buffer.getvalue(), **members}))
    return out


def check(model, name):
    outputs = np.array(TRAINED[name]["outputs"]).reshape(4, 2)
    assert_close(model(X).detach().numpy().astype("float64"), outputs, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", TRAINED)
def test_outputs_and_further_training(name):
    model = load(GOLDEN / f"tfkeras_{name}.keras")
    check(model, name)
    assert int(model.optimizer.iterations) == 2
    for loss in TRAINED[name]["losses"]:
        assert float(model.train_on_batch(X, Y)) == pytest.approx(loss, rel=2e-5)


@pytest.mark.parametrize("name", TRAINED)
def test_saved_again_it_is_a_file_of_keras_3(name, tmp_path):
    model = load(GOLDEN / f"tfkeras_{name}.keras")
    model.save(tmp_path / "m.keras")
    again = load(tmp_path / "m.keras")
    check(again, name)
    assert float(again.train_on_batch(X, Y)) == pytest.approx(float(model.train_on_batch(X, Y)))


def test_paths_of_2_12(tmp_path):
    def change(f):
        f.move("layers", "_layer_checkpoint_dependencies")
        inner = f["_layer_checkpoint_dependencies/sequential"]
        inner.move("layers", "_layer_checkpoint_dependencies")

    path = changed(GOLDEN / "tfkeras_adam.keras", change, tmp_path)
    model = load(path)
    check(model, "adam")
    assert float(model.train_on_batch(X, Y)) == pytest.approx(TRAINED["adam"]["losses"][0], 1e-5)


def test_modules_of_2_13(tmp_path):
    with zipfile.ZipFile(GOLDEN / "tfkeras_adam.keras") as archive:
        config = json.loads(archive.read("config.json"))
    config["module"] = "keras.src.engine.functional"
    path = changed(
        GOLDEN / "tfkeras_adam.keras",
        lambda f: None,
        tmp_path,
        **{"config.json": json.dumps(config).encode()},
    )
    check(load(path), "adam")


def test_weights_alone(tmp_path):
    model = load(GOLDEN / "tfkeras_adam.keras", compile=False)
    for w in model.trainable_weights:
        w.assign(np.zeros(tuple(w.shape)))
    path = tmp_path / "m.weights.h5"
    path.write_bytes(weights_of(GOLDEN / "tfkeras_adam.keras"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.load_weights(path)
    check(model, "adam")
    for w in model.trainable_weights:
        w.assign(np.zeros(tuple(w.shape)))
    model.load_weights(GOLDEN / "tfkeras_adam.keras")
    check(model, "adam")


def test_without_compiling():
    model = load(GOLDEN / "tfkeras_adam.keras", compile=False)
    assert not model.compiled
    check(model, "adam")


def test_an_optimizer_of_another_model_is_told(tmp_path):
    def change(f):
        del f["optimizer/vars/5"]

    path = changed(GOLDEN / "tfkeras_adam.keras", change, tmp_path)
    with pytest.warns(UserWarning, match="optimizer state not restored"):
        model = torchkeras.models.load_model(path)
    check(model, "adam")
    with pytest.raises(ModelFileError, match="weights do not fit the model"):
        torchkeras.models.load_model(path, require_optimizer=True)


def test_a_missing_weight_is_told(tmp_path):
    def change(f):
        del f["layers/multi_head_attention/_query_dense/vars/0"]

    path = changed(GOLDEN / "tfkeras_adam.keras", change, tmp_path)
    with pytest.raises(ModelFileError, match="query/kernel: missing in the file"):
        torchkeras.models.load_model(path)
