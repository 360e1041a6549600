import json
import urllib.error
import urllib.request

import numpy as np
import pytest
from sklearn.datasets import load_digits

import torchkeras as keras
from torchkeras import layers
from torchkeras.callbacks import Quiver


def digits():
    data = load_digits()
    return (data.images[:64, ..., None] / 16).astype("float32"), data.target[:64]


def convnet(built=True):
    keras.utils.set_random_seed(1)
    start = [keras.Input((8, 8, 1))] if built else []
    model = keras.Sequential(
        [
            *start,
            layers.Conv2D(3, 3, activation="relu", name="maps"),
            layers.Dropout(0.5),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", name="classes"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def ask(viewer, path):
    with urllib.request.urlopen(viewer.url.rstrip("/") + path, timeout=30) as answer:
        body = answer.read()
    return json.loads(body) if answer.headers.get_content_type() == "application/json" else body


def ids(viewer):
    return {c["label"]: c["id"] for c in ask(viewer, "/api/session")["checkpoints"]}


def node(viewer, name, checkpoint):
    found = ask(viewer, f"/api/graph/{checkpoint}")["nodes"]
    return next(n["id"] for n in found if n["name"] == name)


class Spy(keras.callbacks.Callback):
    """What the maps and predictions really are at the end of each epoch."""

    def __init__(self, x):
        super().__init__()
        self.x, self.maps, self.best, self.open = x, [], [], []
        self.viewer = None

    def look(self):
        maps = keras.Model(self.model.inputs, self.model.get_layer("maps").output)
        self.maps.append(maps(self.x[:1], training=False)[0].detach().numpy())
        self.best.append(self.model(self.x[:1], training=False)[0].detach().numpy())

    def on_train_begin(self, logs=None):
        self.look()

    def on_epoch_end(self, epoch, logs=None):
        self.look()
        session = ask(self.viewer, "/api/session")
        self.open.append((session["live"], session["epoch"], session["epochs"]))


@pytest.mark.parametrize("chosen", [None, ["maps"]])
def test_the_page_shows_each_epoch(chosen):
    x, y = digits()
    model, plain, spy = convnet(), convnet(), Spy(x)
    viewer = spy.viewer = Quiver(samples=x[:3], layers=chosen, classes=list("0123456789"), top=10)
    try:
        keras.utils.set_random_seed(2)
        history = model.fit(x, y, epochs=3, verbose=0, callbacks=[viewer, spy])
        url, found = viewer.url, ids(viewer)
        assert list(found) == ["start", "epoch 1", "epoch 2", "epoch 3"]
        assert spy.open == [(True, 1, 3), (True, 2, 3), (True, 3, 3)]
        for number, maps, best in zip(found.values(), spy.maps, spy.best, strict=True):
            place = f"{number}/{node(viewer, 'maps', number)}/i0"
            values = np.frombuffer(ask(viewer, f"/api/values/{place}"), "<f4").reshape(3, 6, 6)
            np.testing.assert_allclose(values, maps.transpose(2, 0, 1), rtol=1e-4, atol=1e-6)
            top = ask(viewer, f"/api/predictions/{number}/i0")["outputs"][0]["top"]
            got = {t["index"]: t["value"] for t in top}
            np.testing.assert_allclose([got[i] for i in range(10)], best, rtol=1e-4, atol=1e-7)
            assert {t["label"] for t in top} == set("0123456789")
    finally:
        viewer.close()
    assert viewer.url is None
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)
    # Being watched changes nothing of a training.
    keras.utils.set_random_seed(2)
    expected = plain.fit(x, y, epochs=3, verbose=0)
    assert history.history["loss"] == expected.history["loss"]
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_that_is_built_by_its_first_batch(tmp_path):
    x, y = digits()
    viewer = Quiver(samples=x[:1])
    model = convnet(built=False)
    assert viewer.url is None
    model.fit(x, y, epochs=2, verbose=0, callbacks=[viewer])
    try:
        assert list(ids(viewer)) == ["epoch 1", "epoch 2"]
        model.fit(x, y, epochs=2, verbose=0, callbacks=[viewer])
        assert list(ids(viewer))[-2:] == ["epoch 3", "epoch 4"], "a second fit goes on"
        other = convnet()
        other.fit(x, y, epochs=1, verbose=0, callbacks=[viewer])
        assert list(ids(viewer)) == ["start", "epoch 1"]
    finally:
        viewer.close()


def test_every_other_epoch_and_memory():
    x, y = digits()
    model = convnet()
    size = sum(w.size * 4 for w in model.get_weights())
    viewer = Quiver(samples=x[:1], memory=int(size * 4.5))
    rare = Quiver(samples=x[:1], every=4)
    try:
        model.fit(x, y, epochs=8, verbose=0, callbacks=[viewer, rare])
        assert list(ids(rare)) == ["start", "epoch 4", "epoch 8"]
        kept = list(ids(viewer))
        assert kept[0] == "start"
        assert kept[-1] == "epoch 8"
        assert 3 <= len(kept) <= 4
        epochs = [0, *(int(k.split()[1]) for k in kept[1:])]
        assert max(np.diff(epochs)) <= 4, f"thinned out evenly: {kept}"
    finally:
        viewer.close()
        rare.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "every must be a positive integer"),
        ({"images": -1}, "images must be a positive integer"),
        ({"memory": 0}, "memory must be a positive integer"),
        ({"layers": "maps"}, "layers must be a list"),
        ({"layers": []}, "layers must be a list"),
        ({"input_folder": "no such folder"}, "no such folder"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises((ValueError, OSError), match=message):
        Quiver(**arguments)


def test_wrong_names_end_the_training_before_it_begins():
    x, y = digits()
    model = convnet()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"no layers \['mops'\]"):
        model.fit(x, y, verbose=0, callbacks=[Quiver(samples=x[:1], layers=["mops"])])
    with pytest.raises(ValueError, match="3 names for 10 classes"):
        model.fit(x, y, verbose=0, callbacks=[Quiver(samples=x[:1], classes=list("abc"))])
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
