"""`saved_model.save`: functions, specs and objects in every form."""

import os
import sys

import pytest
import torch
from saving.faults import sweep

import torchkeras as keras
from oracle import assert_close
from torchkeras import saved_model
from torchkeras.export import folder
from torchkeras.saved_model import SaveOptions, TensorSpec, function

TORCH = SaveOptions(("torch",))
X = torch.rand(5, 3)


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2)])


def saved(obj, path, signatures=None):
    saved_model.save(obj, path, signatures, TORCH)
    return saved_model.load(path)


def test_the_notes_example(model, tmp_path):
    """`saved_model.save(obj, "path/to/save", signatures, options)`, as the notes have it."""
    path = str(tmp_path / "path" / "to" / "save")
    os.makedirs(os.path.dirname(path))
    saved_model.save(model, path, None, None)
    assert sorted(os.listdir(path)) == [
        "saved_model.json", "serving_default.onnx", "serving_default.pt2",
    ]  # fmt: skip
    assert_close(saved_model.load(path).signatures["serving_default"](X)["output_0"], model(X))
    onnx = saved_model.load(path, runtime="onnx")
    assert_close(onnx.signatures["serving_default"](x=X)["output_0"], model(X))


def test_forms_of_signatures(model, tmp_path):
    path = tmp_path / "m"

    @function(input_signature=[TensorSpec((None, 3), name="pixels")])
    def probabilities(x):
        return {"p": torch.softmax(model(x), -1)}

    def both(a, b):
        return model(a), model(b)

    want = torch.softmax(model(X), -1)
    loaded = saved(model, path, probabilities)
    assert_close(loaded.signatures["serving_default"](pixels=X)["p"], want)
    loaded = saved(
        model,
        path,
        {
            "p": probabilities,
            "model": model,
            "call": model.call,
            "like the model": lambda x: {"logits": model(x)},
            "both": (both, [TensorSpec((None, 3)), TensorSpec((1, 3))]),
            "one": TensorSpec((1, 3), name="single"),
        },
    )
    assert list(loaded.signatures) == ["p", "model", "call", "like the model", "both", "one"]
    assert_close(loaded.signatures["p"](X)["p"], want)
    for name, key in (("model", "output_0"), ("call", "output_0"), ("like the model", "logits")):
        assert_close(loaded.signatures[name](X)[key], model(X))
    got = loaded.signatures["both"](a=X, b=X[:1])
    assert_close([got["output_0"], got["output_1"]], [model(X), model(X[:1])])
    assert_close(loaded.signatures["one"](single=X[:1])["output_0"], model(X[:1]))
    with pytest.raises(ValueError, match=r"must have shape \(1, 3\)"):
        loaded.signatures["one"](X)
    for spec in (keras.InputSpec(shape=(None, 3)), keras.Input((3,)), X, [TensorSpec([None, 3])]):
        assert_close(
            saved(model, path, spec).signatures["serving_default"](X)["output_0"], model(X)
        )


def test_dicts_of_specs_for_dicts_of_inputs(tmp_path):
    a, b = keras.Input((3,)), keras.Input((2,))
    model = keras.Model({"a": a, "b": b}, keras.layers.Concatenate()([a, b]))
    specs = {"b": TensorSpec((None, 2)), "a": TensorSpec((None, 3))}
    for signatures in (specs, {"serving_default": specs}, None):
        loaded = saved(model, tmp_path / "m", signatures)
        got = loaded.signatures["serving_default"](a=X, b=X[:, :2])
        assert_close(got["output_0"], model({"a": X, "b": X[:, :2]}))


class Toolbox:
    """An object that is no module, with functions."""

    def __init__(self):
        self.net = keras.layers.Dense(2)
        self.net.build((None, 3))
        self.notes = "kept out"

    @function(input_signature=[TensorSpec((None, 3))])
    def predict(self, x):
        return self.net(x)

    @function(input_signature=[TensorSpec((None,), "int64", "n")])
    def double(self, n):
        return 2 * n

    def other(self, x):
        return x


def test_objects_with_functions(tmp_path):
    box = Toolbox()
    loaded = saved(box, tmp_path / "m")
    assert not loaded.signatures  # as in TensorFlow: none was named
    assert_close(loaded.predict(X), box.predict(X))
    assert loaded.double([1, 2]).tolist() == [2, 4]
    assert len(loaded.trainable_variables) == 2
    loaded = saved(box, tmp_path / "m", {"p": box.predict})
    assert list(loaded.signatures) == ["p"]
    assert loaded.double([3]).tolist() == [6]


def test_layers_and_torch_modules(tmp_path):
    layer = keras.layers.Dense(2)
    layer(X)
    loaded = saved(layer, tmp_path / "m")
    assert_close(loaded(X), layer(X))
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout())
    loaded = saved(module, tmp_path / "m", TensorSpec((None, 3)))
    assert module.training
    assert_close(loaded.signatures["serving_default"](input=X)["output_0"], module.eval()(X))
    model = keras.Model.from_module(module.train())
    assert_close(saved(model, tmp_path / "m", TensorSpec((None, 3)))(X), module.eval()(X))


def test_what_cannot_be_saved(model, tmp_path):
    path = tmp_path / "m"
    for obj in (object(), keras.Variable(3.0)):
        with pytest.raises(ValueError, match=r"there is nothing to save\. Give signatures"):
            saved_model.save(obj, path)
    for obj in (torch.nn.Linear(3, 2), keras.Sequential([keras.layers.Dense(2)])):
        with pytest.raises(ValueError, match="shapes and dtypes of the inputs are not known"):
            saved_model.save(obj, path)
    with pytest.raises(ValueError, match="gives inputs only, and obj cannot be called"):
        saved_model.save(object(), path, TensorSpec((None, 3)))
    for bad in (3, {"a": 3}, "text"):
        with pytest.raises(ValueError, match="neither a function nor a spec"):
            saved_model.save(model, path, bad)
    with pytest.raises(ValueError, match="names are strings"):
        saved_model.save(model, path, {3: model})
    with pytest.raises(ValueError, match="formats must hold"):
        SaveOptions(("tflite",))
    with pytest.raises(ValueError, match="sizes must not be negative"):
        TensorSpec((-1, 3))
    with pytest.raises(ValueError, match="only local files"):
        saved_model.save(model, "gs://bucket/m")
    assert not path.exists()


def content(path):
    return {p.name: p.read_bytes() for p in path.iterdir()}


def test_folders_of_other_things_stay(model, tmp_path):
    path = tmp_path / "m"
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds other things"):
        saved_model.save(model, path, options=TORCH)
    assert content(path) == {"thesis.tex": b"years of work"}
    with pytest.raises(FileExistsError, match="holds other things"):
        model.export(tmp_path / "m" / "thesis.tex", format="saved_model", options=TORCH)
    assert os.listdir(tmp_path) == ["m"]


def test_a_save_that_fails_leaves_the_old_folder(model, tmp_path, monkeypatch):
    path = tmp_path / "m"
    saved_model.save(model, path, options=TORCH)
    before = content(path)
    monkeypatch.setattr(folder.program, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        saved_model.save(model, path, options=TORCH)
    assert content(path) == before
    assert os.listdir(tmp_path) == ["m"]


@pytest.mark.sweep
@pytest.mark.parametrize("error", [None, 28])
def test_every_failure_leaves_a_whole_folder(tmp_path, error):
    """Killed, or without space, at each call of the file system: the old model or the new."""
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    path = tmp_path / "m"

    def save(value):
        layer.kernel.assign(torch.full((2, 1), value))
        saved_model.save(layer, path, options=TORCH)

    save(1.0)
    for outcome in sweep(lambda: save(2.0), error, lambda: save(1.0)):
        assert outcome in ("finished", "killed", "os error", "ok")
        assert float(saved_model.load(path)(torch.ones(1, 2))) in (2.0, 4.0)


def test_without_onnx(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)  # as if it were not there
    for write in (
        lambda: saved_model.save(model, tmp_path / "m"),
        lambda: model.export(tmp_path / "m.onnx"),
        lambda: model.export(tmp_path / "m"),
    ):
        with pytest.raises(ImportError) as error:
            write()
        assert str(error.value) == 'onnx is needed here: pip install "torchkeras[onnx]"'
    assert not list(tmp_path.iterdir())
    assert_close(saved(model, tmp_path / "m")(X), model(X))
