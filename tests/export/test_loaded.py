"""What a loaded model takes, returns, and says when something does not fit."""

import json

import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import assert_close
from torchkeras import saved_model
from torchkeras.export.folder import MANIFEST
from torchkeras.saving.safety import ModelFileError, UnsafeModelError

TORCH = saved_model.SaveOptions(("torch",))


@pytest.fixture(scope="module")
def model():
    a, b = keras.Input((3,), name="a"), keras.Input((2,), dtype="int32", name="b")
    h = keras.layers.Concatenate()([a, keras.ops.cast(b, "float32")])
    return keras.Model([a, b], {"sum": keras.layers.Dense(1)(h), "all": [h, a]})


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "m"
    saved_model.save(model, path, options=TORCH)
    return path


@pytest.fixture(scope="module")
def loaded(folder):
    return saved_model.load(folder)


def test_inputs_by_name_place_and_structure(model, loaded):
    serve = loaded.signatures["serving_default"]
    a, b = torch.rand(5, 3), torch.randint(0, 9, (5, 2), dtype=torch.int32)
    want = model([a, b])
    named = {"sum": want["sum"], "all_output_0": want["all"][0], "all_output_1": want["all"][1]}
    for result in (
        serve(a=a, b=b),
        serve(a, b),
        serve(a, b=b),
        serve({"b": b, "a": a}),
        serve([a, b]),
        serve(a.double().numpy(), b.numpy().astype("int64")),
        serve(a.tolist(), b.tolist()),
    ):
        assert_close(result, named)
    assert_close(loaded([a, b]), want)
    assert_close(loaded.serving_default((a.numpy(), b.numpy())), want)
    assert not loaded([a, b])["sum"].requires_grad


def test_specs(loaded):
    serve = loaded.signatures["serving_default"]
    names = ["sum", "all_output_0", "all_output_1"]
    assert [(s.name, s.shape, s.dtype) for s in serve.inputs] == [
        ("a", (None, 3), "float32"), ("b", (None, 2), "int32"),
    ]  # fmt: skip
    assert list(serve.structured_outputs) == names == [s.name for s in serve.outputs]
    assert list(serve.structured_input_signature[1]) == ["a", "b"]
    assert repr(serve).startswith("<SignatureFunction serving_default(a: float32[None, 3], b: ")
    assert "serving_default" in dir(loaded)


def test_what_does_not_fit(loaded):
    serve = loaded.signatures["serving_default"]
    a, b = torch.rand(5, 3), torch.ones(5, 2, dtype=torch.int32)
    for args, kwargs in (((a,), {}), ((a, b, b), {}), ((a,), {"c": b}), ((a,), {"a": a, "b": b})):
        with pytest.raises(TypeError, match=r"takes the inputs \['a', 'b'\]"):
            serve(*args, **kwargs)
    with pytest.raises(ValueError, match=r"input 'a' must have shape \(None, 3\). .*\(5, 4\)"):
        serve(torch.rand(5, 4), b)
    with pytest.raises(ValueError, match=r"input 'b' must have shape \(None, 2\)"):
        serve(a, b[0])
    with pytest.raises(TypeError, match=r"input 'b' must be int32. Received: torch.float32"):
        serve(a, b.float())
    with pytest.raises(TypeError, match=r"the arguments are \[\['a', 'b'\]\]"):
        loaded(a, b)
    with pytest.raises(KeyError):
        loaded.signatures["other"]
    with pytest.raises(AttributeError, match=r"has no 'serve'; its functions are \['serving_def"):
        loaded.serve


def test_weights_and_training(model, loaded):
    assert len(loaded.trainable_variables) == 2
    assert not loaded.non_trainable_variables
    assert_close(loaded.variables, model.get_weights())
    module = loaded.module()
    module([torch.rand(2, 3), torch.ones(2, 2, dtype=torch.int32)])["sum"].sum().backward()
    assert all(v.grad is not None for v in loaded.trainable_variables)


def test_runtimes(folder):
    with pytest.raises(ValueError, match=r"not saved for runtime='onnx', only for \['torch'\]"):
        saved_model.load(folder, runtime="onnx")
    with pytest.raises(ValueError, match="runtime must be one of"):
        saved_model.load(folder, runtime="tensorflow")


def test_no_saved_model(folder, tmp_path):
    with pytest.raises(FileNotFoundError):
        saved_model.load(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"holds no saved_model\.json"):
        saved_model.load(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="a SavedModel of TensorFlow"):
        saved_model.load(tmp_path)
    with pytest.raises(ValueError, match="only local files"):
        saved_model.load("gs://bucket/model")
    assert saved_model.contains_saved_model(folder)
    assert not saved_model.contains_saved_model(tmp_path)


@pytest.fixture
def copy(folder, tmp_path):
    path = tmp_path / "copy"
    path.mkdir()
    for file in folder.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    return path


def test_changed_files_are_refused(copy):
    program = copy / "serving_default.pt2"
    data = bytearray(program.read_bytes())
    data[len(data) // 2] ^= 1
    program.write_bytes(data)
    with pytest.raises(ModelFileError, match=r"serving_default\.pt2: damaged"):
        saved_model.load(copy)
    program.unlink()
    with pytest.raises(FileNotFoundError):
        saved_model.load(copy)
    program.symlink_to("/etc/passwd")
    with pytest.raises(ModelFileError, match="no link"):
        saved_model.load(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(version=2),
        lambda m: m.update(format="other"),
        lambda m: m.pop("endpoints"),
        lambda m: m.update(signatures={"a": "nothing"}),
        lambda m: m["endpoints"]["serving_default"].update(torch="../serving_default.pt2"),
        lambda m: m["endpoints"]["serving_default"]["files"].update({"../x": {"sha256": ""}}),
        lambda m: m["endpoints"]["serving_default"].update(arguments=[5]),
        lambda m: m["endpoints"]["serving_default"]["inputs"][0].update(dtype="object"),
        lambda m: m["endpoints"]["serving_default"]["inputs"][0].update(shape=[-5]),
        lambda m: m["endpoints"]["serving_default"].update(torch=None),
    ],
)
def test_manifests_are_checked(copy, change):
    manifest = json.loads((copy / MANIFEST).read_text())
    change(manifest)
    (copy / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ModelFileError, match=r"saved_model\.json: not a manifest"):
        saved_model.load(copy)


def test_collections_are_plain_tensors(copy, tmp_path):
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    archive = keras.export.ExportArchive()
    archive.track_and_add_endpoint("serve", layer)
    archive.add_variable_collection("kept", [layer.kernel, torch.arange(3)])
    archive.write_out(tmp_path / "m", options=TORCH, verbose=False)
    kept = saved_model.load(tmp_path / "m").kept
    assert [type(v) for v in kept] == [torch.Tensor] * 2
    assert_close(kept, [layer.kernel, np.arange(3)])

    class Bad:
        def __reduce__(self):
            return print, ("code ran",)

    torch.save({"kept": [Bad()]}, tmp_path / "m" / "collections.pt")
    with pytest.raises(ModelFileError, match="damaged"):
        saved_model.load(tmp_path / "m")


def test_refused_programs_are_named(copy, model):
    """A whole folder by a stranger, hashes and all, computes with tensors or is refused."""
    import hashlib
    import zipfile

    name = "serving_default.pt2"
    data = {}
    with zipfile.ZipFile(copy / name) as old:
        data = {n: old.read(n) for n in old.namelist()}
    graph = next(n for n in data if n.endswith("models/model.json"))
    data[graph] = data[graph].replace(b"torch.ops.aten.cat.default", b"torch.os.system")
    with zipfile.ZipFile(copy / name, "w") as new:
        for n, d in data.items():
            new.writestr(n, d)
    manifest = json.loads((copy / MANIFEST).read_text())
    content = (copy / name).read_bytes()
    mark = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest["endpoints"]["serving_default"]["files"][name] = mark
    (copy / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(UnsafeModelError, match=r"'torch.os.system' is no operation on tensors"):
        saved_model.load(copy)
