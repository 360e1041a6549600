"""KerasFileEditor: the documented examples, on files of both libraries."""

import h5py
import keras as real
import ml_dtypes
import numpy as np
import pytest
from saving.damage import edit_h5, put, swap
from saving.zoo import MODELS, rand

import torchkeras as keras
from torchkeras.saving import KerasFileEditor, ModelFileError, UnsafeModelError


def make(k, units=2):
    L = k.layers
    i = k.Input((4, 3))
    x = L.LSTM(2)(L.Dense(3, name="first")(i))
    inner = k.Sequential([k.Input((2,)), L.Dense(2), L.Dense(2)], name="inner")
    model = k.Model(i, L.Dense(units)(L.BatchNormalization()(inner(x))))
    model.compile("sgd", "mse")
    return model


@pytest.fixture(params=[keras, real], ids=["ours", "keras"])
def file(request, tmp_path):
    make(request.param).save_weights(tmp_path / "m.weights.h5")
    return str(tmp_path / "m.weights.h5")


def paths(tree, at=""):
    found = {}
    for key, value in tree.items():
        here = f"{at}/{key}" if at else key
        if "seed_generator" not in here:  # only ours
            found |= paths(value, here) if isinstance(value, dict) else {here: value}
    return found


def test_contents(file):
    editor = KerasFileEditor(file)
    found = paths(editor.weights_dict)
    with h5py.File(file) as f:
        wanted = {}
        f.visititems(
            lambda at, o: (
                wanted.update({at.replace("/vars", ""): o[()]})
                if isinstance(o, h5py.Dataset) and "seed_generator" not in at
                else None
            )
        )
    assert set(found) == set(wanted) and "layers/lstm/cell/0" in found
    assert "layers/sequential/layers/dense_1/1" in found
    for at, value in found.items():
        np.testing.assert_array_equal(value, wanted[at])
    assert editor.metadata is editor.config is None and editor.filepath == file
    assert editor.object_metadata["/layers/dense"] == {"name": "first"}


def test_archive(tmp_path, capsys):
    for k in (keras, real):
        model = make(k)
        model.save(tmp_path / "m.keras")
        editor = KerasFileEditor(tmp_path / "m.keras")
        assert editor.metadata["keras_version"] == "3.15.1"
        assert editor.config["class_name"] == "Functional"
        text = capsys.readouterr().out
        assert "Keras model file" in text and "Saved with Keras 3.15.1 - date: 20" in text
        editor.save(tmp_path / "out.weights.h5")
        other = make(keras)
        other.load_weights(tmp_path / "out.weights.h5")
        for a, b in zip(other.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_summary(file, capsys):
    editor = KerasFileEditor(file)
    capsys.readouterr()
    editor.summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Weights structure" and "├─ layers" in lines
    assert "│   ├─ dense" in lines
    assert "│   │   ├─ 0: shape=(3, 3), dtype=float32" in lines
    numbers = [x for x in lines if x.startswith("│   ├─ batch") or x.startswith("│   │   ├─ ")]
    assert numbers


@pytest.mark.parametrize("k", [keras, real], ids=["ours", "keras"])
@pytest.mark.parametrize("name", MODELS)
def test_saved_again_it_is_the_same_file(name, k, tmp_path):
    """Real Keras's editor loses what lies below objects with weights of their own."""
    model, _ = MODELS[name](k)
    model.save_weights(tmp_path / "a.weights.h5")
    editor = KerasFileEditor(tmp_path / "a.weights.h5")
    editor.resave_weights(tmp_path / "b.weights.h5")

    def content(path):
        found = {}

        def visit(at, o):
            data = o[()].tobytes() if isinstance(o, h5py.Dataset) else None
            labels = {k: v for k, v in o.attrs.items() if k != "torchkeras_crc32"}
            if data is not None or labels:
                found[at] = (data, getattr(o, "shape", None), labels)

        with h5py.File(path) as f:
            f.visititems(visit)
        return found

    assert content(tmp_path / "a.weights.h5") == content(tmp_path / "b.weights.h5")
    model.load_weights(tmp_path / "b.weights.h5")


def test_the_documented_example(tmp_path):
    """A layer is replaced by another; both libraries read the result."""
    L = keras.layers

    def old(k):
        return k.Sequential(
            [k.Input((3,)), k.layers.Dense(4), k.layers.Dense(5), k.layers.Dense(2)]
        )

    def new(k):
        L = k.layers
        return k.Sequential(
            [k.Input((3,)), L.Dense(4), L.Dense(5), L.EinsumDense("ab,bc->ac", 6, bias_axes="c")]
        )

    old(real).save_weights(tmp_path / "my_model.weights.h5")
    editor = KerasFileEditor(str(tmp_path / "my_model.weights.h5"))
    editor.delete_object("layers/dense_2")
    weights = {"0": rand(5, 6), "1": rand(6)}
    editor.add_object("layers/einsum_dense", weights=weights)
    editor.resave_weights(str(tmp_path / "edited_model.weights.h5"))
    kept = KerasFileEditor(tmp_path / "my_model.weights.h5").weights_dict["layers"]["dense"]
    for k in (keras, real):
        model = new(k)
        assert editor.compare(new(keras)) == {
            "status": "success", "error_count": 0, "match_count": 6,
        }  # fmt: skip
        model.load_weights(tmp_path / "edited_model.weights.h5")
        np.testing.assert_array_equal(np.asarray(model.layers[2].get_weights()[0]), weights["0"])
        np.testing.assert_array_equal(np.asarray(model.layers[0].get_weights()[0]), kept["0"])
    assert L is keras.layers


def test_compare(file, capsys):
    editor = KerasFileEditor(file)
    assert editor.compare(make(keras))["status"] == "success"
    found = editor.compare(make(keras, units=5))
    assert found["status"] == "error" and found["error_count"] == 2
    assert "Weight shape mismatch for /layers/dense_1/0" in capsys.readouterr().out
    i = keras.Input((4, 3))
    less = keras.Model(i, keras.layers.Dense(3)(i))
    found = editor.compare(less)
    assert found == {"status": "error", "error_count": 5, "match_count": 2}
    text = capsys.readouterr().out
    assert "Object /layers/lstm is in the file, not in the reference model" in text
    assert "Object /optimizer" in text
    editor.delete_weight("layers/dense", "1")
    editor.add_weights("layers/dense", {"new": rand(2)})
    assert editor.compare(less)["error_count"] == 7


def test_compare_counts_what_real_keras_counts(tmp_path):
    """Where its editor sees all of the file; its matches count objects too."""

    def flat(k, *units):
        return k.Sequential([k.Input((3,)), *(k.layers.Dense(n) for n in units)])

    flat(real, 3, 2).save_weights(tmp_path / "f.weights.h5")
    ours, theirs = (k.saving.KerasFileEditor(str(tmp_path / "f.weights.h5"))
                    for k in (keras, real))  # fmt: skip
    for units in ((3, 2), (3, 4), (3,), (3, 2, 1)):
        a, b = ours.compare(flat(keras, *units)), theirs.compare(flat(real, *units))
        assert (a["status"], a["error_count"]) == (b["status"], b["error_count"])


def test_rename(file, tmp_path):
    editor = KerasFileEditor(file)
    weights = editor.weights_dict["layers"]["lstm"]["cell"]["0"]
    editor.rename_object("lstm", "gru")
    editor.rename_object("layers/gru/cell", "heart")
    assert editor.weights_dict["layers"]["gru"]["heart"]["0"] is weights
    assert "/layers/gru/heart" in editor.object_metadata
    assert list(editor.weights_dict["layers"])[:3] == ["batch_normalization", "dense", "dense_1"]
    editor.save(tmp_path / "out.weights.h5")
    with h5py.File(tmp_path / "out.weights.h5") as f:
        assert f["layers/gru/heart/vars/0"].shape == (3, 8)
        assert f["layers/gru/heart/vars"].attrs["name"] == "lstm_cell"
    for old, new, match in (
        ("gru", "dense", "already"), ("gru", "layers/x", "leaf name"), ("nope", "x", "not appear"),
        ("layers/nope", "x", "not found"), ("dense", "y", "more than once"), ("gru", "", "plain"),
        ("gru", "vars", "'vars'"), ("gru", "..", "plain"), ("gru", 5, "plain"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=match):
            editor.rename_object(old, new)
    with pytest.raises(TypeError, match="a name is needed"):
        editor.rename_object(5, "x")


def test_add_and_delete(file):
    editor = KerasFileEditor(file)
    editor.add_object("layers/new", {"0": [[1, 2]], "inner": {"0": rand(2)}})
    editor.add_object("top", {})
    assert editor.weights_dict["layers"]["new"]["inner"]["0"].shape == (2,)
    editor.add_weights("new", {"1": np.ones(3, ml_dtypes.bfloat16)})
    editor.add_weights("layers/new/inner", {"0": np.zeros(5)})
    editor.delete_weight("new", "0")
    assert set(editor.weights_dict["layers"]["new"]) == {"inner", "1"}
    editor.delete_object("new")
    editor.delete_object("layers/lstm")
    editor.delete_object("optimizer")
    assert "lstm" not in editor.weights_dict["layers"] and "optimizer" not in editor.weights_dict
    assert not any("lstm" in at for at in editor.object_metadata)
    for call, match in (
        (lambda: editor.add_object("no/such/thing", {}), "Path 'no' not found"),
        (lambda: editor.add_object("layers/x", rand(3)), "should be a dict"),
        (lambda: editor.add_weights("layers/dense", 3), "should be a dict"),
        (lambda: editor.add_weights("layers/dense", {"a/b": rand(3)}), "plain text"),
        (lambda: editor.add_object("layers/dense/0", {}), "is a weight"),
        (lambda: editor.delete_weight("layers/dense", "9"), "Weight 9 not found in object"),
        (lambda: editor.delete_weight("layers", "dense"), "more than once|not found"),
        (lambda: editor.delete_object("zzz"), "not appear"),
    ):
        with pytest.raises(ValueError, match=match):
            call()
    for value in ("text", np.array(["a"]), np.array([None])):
        with pytest.raises(TypeError, match="arrays of numbers"):
            editor.add_weights("layers/dense", {"5": value})
    assert set(editor.weights_dict["layers"]["dense"]) == {"0", "1"}


def test_names_of_files(file, tmp_path):
    for name in ("m.h5", "m.weights.json", "m", "m.txt"):
        with pytest.raises(ValueError, match=r"must end in '\.keras' or '\.weights\.h5'"):
            KerasFileEditor(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        KerasFileEditor(tmp_path / "none.weights.h5")
    for name in ("m.keras", "m.h5", "m"):
        with pytest.raises(ValueError, match=r"expected a `\.weights\.h5` extension"):
            KerasFileEditor(file).save(tmp_path / name)
    with pytest.raises(ValueError, match="only local files"):
        KerasFileEditor("hf://a/b.keras")


def test_hostile_files(file, tmp_path):
    """It reads with the reader that all loads use."""
    with open(file, "rb") as f:
        good = f.read()
    place = "layers/dense/vars/0"
    for change, kind in (
        (swap(place, shape=(4, 3), dtype="f4", external=[("/etc/passwd", 0, 48)]),
         UnsafeModelError),
        (put("layers/evil", h5py.ExternalLink("/etc/x.h5", "/a")), UnsafeModelError),
        (put("layers/evil", h5py.SoftLink("/layers")), UnsafeModelError),
        (swap(place, shape=(1 << 20, 1 << 20), dtype="f4", chunks=(1024, 1024)), ModelFileError),
        (swap("layers/dense/7", data=[1.0]), ModelFileError),
        (swap("layers/sequential/vars/layers", data=[1.0]), ModelFileError),
        (swap(place, data=b"text"), ModelFileError),
    ):  # fmt: skip
        bad = tmp_path / "bad.weights.h5"
        bad.write_bytes(edit_h5(good, change))
        with pytest.raises(kind):
            KerasFileEditor(bad)
