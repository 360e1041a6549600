"""Names, suffixes and arguments of the public functions."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import torchkeras as keras


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


@pytest.mark.parametrize("name", ["m", "m.foo", "m.weights.json", "m.keras.bak", ""])
def test_unknown_suffix_of_a_model(model, name, tmp_path):
    for call in (lambda p: model.save(p), keras.saving.load_model):
        with pytest.raises(ValueError, match=r"must end in one of '\.keras'"):
            call(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["m", "m.foo", "m.json", "m.yaml", "weights.h5x"])
def test_unknown_suffix_of_weights(model, name, tmp_path):
    for call in (model.save_weights, model.load_weights):
        with pytest.raises(ValueError, match=r"must end in one of .*'\.weights\.h5'"):
            call(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_addresses_are_refused(model):
    for call in (model.save, model.save_weights, model.load_weights, keras.saving.load_model):
        with pytest.raises(ValueError, match="only local files"):
            call("hf://somebody/m.keras")


def test_overwrite(model, tmp_path):
    for path, save in (
        (tmp_path / "m.keras", model.save),
        (tmp_path / "m.weights.h5", model.save_weights),
    ):
        save(path, overwrite=False)
        with pytest.raises(FileExistsError, match=path.name):
            save(path, overwrite=False)
        save(str(path))
    assert len(list(tmp_path.iterdir())) == 2


def test_arguments_that_are_not_kept(model, tmp_path):
    for name, size in (
        ("m.weights.json", None), ("m.weights.json", 0), ("m.weights.h5", -1), ("m.h5", 1),
        ("m.weights.json", "1"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="max_shard_size must be"):
            model.save_weights(tmp_path / name, max_shard_size=size)
    with pytest.raises(ValueError, match=r"'\.weights\.json', which holds weights alone"):
        model.save(tmp_path / "m.weights.json")
    with pytest.raises(ValueError, match="holds an architecture without weights"):
        model.save_weights(tmp_path / "m.json")
    assert not list(tmp_path.iterdir())


def test_folder_that_is_missing(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        model.save(tmp_path / "none" / "m.keras")
    with pytest.raises(FileNotFoundError):
        keras.saving.load_model(tmp_path / "m.keras")


def test_folders_that_are_made(model, tmp_path):
    model.save(tmp_path / "a" / "b" / "m.h5")
    model.save(tmp_path / "c" / "d" / "m", zipped=False)
    for path in ("a/b/m.h5", "c/d/m"):
        assert keras.saving.load_model(tmp_path / path).output_shape == model.output_shape


def test_arguments_of_tf_keras(model, tmp_path):
    with pytest.warns(DeprecationWarning, match=r"save_model\(save_format\)"):
        keras.saving.save_model(model, tmp_path / "m.h5", save_format="h5")
    assert (tmp_path / "m.h5").exists()
    with pytest.raises(TypeError, match="'nonsense'"):
        keras.saving.save_model(model, tmp_path / "m.keras", nonsense=1)


def test_archive_is_stored_as_keras_does(model, tmp_path):
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert {i.compress_type for i in archive.infolist()} == {zipfile.ZIP_STORED}


def test_weights_out_of_an_archive(model, tmp_path):
    model.save(tmp_path / "m.keras")
    other = keras.models.clone_model(model) if hasattr(keras.models, "clone_model") else None
    other = other or keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    other.load_weights(tmp_path / "m.keras")
    assert np.array_equal(other.get_weights()[0], model.get_weights()[0])


@keras.saving.register_keras_serializable("tests")
class Notes(keras.layers.Layer):
    """A layer with files of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.text = ""
        self.built = True

    def call(self, inputs):
        return inputs

    def save_assets(self, dir_path):
        (Path(dir_path) / "deep" / "er").mkdir(parents=True)
        (Path(dir_path) / "notes.txt").write_text(self.text)
        (Path(dir_path) / "deep" / "er" / "x.bin").write_bytes(b"\0\1")

    def load_assets(self, dir_path):
        self.text = (Path(dir_path) / "notes.txt").read_text()
        assert (Path(dir_path) / "deep" / "er" / "x.bin").read_bytes() == b"\0\1"
        self.folder = dir_path


def test_assets(tmp_path):
    model = keras.Sequential([keras.Input((3,)), Notes(), Notes()])
    model.layers[0].text, model.layers[1].text = "first", "second"
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert sorted(archive.namelist())[:2] == [
            "assets/layers/notes/deep/er/x.bin", "assets/layers/notes/notes.txt",
        ]  # fmt: skip
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert [x.text for x in loaded.layers] == ["first", "second"]
    assert not any(Path(x.folder).exists() for x in loaded.layers)


def test_no_name_of_another_module_is_imported_by_a_file(model, tmp_path):
    """An unregistered class is named with the way out."""

    class Mine(keras.layers.Dense):
        pass

    other = keras.Sequential([keras.Input((3,)), Mine(2)])
    other.save(tmp_path / "m.keras")
    with pytest.raises(keras.saving.UnsafeModelError, match="custom_objects") as info:
        keras.saving.load_model(tmp_path / "m.keras")
    assert info.value.where == "config.layers[1]" and info.value.path.endswith("m.keras")
    assert isinstance(keras.saving.load_model(tmp_path / "m.keras", {"Mine": Mine}).layers[0], Mine)
    with keras.saving.custom_object_scope({"Mine": Mine}):
        assert isinstance(keras.saving.load_model(tmp_path / "m.keras").layers[0], Mine)
