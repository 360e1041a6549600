"""Files go between torchkeras and real Keras in both directions, and lose nothing."""

import io
import json
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest
from saving.zoo import MODELS, custom_objects

import torchkeras
from oracle import assert_close

# Keras writes down what these, which have no weights, were built for.
NOT_BUILT = {"Rescaling", "Resizing", "CenterCrop", "Discretization", "CategoryEncoding"}
CODE_ONLY = {"grown_functional", "torch_module"}  # only their weights go to files
LOOSE = {"low_precision": 2e-2}


def randomise(model):
    rng = np.random.default_rng(1)
    model.set_weights([
        (w + rng.uniform(0.1, 0.5, w.shape)).astype(w.dtype) if w.dtype.kind in "fV" else w
        for w in map(np.asarray, model.get_weights())
    ])  # fmt: skip


def outputs(model, x):
    return model(x)


def close(name, a, b):
    rtol = LOOSE.get(name, 1e-5)
    assert_close(a, b, rtol=rtol, atol=rtol)


def tree(data):
    """Paths, shapes and dtypes of a weights file, and the names of objects."""
    found = {}

    def visit(path, node):
        if "seed_generator" in path:
            return  # only ours
        if isinstance(node, h5py.Dataset):
            labels = {k: v for k, v in node.attrs.items() if k != "torchkeras_crc32"}
            found[path] = (node.shape, str(node.dtype), labels)
        else:
            found[path] = "group"

    with h5py.File(io.BytesIO(data)) as f:
        f.visititems(visit)
    # Keras has groups for layers without weights that are no objects of their own here.
    full = {path.rsplit("/", n)[0] for path in found if path[-1].isdigit() for n in range(9)}
    return {path: value for path, value in found.items() if path in full}


def member(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def config_of(path):
    def plain(node):
        if isinstance(node, dict):
            left_out = {"shared_object_id"}
            if node.get("class_name") in NOT_BUILT:
                left_out.add("build_config")
            return {k: plain(v) for k, v in node.items() if k not in left_out}
        return [plain(v) for v in node] if isinstance(node, list) else node

    return plain(json.loads(member(path, "config.json")))


@pytest.fixture(params=[n for n in MODELS if n not in CODE_ONLY])
def name(request):
    return request.param


def test_keras_file_is_read(name, tmp_path):
    model, x = MODELS[name](keras)
    randomise(model)
    path = str(tmp_path / "m.keras")
    model.save(path)
    loaded = torchkeras.saving.load_model(path, custom_objects(torchkeras), strict=True)
    close(name, outputs(loaded, x), outputs(model, x))
    # Written again, it is the same file but for time and order.
    again = str(tmp_path / "again.keras")
    loaded.save(again)
    assert tree(member(again, "model.weights.h5")) == tree(member(path, "model.weights.h5"))
    with zipfile.ZipFile(again) as a, zipfile.ZipFile(path) as b:
        assert a.namelist() == b.namelist()


def test_our_file_is_read_by_keras(name, tmp_path):
    model, x = MODELS[name](torchkeras)
    randomise(model)
    path = str(tmp_path / "m.keras")
    model.save(path)
    loaded = keras.saving.load_model(path, custom_objects(keras))
    close(name, outputs(model, x), outputs(loaded, x))


def test_configs_are_equal(name, tmp_path):
    ours, _ = MODELS[name](torchkeras)
    theirs, _ = MODELS[name](keras)
    ours.save(tmp_path / "ours.keras")
    theirs.save(tmp_path / "theirs.keras")
    a, b = config_of(tmp_path / "ours.keras"), config_of(tmp_path / "theirs.keras")
    assert_same(a, b, "")


def assert_same(a, b, at):
    if isinstance(b, dict):
        assert isinstance(a, dict), at
        if at.endswith(".kwargs"):  # Keras writes masks down; both find them out when loading
            a, b = ({k: v for k, v in x.items() if k not in ("mask", "training")} for x in (a, b))
        assert set(a) == set(b), (
            f"{at}: only ours {set(a) - set(b)}, only Keras's {set(b) - set(a)}"
        )
        for key in b:
            assert_same(a[key], b[key], f"{at}.{key}")
    elif isinstance(b, list):
        b = [x for x in b if not isinstance(x, dict) or x.get("class_name") != "NotEqual"]  # a mask
        assert isinstance(a, list) and len(a) == len(b), f"{at}: {a}, expected {b}"
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{at}[{i}]")
    else:
        assert a == b, f"{at}: {a!r}, expected {b!r}"


@pytest.mark.parametrize("name", MODELS)
def test_weights_both_ways(name, tmp_path):
    ours, x = MODELS[name](torchkeras)
    theirs, _ = MODELS[name](keras)
    randomise(theirs)
    path = str(tmp_path / "a.weights.h5")
    theirs.save_weights(path)
    ours.load_weights(path)
    close(name, outputs(ours, x), outputs(theirs, x))
    randomise(ours)
    back = str(tmp_path / "b.weights.h5")
    ours.save_weights(back)
    theirs.load_weights(back)
    close(name, outputs(ours, x), outputs(theirs, x))
    with open(path, "rb") as a, open(back, "rb") as b:
        assert tree(b.read()) == tree(a.read())


def test_json_both_ways(name):
    ours, _ = MODELS[name](torchkeras)
    theirs, _ = MODELS[name](keras)
    shapes = [w.shape for w in theirs.get_weights()]
    text = theirs.to_json()
    assert [
        w.shape
        for w in torchkeras.models.model_from_json(text, custom_objects(torchkeras)).get_weights()
    ] == shapes
    back = keras.models.model_from_json(ours.to_json(), custom_objects(keras))
    assert [w.shape for w in back.get_weights()] == shapes


# ------------------------------------------------------------------ training goes on


OPTIMIZERS = {
    "sgd": lambda o: o.SGD(0.05, momentum=0.9, nesterov=True),
    "sgd accumulating": lambda o: o.SGD(0.05, gradient_accumulation_steps=2),
    "adam": lambda o: o.Adam(0.01, amsgrad=True, clipnorm=1.0),
    "adamw": lambda o: o.AdamW(0.01, weight_decay=0.02, use_ema=True),
    "rmsprop": lambda o: o.RMSprop(o.schedules.ExponentialDecay(0.01, 2, 0.5), momentum=0.5),
    "adagrad": lambda o: o.Adagrad(0.05),
    "adadelta": lambda o: o.Adadelta(0.5),
    "adamax": lambda o: o.Adamax(0.01),
    "nadam": lambda o: o.Nadam(0.01),
    "ftrl": lambda o: o.Ftrl(0.05, l1_regularization_strength=0.001),
    "lion": lambda o: o.Lion(0.001),
    "lamb": lambda o: o.Lamb(0.01),
    "adafactor": lambda o: o.Adafactor(0.01),
    "muon": lambda o: o.Muon(0.01),
    "schedule free": lambda o: o.ScheduleFreeAdamW(0.01, warmup_steps=2),
    "scaled": lambda o: o.LossScaleOptimizer(
        o.Adam(0.01), initial_scale=8.0, dynamic_growth_steps=2
    ),
}


def trained(k, kind, steps=3):
    L = k.layers
    model = k.Sequential(
        [k.Input((4,)), L.Dense(5, activation="tanh"), L.BatchNormalization(), L.Dense(2)]
    )
    model.compile(
        OPTIMIZERS[kind](k.optimizers),
        "mse",
        metrics=["mae", k.metrics.RootMeanSquaredError(name="r")],
    )
    randomise(model)
    more(model, steps)
    return model


def more(model, steps):
    rng = np.random.default_rng(2)
    for _ in range(steps):
        x, y = rng.uniform(-1, 1, (8, 4)).astype("f4"), rng.uniform(-1, 1, (8, 2)).astype("f4")
        model.train_on_batch(x, y)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("from_keras", [True, False])
def test_training_goes_on(kind, from_keras, tmp_path):
    source, target = (keras, torchkeras) if from_keras else (torchkeras, keras)
    model = trained(source, kind)
    path = str(tmp_path / "m.keras")
    model.save(path)
    loaded = target.saving.load_model(path)
    assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations) > 0
    more(model, 3)
    more(loaded, 3)
    assert_close(
        [np.asarray(w) for w in loaded.get_weights()], [np.asarray(w) for w in model.get_weights()]
    )
    a, b = (
        k.evaluate(np.ones((4, 4)), np.ones((4, 2)), verbose=0, return_dict=True)
        for k in (model, loaded)
    )
    assert a.keys() == b.keys()
    assert_close([b[k] for k in a], list(a.values()), rtol=1e-4)


def test_training_goes_on_in_our_own_hands_bit_for_bit(tmp_path):
    """Dropout too: the state of the random streams is in the file."""
    L = torchkeras.layers
    model = torchkeras.Sequential(
        [torchkeras.Input((4,)), L.Dense(16, activation="relu"), L.Dropout(0.5, seed=3), L.Dense(2)]
    )
    model.compile("adam", "mse")
    more(model, 3)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "w.weights.h5")
    loaded = torchkeras.saving.load_model(tmp_path / "m.keras")
    more(model, 3)
    more(loaded, 3)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)
    loaded.load_weights(tmp_path / "w.weights.h5")
    more(loaded, 3)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_models_that_are_not_built(tmp_path):
    for source, target in ((keras, torchkeras), (torchkeras, keras), (torchkeras, torchkeras)):
        model = source.Sequential([source.layers.Dense(3), source.layers.Dense(2)])
        model.save(tmp_path / "m.keras")
        loaded = target.saving.load_model(tmp_path / "m.keras")
        assert not loaded.built and [x.units for x in loaded.layers] == [3, 2]
    with pytest.raises(ValueError, match="save_weights: the model has not yet been built"):
        loaded.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match="load_weights: the model has not yet been built"):
        loaded.load_weights(tmp_path / "m.weights.h5")


def test_optimizer_that_was_not_used_yet(tmp_path):
    """Its file has no slots; loading it says nothing."""
    for source, target in ((keras, torchkeras), (torchkeras, torchkeras), (torchkeras, keras)):
        model = source.Sequential([source.Input((3,)), source.layers.Dense(2)])
        model.compile(source.optimizers.Adam(0.25), "mse")
        model.save(tmp_path / "m.keras")
        with warnings.catch_warnings():
            warnings.simplefilter("error" if target is torchkeras else "ignore")
            loaded = target.saving.load_model(tmp_path / "m.keras")
        assert float(loaded.optimizer.learning_rate) == 0.25
        assert loaded.optimizer.built and int(loaded.optimizer.iterations) == 0


def test_compile_state_is_restored(tmp_path):
    model = trained(torchkeras, "adam")
    model.save(tmp_path / "m.keras")
    loaded = torchkeras.saving.load_model(tmp_path / "m.keras")
    assert loaded.compiled and loaded.get_compile_config() == model.get_compile_config()
    assert not torchkeras.saving.load_model(tmp_path / "m.keras", compile=False).compiled
