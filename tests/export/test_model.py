"""`model.export`: formats, suffixes, and what is refused."""

import pytest
import torch

import torchkeras as keras
from oracle import assert_close
from torchkeras import saved_model


@pytest.fixture(scope="module")
def model():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def test_formats_by_suffix(model, tmp_path, capsys):
    x = torch.rand(7, 3)
    model.export(tmp_path / "m.pt2")
    assert_close(torch.export.load(tmp_path / "m.pt2").module()(x), model(x))
    model.export(tmp_path / "m", options=saved_model.SaveOptions(("torch",)))
    assert capsys.readouterr().out == ""
    assert_close(saved_model.load(tmp_path / "m").serve(x), model(x))
    assert list(saved_model.load(tmp_path / "m").signatures) == ["serve", "serving_default"]
    model.export(tmp_path / "n.pt2", format="torch", verbose=True, strict=False)
    assert capsys.readouterr().out == f"Saved artifact at '{tmp_path / 'n.pt2'}'.\n"


def test_input_signature(model, tmp_path):
    path = tmp_path / "m.pt2"
    for signature in (keras.InputSpec(shape=(4, 3)), [keras.Input((3,), batch_size=4)]):
        model.export(path, input_signature=signature)
        module = torch.export.load(path).module()
        assert module(torch.ones(4, 3)).shape == (4, 2)
        with pytest.raises(RuntimeError, match="to be equal to 4, but got 5"):
            module(torch.ones(5, 3))


@pytest.mark.parametrize(
    ("format", "hint"),
    [("tf_saved_model", "format='saved_model'"), ("tf", "format='saved_model'"),
     ("openvino", "OpenVINO reads ONNX"), ("litert", "litert-torch")],
)  # fmt: skip
def test_formats_of_others(model, format, hint, tmp_path):
    with pytest.raises(ValueError, match=f"format='{format}' cannot be written: .*{hint}"):
        model.export(tmp_path / "m", format=format)
    assert not list(tmp_path.iterdir())


def test_bad_arguments(model, tmp_path):
    with pytest.raises(ValueError, match=r"format must be one of \['saved_model', 'onnx', 'tor"):
        model.export(tmp_path / "m", format="pmml")
    with pytest.raises(ValueError, match=r"OpenVINO reads ONNX"):
        model.export(tmp_path / "m.xml")
    with pytest.raises(ValueError, match=r"ends in '\.pt2'"):
        model.export(tmp_path / "m", format="torch")
    with pytest.raises(ValueError, match=r"format='torch' takes \['dynamic_shapes'"):
        model.export(tmp_path / "m.pt2", opset_version=18)
    with pytest.raises(TypeError, match="unexpected keyword argument 'strict'"):
        model.export(tmp_path / "m.onnx", strict=True)
    with pytest.raises(ValueError, match="shapes and dtypes of the inputs are not known"):
        keras.Sequential([keras.layers.Dense(2)]).export(tmp_path / "m.pt2")
    strings = keras.Input((1,), dtype="string", name="words")
    lookup = keras.layers.StringLookup(vocabulary=["a"])
    with pytest.raises(ValueError, match=r"Strings cannot be exported.*'words'"):
        keras.Model(strings, lookup(strings)).export(tmp_path / "m.pt2")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", [lambda d: {0: d}, lambda d: ({0: d},), lambda d: [({0: d},)]])
def test_dynamic_shapes_of_a_torch_program(form, tmp_path):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
    batch = torch.export.Dim("batch", min=1, max=32)
    model.export(tmp_path / "m.pt2", dynamic_shapes=form(batch))
    program = torch.export.load(tmp_path / "m.pt2").module()
    for size in (1, 4, 32):
        assert program(torch.ones(size, 8)).shape == (size, 4)
    with pytest.raises(Exception, match="32"):
        program(torch.ones(33, 8))
