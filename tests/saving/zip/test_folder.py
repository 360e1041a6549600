"""Models as folders (`zipped=False`): with real Keras, and with what does not belong there."""

import json
import os
import threading
from pathlib import Path

import keras as real
import numpy as np
import pytest
from saving.zoo import rand

import torchkeras as keras
from torchkeras.saving import LoadLimits, ModelFileError, UnsafeModelError

FILES = ["config.json", "metadata.json", "model.weights.h5"]


def make(k):
    L = k.layers
    model = k.Sequential([k.Input((3,)), L.Dense(4), L.BatchNormalization(), L.Dense(2)])
    model.compile("adam", "mse")
    model.train_on_batch(rand(4, 3), rand(4, 2))
    return model


@pytest.fixture
def folder(tmp_path):
    make(keras).save(tmp_path / "m", zipped=False)
    return tmp_path / "m"


@pytest.mark.parametrize(("source", "target"), [(keras, real), (real, keras)])
def test_with_real_keras(source, target, tmp_path):
    model = make(source)
    model.save(tmp_path / "m", zipped=False)
    assert sorted(set(os.listdir(tmp_path / "m")) - {"assets"}) == FILES  # Keras: sometimes
    loaded = target.saving.load_model(tmp_path / "m")
    x = rand(5, 3, seed=1)
    a, b = (np.asarray(m.predict(x, verbose=0)) for m in (model, loaded))
    np.testing.assert_allclose(a, b, 1e-5, 1e-6)
    assert int(loaded.optimizer.iterations) == 1
    loaded.save(tmp_path / "m", zipped=False)
    again = source.saving.load_model(tmp_path / "m")
    np.testing.assert_allclose(np.asarray(again.predict(x, verbose=0)), a, 1e-5, 1e-6)


@pytest.mark.parametrize("name", ["m", "m.keras", "m.h5", "m.anything"])
def test_any_name(name, tmp_path):
    """Real Keras keeps `.keras` for files; here a folder may be called so too."""
    model = make(keras)
    model.save(tmp_path / name, zipped=False)
    for _ in range(2):
        loaded = keras.saving.load_model(tmp_path / name, strict=True)
        assert np.array_equal(loaded.get_weights()[0], model.get_weights()[0])
        loaded.save(tmp_path / name, zipped=False)
    other = make(keras)
    other.load_weights(tmp_path / name)
    assert np.array_equal(other.get_weights()[0], model.get_weights()[0])
    with pytest.raises(FileExistsError, match=name):
        model.save(tmp_path / name, zipped=False, overwrite=False)
    assert os.listdir(tmp_path) == [name]


def test_what_is_no_model_is_never_replaced(folder):
    model = make(keras)
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="other things"):
        model.save(folder, zipped=False)
    with pytest.raises(FileExistsError, match="other things"):
        model.save(folder.parent, zipped=False)
    (folder.parent / "file").write_text("x")
    with pytest.raises(FileExistsError, match="file"):
        model.save(folder.parent / "file", zipped=False)
    assert (folder / "thesis.tex").exists() and len(list(folder.iterdir())) == 4
    (folder.parent / "empty").mkdir()
    model.save(folder.parent / "empty", zipped=False)
    model.save(folder.parent / "m.keras", zipped=False)
    with pytest.raises(IsADirectoryError):
        model.save(folder.parent / "m.keras")


@keras.saving.register_keras_serializable("tests")
class FolderNotes(keras.layers.Layer):
    """A layer with files of its own."""

    def __init__(self, text="", **kwargs):
        super().__init__(**kwargs)
        self.text = text
        self.built = True

    def call(self, inputs):
        return inputs

    def save_assets(self, dir_path):
        (Path(dir_path) / "deep").mkdir()
        (Path(dir_path) / "deep" / "notes.txt").write_text(self.text)

    def load_assets(self, dir_path):
        self.text = (Path(dir_path) / "deep" / "notes.txt").read_text() + "!"


def test_assets(tmp_path):
    """Real Keras leaves them out of folders."""
    model = keras.Sequential([keras.Input((3,)), FolderNotes("first"), FolderNotes("second")])
    model.save(tmp_path / "m", zipped=False)
    assert (tmp_path / "m/assets/layers/folder_notes_1/deep/notes.txt").read_text() == "second"
    loaded = keras.saving.load_model(tmp_path / "m")
    assert [x.text for x in loaded.layers] == ["first!", "second!"]
    loaded.save(tmp_path / "m", zipped=False)
    assert (tmp_path / "m/assets/layers/folder_notes/deep/notes.txt").read_text() == "first!"


def refused(folder, match, kind=ModelFileError, **options):
    model = make(keras)
    before = [w.copy() for w in model.get_weights()]
    for load in (keras.saving.load_model, model.load_weights):
        if options and load is not keras.saving.load_model:
            continue
        with pytest.raises(kind, match=match) as info:
            load(folder, **options)
        assert not isinstance(info.value, ModelFileError) or info.value.path == str(folder)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("name", ["evil.py", "config.json.bak", "Config.json", "sub/x"])
def test_unknown_members(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    refused(folder, "an unknown member")


def test_what_people_and_tools_leave_is_passed_by(folder):
    for name in (".DS_Store", ".gitattributes", "README.md"):
        (folder / name).write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "link").symlink_to("/etc/passwd")
    assert keras.saving.load_model(folder).count_params()


@pytest.mark.parametrize("name", FILES[1:])
def test_missing_members(folder, name):
    (folder / name).unlink()
    refused(folder, f"missing member {name}")


def test_links_and_pipes_are_not_followed(folder):
    secret = folder.parent / "secret.json"
    for name in FILES:
        content = (folder / name).read_bytes()
        secret.write_bytes(content)
        (folder / name).unlink()
        (folder / name).symlink_to(secret)
        refused(folder, "a link", UnsafeModelError)
        (folder / name).unlink()
        os.link(secret, folder / name)  # the same file by another name is a plain file
        assert keras.saving.load_model(folder).count_params()
        (folder / name).unlink()
        os.mkfifo(folder / name)
        refused(folder, "pipe", UnsafeModelError)
        (folder / name).unlink()
        (folder / name).write_bytes(content)
    (folder / "assets").symlink_to(folder.parent)
    refused(folder, "a link", UnsafeModelError)


def test_a_link_that_is_put_there_after_the_listing(folder, monkeypatch):
    from torchkeras.saving.zip import archive

    check = archive.check_members

    def swap(members, path):
        check(members, path)
        (folder / "config.json").unlink()
        (folder / "config.json").symlink_to("/etc/passwd")

    monkeypatch.setattr(archive, "check_members", swap)
    with pytest.raises(UnsafeModelError, match="a link is refused"):
        keras.saving.load_model(folder)


def test_sizes_and_numbers(folder):
    for options, match in (
        ({"config_bytes": 100}, "limit of 100 bytes"),
        ({"metadata_bytes": 5}, "limit of 5 bytes"),
        ({"members": 2}, "limit of 2 files"),
    ):
        with pytest.raises(ModelFileError, match=match):
            keras.saving.load_model(folder, limits=LoadLimits(**options))
    deep = folder / "assets"
    for _ in range(70):
        deep = deep / "d"
    deep.mkdir(parents=True)
    refused(folder, "deeper than 64")


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "C:x", "\x1b[31m"])
def test_names(folder, name):
    (folder / "assets").mkdir()
    (folder / "assets" / name).write_text("x")
    refused(folder, "plain relative path")


def test_damage_is_noticed(folder):
    data = bytearray((folder / "model.weights.h5").read_bytes())
    kernel = np.ascontiguousarray(make_weights(folder)).tobytes()
    at = data.find(kernel)
    data[at + 3] ^= 1
    (folder / "model.weights.h5").write_bytes(data)
    refused(folder, "differ from their checksum")
    (folder / "model.weights.h5").write_bytes(data[: len(data) // 2])
    refused(folder, "damaged or truncated")


def make_weights(folder):
    return keras.saving.load_model(folder).get_weights()[0]


def test_hostile_config(folder):
    config = json.loads((folder / "config.json").read_text())
    dense = config["config"]["layers"][1]["config"]
    for value in (
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
        {"class_name": "__lambda__", "config": {"code": "4wAA"}},
    ):
        dense["activation"] = value
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(UnsafeModelError):
            keras.saving.load_model(folder)


def test_it_is_never_mixed_with_one_that_replaces_it(folder):
    """One thread saves models of one value each, another loads them."""

    def of(value):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
        model.set_weights([np.full_like(w, value) for w in model.get_weights()])
        return model

    models, done, failed = [of(1.0), of(2.0)], threading.Event(), []
    models[0].save(folder, zipped=False)

    def save():
        try:
            for i in range(40):
                models[i % 2].save(folder, zipped=False)
        except Exception as e:
            failed.append(e)
        done.set()

    thread = threading.Thread(target=save)
    thread.start()
    loads = 0
    while not done.is_set():
        weights = keras.saving.load_model(folder).get_weights()
        assert len({float(x) for w in weights for x in w.ravel()}) == 1
        loads += 1
    thread.join()
    assert not failed and loads > 2
