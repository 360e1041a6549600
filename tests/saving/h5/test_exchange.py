"""`.h5` files of whole models and of weights go between torchkeras and real Keras."""

import json
import re
import warnings

import h5py
import keras
import numpy as np
import pytest
from saving.test_exchange import (
    CODE_ONLY,
    OPTIMIZERS,
    assert_same,
    close,
    more,
    outputs,
    randomise,
    trained,
)
from saving.zoo import MODELS, custom_objects

import torchkeras
from oracle import assert_close

# Real Keras reads neither its own files of these nor ours: it writes no input shape, no bfloat16
# that can be read again, and no module that tells a function in a graph from a layer.
NOT_BY_KERAS = {"subclass", "low_precision"}
FUNCTIONS = {"sequence", "mixed_functional"}
NAMES = [n for n in MODELS if n not in CODE_ONLY]

NOT_WRITTEN = {"adafactor"}  # several of its variables have one name, and real Keras stumbles
BY_KERAS = [kind for kind in OPTIMIZERS if kind not in NOT_WRITTEN]


@pytest.mark.parametrize("name", [n for n in NAMES if n not in NOT_BY_KERAS])
def test_keras_file_is_read(name, tmp_path):
    model, x = MODELS[name](keras)
    randomise(model)
    path = tmp_path / "m.h5"
    model.save(path)
    loaded = torchkeras.saving.load_model(path, custom_objects(torchkeras), strict=True)
    close(name, outputs(loaded, x), outputs(model, x))


@pytest.mark.parametrize("name", [n for n in NAMES if n not in NOT_BY_KERAS])
def test_our_file_is_read_by_keras(name, tmp_path):
    model, x = MODELS[name](torchkeras)
    randomise(model)
    path = tmp_path / "m.h5"
    model.save(path)
    loaded = keras.saving.load_model(path, custom_objects(keras))
    close(name, outputs(model, x), outputs(loaded, x))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
def test_our_file_is_read_by_us(name, suffix, tmp_path):
    model, x = MODELS[name](torchkeras)
    randomise(model)
    path = tmp_path / f"m{suffix}"
    model.save(path)
    loaded = torchkeras.saving.load_model(path, custom_objects(torchkeras), strict=True)
    close(name, outputs(model, x), outputs(loaded, x))


def contents(path):
    """Datasets, lists and texts of a file, without the numbers that make names unique."""
    found, texts = {}, {}

    def visit(name, node):
        name = re.sub(r"_\d+", "", name)
        if isinstance(node, h5py.Dataset):
            found[name] = (node.shape, str(node.dtype))
        for key, value in node.attrs.items():
            if key.endswith("_names"):
                value = [v.decode() if isinstance(v, bytes) else str(v) for v in value]
                found[f"{name}@{key}"] = [re.sub(r"_\d+", "", v) for v in value]

    with h5py.File(path) as f:
        f.visititems(visit)
        for key in ("model_config", "training_config"):
            if key in f.attrs:
                texts[key] = json.loads(f.attrs[key])
    return found, texts


@pytest.mark.parametrize("name", [n for n in NAMES if n not in FUNCTIONS | NOT_BY_KERAS])
def test_files_hold_the_same(name, tmp_path):
    ours, _ = MODELS[name](torchkeras)
    theirs, _ = MODELS[name](keras)
    ours.save(tmp_path / "ours.h5")
    theirs.save(tmp_path / "theirs.h5")
    (a, ta), (b, tb) = contents(tmp_path / "ours.h5"), contents(tmp_path / "theirs.h5")
    assert a == b
    assert_same(ta, tb, "")


@pytest.mark.parametrize("kind", BY_KERAS)
def test_compiled_files_hold_the_same(kind, tmp_path):
    ours, theirs = trained(torchkeras, kind), trained(keras, kind)
    ours.save(tmp_path / "ours.h5")
    theirs.save(tmp_path / "theirs.h5")
    (a, ta), (b, tb) = contents(tmp_path / "ours.h5"), contents(tmp_path / "theirs.h5")
    if kind == "nadam":  # whose product has no name there
        for found in (a, b):
            found.pop("optimizer_weights@weight_names")
        a["optimizer_weights/variable"] = a.pop("optimizer_weights/nadam/u_product")
    assert a == b
    # The short name is one that real Keras writes and does not find again.
    assert ta["training_config"].pop("loss") == "mean_squared_error"
    assert tb["training_config"].pop("loss") == "mse"
    if kind != "scaled":  # there the inner optimizer comes with its module
        assert_same(ta, tb, "")


@pytest.mark.parametrize(
    ("source", "kind"),
    [*(("keras", kind) for kind in BY_KERAS), *(("torchkeras", kind) for kind in OPTIMIZERS)],
)
def test_training_goes_on(source, kind, tmp_path):
    model = trained({"keras": keras, "torchkeras": torchkeras}[source], kind)
    path = tmp_path / "m.h5"
    model.save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        loaded = torchkeras.saving.load_model(path, require_optimizer=True)
    assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations) > 0
    more(model, 3)
    more(loaded, 3)
    a, b = ([np.asarray(w) for w in m.get_weights()] for m in (loaded, model))
    assert_close(a, b)
    a, b = (
        k.evaluate(np.ones((4, 4)), np.ones((4, 2)), verbose=0, return_dict=True)
        for k in (model, loaded)
    )
    assert a.keys() == b.keys()
    assert_close([b[k] for k in a], list(a.values()), rtol=1e-4)


def test_keras_compiles_our_file(tmp_path):
    """Its loader keeps the counter and the rate, and of no file the slots."""
    model = trained(torchkeras, "adam")
    model.save(tmp_path / "m.h5")
    loaded = keras.saving.load_model(tmp_path / "m.h5")
    assert int(loaded.optimizer.iterations) == 3
    x, y = np.ones((4, 4), "float32"), np.ones((4, 2), "float32")
    ours = model.evaluate(x, y, verbose=0, return_dict=True)
    theirs = loaded.evaluate(x, y, verbose=0, return_dict=True)
    assert_close([ours["loss"], ours["r"]], [theirs["loss"], theirs["r"]])


@pytest.mark.parametrize("name", [n for n in MODELS if n not in ("low_precision", "torch_module")])
def test_weights_that_keras_reads(name, tmp_path):
    """Keras 2's `save_weights("w.h5")`; real Keras reads such files and no longer writes them."""
    ours, x = MODELS[name](torchkeras)
    theirs, _ = MODELS[name](keras)
    randomise(ours)
    ours.save_weights(tmp_path / "w.h5")
    theirs.load_weights(tmp_path / "w.h5")
    close(name, outputs(ours, x), outputs(theirs, x))
    randomise(theirs)
    if name in CODE_ONLY | NOT_BY_KERAS:
        return
    theirs.save(tmp_path / "m.h5")
    ours.load_weights(tmp_path / "m.h5")
    close(name, outputs(ours, x), outputs(theirs, x))


def test_torch_module_and_low_precision_keep_their_weights(tmp_path):
    for name in ("torch_module", "low_precision"):
        model, x = MODELS[name](torchkeras)
        randomise(model)
        y = np.asarray(outputs(model, x).detach().float())
        model.save_weights(tmp_path / "w.h5")
        model.set_weights([np.zeros_like(w) for w in model.get_weights()])
        model.load_weights(tmp_path / "w.h5")
        assert_close(np.asarray(outputs(model, x).detach().float()), y)


def test_not_built_and_not_compiled(tmp_path):
    for source, target in ((keras, torchkeras), (torchkeras, keras), (torchkeras, torchkeras)):
        model = source.Sequential([source.layers.Dense(3), source.layers.Dense(2)])
        model.save(tmp_path / "m.h5")
        loaded = target.saving.load_model(tmp_path / "m.h5")
        assert not loaded.built and [x.units for x in loaded.layers] == [3, 2]
    model = trained(torchkeras, "adam")
    model.save(tmp_path / "m.h5", include_optimizer=False)
    assert not torchkeras.saving.load_model(tmp_path / "m.h5").compiled
    model.save(tmp_path / "m.h5")
    assert not torchkeras.saving.load_model(tmp_path / "m.h5", compile=False).compiled


def test_optimizer_that_was_not_used_yet(tmp_path):
    for source in (keras, torchkeras):
        model = source.Sequential([source.Input((3,)), source.layers.Dense(2)])
        model.compile(source.optimizers.Adam(0.25), "mse")
        model.save(tmp_path / "m.h5")
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            loaded = torchkeras.saving.load_model(tmp_path / "m.h5")
        assert float(loaded.optimizer.learning_rate) == 0.25
        assert loaded.optimizer.built and int(loaded.optimizer.iterations) == 0


def my_loss(y_true, y_pred):
    return abs(y_true - y_pred)


def test_losses_and_metrics_of_ones_own(tmp_path):
    """Functions go to the file by name, and must be handed in again."""
    for source in (keras, torchkeras):
        model = source.Sequential([source.Input((3,)), source.layers.Dense(2)])
        model.compile("sgd", my_loss, metrics=[my_loss])
        model.save(tmp_path / "m.h5")
        loaded = torchkeras.saving.load_model(tmp_path / "m.h5", {"my_loss": my_loss})
        x, y = np.ones((2, 3), "float32"), np.ones((2, 2), "float32")
        assert_close(loaded.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0))
        with pytest.raises(torchkeras.saving.UnsafeModelError, match=r"'my_loss'.*compile=False"):
            torchkeras.saving.load_model(tmp_path / "m.h5")
        assert torchkeras.saving.load_model(tmp_path / "m.h5", compile=False).count_params() == 8


def test_vocabularies_are_kept(tmp_path):
    """What `adapt` learned, which `.h5` files of other Kerases lose."""
    L = torchkeras.layers
    text = np.array([["b z"], ["a b"]])
    for layer, given, x in (
        (L.StringLookup(), ["a", "b", "c", "b"], np.array([["b"], ["z"]])),
        (L.IntegerLookup(), np.array([3, 4, 4]), np.array([[4], [9]])),
        (L.TextVectorization(), ["a b c", "b c"], text),
        (L.Discretization(num_bins=3), np.arange(10.0), np.array([[4.0], [9.0]])),
    ):
        layer.adapt(given)
        model = torchkeras.Sequential([layer])
        expected = model(x)
        model.save(tmp_path / "m.h5")
        assert_close(torchkeras.saving.load_model(tmp_path / "m.h5")(x), expected)


@pytest.mark.parametrize("name", ["../evil", "x/../../evil", "string_lookup/..", "a\\b"])
def test_names_of_files_stay_inside(name, tmp_path):
    layer = torchkeras.layers.StringLookup(vocabulary=["a"])
    torchkeras.Sequential([layer]).save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as f:
        f.create_dataset(f"torchkeras_assets/{name}", data=np.zeros(3, "u1"))
    with pytest.raises(torchkeras.saving.ModelFileError, match="no content of a file"):
        torchkeras.saving.load_model(tmp_path / "m.h5")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.h5"]
