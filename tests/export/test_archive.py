"""ExportArchive: functions of a model, chosen one by one."""

import pytest
import torch

import torchkeras as keras
from oracle import assert_close
from torchkeras import saved_model

TORCH = saved_model.SaveOptions(("torch",))
SPEC = keras.InputSpec(shape=(None, 3), dtype="float32")


@pytest.fixture
def model():
    row = [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dropout(0.5)]
    return keras.Sequential([*row, keras.layers.BatchNormalization()])


def written(archive, path):
    archive.write_out(path, options=TORCH, verbose=False)
    return saved_model.load(path)


def test_endpoints(model, tmp_path, capsys):
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(model)
    assert archive.add_endpoint("serve", model.call, input_signature=[SPEC]) == model.call
    archive.add_endpoint("call_training", lambda x: model(x, training=True), [SPEC])
    archive.add_endpoint("twice", lambda x, y: {"x": model(x), "y": 2 * y}, [SPEC, SPEC])
    archive.add_variable_collection("some", model.variables[:2])
    assert all(v is w for v, w in zip(archive.variables, model.variables, strict=True))
    assert len(archive.trainable_variables) == len(model.trainable_variables)
    assert len(archive.non_trainable_variables) == len(model.non_trainable_variables)
    archive.write_out(tmp_path / "m", options=TORCH)
    printed = capsys.readouterr().out
    assert "Saved artifact at" in printed
    assert "* Endpoint 'twice'\n  inputs: x float32 (None, 3)\n  inputs: y" in printed
    loaded, x = saved_model.load(tmp_path / "m"), torch.rand(5, 3)
    assert list(loaded.signatures) == ["serve", "call_training", "twice", "serving_default"]
    assert_close(loaded.serve(x), model(x))
    assert_close(loaded.signatures["serving_default"](x)["output_0"], model(x))
    assert_close(loaded.twice(x, x + 1), {"x": model(x), "y": 2 * x + 2})
    assert_close(loaded.some, model.variables[:2])
    assert len(loaded.variables) == len(model.state_dict())  # the functions have them in common
    assert (loaded.call_training(x) != model(x)).any()  # dropout, and the batch's own mean
    assert (loaded.serve(x) != model(x)).any()  # the moving mean has moved


def test_default_endpoint(model, tmp_path):
    archive = keras.export.ExportArchive()
    archive.add_endpoint("first", lambda x: x + 1, [SPEC])
    archive.add_endpoint("serving_default", lambda x: x + 2, [SPEC])
    loaded = written(archive, tmp_path / "m")
    zeros = torch.zeros(1, 3)
    assert_close(loaded.signatures["serving_default"](zeros)["output_0"], zeros + 2)


@pytest.mark.parametrize(
    "signature",
    [
        [{"x1": SPEC, "x2": keras.InputSpec(shape=(None, 2))}],
        [{"x2": keras.KerasTensor((None, 2)), "x1": torch.zeros(1, 3)}],
        None,
    ],
)
def test_structures_of_inputs(signature, tmp_path):
    x1, x2 = keras.Input((3,)), keras.Input((2,))
    model = keras.Model({"x1": x1, "x2": x2}, keras.layers.Concatenate()([x2, x1]))
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", model.call, input_signature=signature)
    data = {"x1": torch.rand(4, 3), "x2": torch.rand(4, 2)}
    loaded = written(archive, tmp_path / "m")
    assert_close(loaded.serve(data), model(data))
    assert_close(loaded.signatures["serve"](**data)["output_0"], model(data))


def test_list_of_inputs(tmp_path):
    x1, x2 = keras.Input((3,), name="l"), keras.Input((2,), name="r")
    model = keras.Model([x1, x2], keras.layers.Concatenate()([x2, x1]))
    specs = [SPEC, keras.InputSpec(shape=(None, 2), dtype="float32")]
    data = [torch.rand(4, 3), torch.rand(4, 2)]
    for signature in ([specs], specs, None):
        archive = keras.export.ExportArchive()
        archive.track_and_add_endpoint("serve", model, input_signature=signature)
        loaded = written(archive, tmp_path / "m")
        assert_close(loaded.serve(data), model(data))
        assert_close(loaded.signatures["serve"](l=data[0], r=data[1])["output_0"], model(data))


def test_bad_arguments(model, tmp_path):
    archive = keras.export.ExportArchive()
    with pytest.raises(ValueError, match="No endpoints have been set yet"):
        archive.write_out(tmp_path / "m")
    with pytest.raises(ValueError, match="a layer, model or torch module is needed"):
        archive.track(3)
    with pytest.raises(ValueError, match="fn must be callable"):
        archive.add_endpoint("serve", 3, [SPEC])
    with pytest.raises(ValueError, match="shapes and dtypes of the inputs are not known"):
        archive.add_endpoint("serve", lambda x: x)
    with pytest.raises(ValueError, match="shapes and dtypes of the inputs are not known"):
        archive.add_endpoint("serve", keras.Sequential([keras.layers.Dense(2)]))
    with pytest.raises(ValueError, match=r"takes 1 argument\(s\), but the signature has 2"):
        archive.add_endpoint("serve", lambda x: x, [SPEC, SPEC])
    with pytest.raises(ValueError, match=r"has 1 input\(s\)"):
        archive.add_endpoint("serve", model, [SPEC, SPEC])
    with pytest.raises(ValueError, match="a TensorSpec, InputSpec, KerasTensor or tensor"):
        archive.add_endpoint("serve", lambda x: x, [3])
    with pytest.raises(ValueError, match="a TensorSpec, InputSpec, KerasTensor or tensor"):
        archive.add_endpoint("serve", lambda x: x, [keras.InputSpec(ndim=2)])
    with pytest.raises(ValueError, match="Strings cannot be exported"):
        archive.add_endpoint("serve", lambda x: x, [keras.KerasTensor((None,), "string")])
    with pytest.raises(ValueError, match="the result must hold a tensor"):
        archive.add_endpoint("serve", lambda x: None, [SPEC])
    for name in ("signatures", "variables", "", 3):
        with pytest.raises(ValueError, match="name must be a string"):
            archive.add_endpoint(name, model)
    archive.add_endpoint("serve", model)
    with pytest.raises(ValueError, match="'serve' is already taken"):
        archive.add_endpoint("serve", model)
    with pytest.raises(ValueError, match="'serve' is already taken"):
        archive.add_variable_collection("serve", [])
    with pytest.raises(ValueError, match="a list, tuple or set of Variables"):
        archive.add_variable_collection("other", [3])
    with pytest.raises(TypeError, match=r"options must be a saved_model\.SaveOptions"):
        archive.write_out(tmp_path / "m", options=3)
    assert not list(tmp_path.iterdir())


def test_fixed_sizes_are_explained():
    def by_rows(x):
        return torch.stack([row * 2 for row in x])

    archive = keras.export.ExportArchive()
    with pytest.raises(ValueError, match=r"needs fixed sizes, give numbers .*x\[None, 3\]"):
        archive.add_endpoint("serve", by_rows, [SPEC])
    archive.add_endpoint("serve", by_rows, [keras.InputSpec(shape=(2, 3), dtype="float32")])


def test_the_model_stays_as_it_was(model):
    """Recording leaves modes, caches and weights alone."""
    model.train()
    bins = keras.layers.Discretization(bin_boundaries=[0.0, 1.0])
    for layer, shape in ((keras.layers.MelSpectrogram(), (4000,)), (bins, (3,))):
        keras.export.ExportArchive().add_endpoint(
            "f", keras.Sequential([keras.Input(shape), layer])
        )
        assert layer(torch.rand(2, *shape)).isfinite().all()
    before = model.get_weights()
    keras.export.ExportArchive().add_endpoint("serve", model)
    assert all(m.training for m in model.modules() if isinstance(m, keras.layers.Dropout))
    assert_close(model.get_weights(), before)
    model(torch.rand(2, 3)).sum().backward()
