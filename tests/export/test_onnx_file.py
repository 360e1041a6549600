"""ONNX files are checked when written and when read; they never lead to another file."""

import os

import onnx
import pytest
import torch

import torchkeras as keras
from oracle import assert_close
from torchkeras.export import onnx_file
from torchkeras.export.signature import TensorSpec
from torchkeras.export.trace import trace
from torchkeras.saving.safety import ModelFileError, UnsafeModelError


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(64)])


@pytest.fixture(scope="module")
def translated(model):
    return onnx_file.translate(trace(model, [TensorSpec((None, 4), name="x")]))


def run(session, x):
    return session.run(None, {"x": x.numpy()})[0]


def test_large_weights_lie_beside(model, translated, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "_LARGEST", 100)
    path, x = tmp_path / "m.onnx", torch.rand(3, 4)
    assert onnx_file.write(translated, path) == ["m.onnx", "m.onnx.data"]
    assert sorted(os.listdir(tmp_path)) == ["m.onnx", "m.onnx.data"]
    assert_close(run(onnx_file.open_session(path, "m.onnx.data"), x), model(x))
    with pytest.raises(UnsafeModelError, match=r"takes weights from another file, 'm.onnx.data'"):
        onnx_file.open_session(path)
    # The weights may be no way to another file.
    (tmp_path / "m.onnx.data").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", tmp_path / "m.onnx.data")
    with pytest.raises(UnsafeModelError, match="a link to another file"):
        onnx_file.open_session(path, "m.onnx.data")
    os.unlink(tmp_path / "m.onnx.data")
    os.link(tmp_path / "elsewhere", tmp_path / "m.onnx.data")
    with pytest.raises(UnsafeModelError, match="a link to another file"):
        onnx_file.open_session(path, "m.onnx.data")


def test_files_elsewhere_are_not_read(translated, tmp_path):
    path = tmp_path / "m.onnx"
    onnx_file.write(translated, path)
    for place in ("/etc/passwd", "../secret", "other", ""):
        proto = onnx.load(path)
        tensor = proto.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=place)
        (tmp_path / "bad.onnx").write_bytes(proto.SerializeToString())
        with pytest.raises(UnsafeModelError, match="takes weights from another file"):
            onnx_file.open_session(tmp_path / "bad.onnx")
        with pytest.raises(UnsafeModelError, match="takes weights from another file"):
            onnx_file.open_session(tmp_path / "bad.onnx", "bad.onnx.data")
    # …nor from within the branch of an operator, where a glance at the initializers sees nothing.
    proto = onnx.load(path)
    hidden = onnx.helper.make_tensor("v", onnx.TensorProto.FLOAT, [1], [0.0])
    hidden.external_data.add(key="location", value="/etc/passwd")
    node = onnx.helper.make_node("Constant", [], ["c"], value=hidden)
    graph = onnx.helper.make_graph([node], "branch", [], [])
    proto.graph.node.append(onnx.helper.make_node("If", ["x"], ["y"], then_branch=graph))
    (tmp_path / "bad.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(UnsafeModelError, match="takes weights from another file"):
        onnx_file.open_session(tmp_path / "bad.onnx")


def test_strange_and_damaged_files(translated, tmp_path):
    path = tmp_path / "m.onnx"
    onnx_file.write(translated, path)
    proto = onnx.load(path)
    proto.opset_import.add(domain="com.stranger", version=1)
    (tmp_path / "bad.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(UnsafeModelError, match=r"operators of 'com\.stranger' are not known"):
        onnx_file.open_session(tmp_path / "bad.onnx")
    for data in (b"\x00" * 50, path.read_bytes()[:-20], b"no model"):
        (tmp_path / "bad.onnx").write_bytes(data)
        with pytest.raises(ModelFileError, match=r"bad\.onnx"):
            onnx_file.open_session(tmp_path / "bad.onnx")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="a regular file is needed"):
        onnx_file.open_session(tmp_path / "pipe")


@pytest.mark.parametrize("version", [17, 21])
def test_opset_version(version, model, tmp_path):
    model.export(tmp_path / "m.onnx", opset_version=version)
    assert onnx.load(tmp_path / "m.onnx").opset_import[0].version == version


def test_names_that_meet():
    """An output may be called as an input, or as a value within."""
    x = keras.Input((4,), name="addmm")
    model = keras.Model(x, {"addmm": keras.layers.Dense(2)(x), "output_0": x + 1})
    made = onnx_file.translate(trace(model, [TensorSpec((None, 4), name="addmm")]))
    assert [v.name for v in made.graph.inputs] == ["addmm"]
    assert [v.name for v in made.graph.outputs] == ["addmm_out", "output_0"]
    onnx.checker.check_model(onnx_file.require("onnx_ir").serde.serialize_model(made))


def test_what_onnx_has_no_words_for():
    with pytest.raises(ValueError, match=r"torch\.onnx cannot translate this model") as error:
        onnx_file.translate(trace(lambda x: torch.linalg.svdvals(x), [TensorSpec((None, 3, 3))]))
    assert "format='torch'" in str(error.value)
