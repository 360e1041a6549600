"""`.safetensors` and `.npz`: real clients read what we write, and we read what they write."""

import json
import struct
import sys

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from saving.pickled import leaves
from saving.zoo import MODELS

import torchkeras
from torchkeras.saving import ModelFileError

L = torchkeras.layers
SUFFIXES = (".safetensors", ".npz")


@pytest.fixture(params=SUFFIXES)
def suffix(request):
    return request.param


def read(path):
    """Name -> array, by the library that the format belongs to."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as found:
            return {k: found[k] for k in found}
    return {k: torchkeras.ops.convert_to_numpy(v)
            for k, v in safetensors.torch.load_file(path).items()}  # fmt: skip


def write(path, arrays):
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        arrays = {k: np.require(v, requirements="C") for k, v in arrays.items()}
        safetensors.numpy.save_file(arrays, path)


def moved(model):
    model.set_weights([
        (np.asarray(w) + 0.25).astype(w.dtype) if w.dtype.kind in "fV" else w
        for w in model.get_weights()
    ])  # fmt: skip
    return model


@pytest.mark.parametrize("name", [n for n in MODELS if n != "subclass"])
def test_round_trip(name, suffix, tmp_path):
    model, x = MODELS[name](torchkeras)
    path = tmp_path / f"w{suffix}"
    moved(model).save_weights(path)
    found = read(path)
    assert set(found) <= set(model.state_dict())
    for key, value in model.state_dict().items():
        if key in found:
            array = torchkeras.ops.convert_to_numpy(value)
            assert array.tobytes() == np.ascontiguousarray(found[key]).tobytes()
            assert found[key].shape == tuple(value.shape)
    again = MODELS[name](torchkeras)[0]
    again.load_weights(path, strict=True)
    for a, b in zip(leaves(model.predict(x, verbose=0)), leaves(again.predict(x, verbose=0)),
                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["dense", "convnet", "sequence", "torch_module"])
def test_files_of_others(name, suffix, tmp_path):
    model, x = MODELS[name](torchkeras)
    arrays = {k: v.numpy().copy() for k, v in moved(model).state_dict().items() if "seed" not in k}
    path = tmp_path / f"w{suffix}"
    write(path, {f"module.{k}": v for k, v in arrays.items()})
    again = MODELS[name](torchkeras)[0]
    again.load_weights(path, strict=True)
    assert torch.equal(again(x), model(x))
    write(path, {k: v.astype("f2") if v.dtype == "f4" else v for k, v in arrays.items()})
    with pytest.raises(ModelFileError, match="file float16, model float32; cast=True converts"):
        again.load_weights(path)
    again.load_weights(path, cast=True)
    del arrays[next(iter(arrays))]
    write(path, arrays)
    with pytest.raises(ModelFileError, match="missing in the file"):
        again.load_weights(path)


def test_npz_of_numpy(tmp_path):
    """Packed, in Fortran's order, of the other byte order, of zeros that pack a thousand times."""
    model = torchkeras.Sequential([torchkeras.Input((700,)), L.Dense(900, name="d")])
    k = np.random.default_rng(0).normal(size=(700, 900)).astype("f4")
    k[:, 5:] = 0
    path = tmp_path / "w.npz"
    for kernel in (k, np.asfortranarray(k), k.astype(">f4")):
        for save in (np.savez, np.savez_compressed):
            save(path, **{"d.kernel": kernel, "d.bias": np.ones(900, "f4")})
            model.load_weights(path)
            np.testing.assert_array_equal(model.layers[0].kernel.detach(), k)
            model.layers[0].kernel.assign(k * 0)


def test_names_that_zip_or_numpy_could_confuse(suffix, tmp_path):
    model = torchkeras.Sequential(
        [torchkeras.Input((2,)), *(L.Dense(2, name=n) for n in ("A", "a", "file", "é", "arr_0"))]
    )
    again = torchkeras.models.clone_model(model)
    path = tmp_path / f"w{suffix}"
    model.save_weights(path)
    assert set(read(path)) == set(model.state_dict())
    again.load_weights(path, strict=True)
    assert torch.equal(again(torch.ones(1, 2)), model(torch.ones(1, 2)))


def test_bfloat16(suffix, tmp_path):
    model = torchkeras.Sequential([torchkeras.Input((4,)), L.Dense(3, dtype="bfloat16", name="d")])
    path = tmp_path / f"w{suffix}"
    model.save_weights(path)
    found = read(path)["d.kernel"]
    np.testing.assert_array_equal(
        found.view(ml_dtypes.bfloat16).astype("f4"), model.layers[0].kernel.detach().float()
    )
    again = torchkeras.models.clone_model(model)
    again.load_weights(path)
    assert torch.equal(again.layers[0].kernel, model.layers[0].kernel)
    other = torchkeras.Sequential([torchkeras.Input((4,)), L.Dense(3, name="d")])
    with pytest.raises(ModelFileError, match=r"no type|file bfloat16, model float32"):
        other.load_weights(path)


def test_tied_weights_in_safetensors(tmp_path):
    """They go in once, as `safetensors.torch.save_model` does it, whose reader finds them."""
    layer = L.SpectralNormalization(L.Dense(3))
    model = torchkeras.Sequential([torchkeras.Input((4,)), layer])
    path = tmp_path / "w.safetensors"
    model.save_weights(path)
    assert len(read(path)) == len(model.state_dict()) - 1
    again = torchkeras.Sequential([torchkeras.Input((4,)), L.SpectralNormalization(L.Dense(3))])
    again.load_weights(path, strict=True)
    assert torch.equal(again(torch.ones(2, 4)), model(torch.ones(2, 4)))
    names = dict(zip(model.state_dict(), again.state_dict(), strict=True))
    twin = torch.nn.Module()
    twin.spectral_normalization = torchkeras.layers.SpectralNormalization(L.Dense(3))
    twin.spectral_normalization.build((None, 4))
    assert len(names) == len(model.state_dict())
    twin._modules = {next(iter(model.state_dict())).partition(".")[0]: twin.spectral_normalization}
    missing, unexpected = safetensors.torch.load_model(twin, path)
    assert not missing and not unexpected
    assert torch.equal(twin._modules.popitem()[1].layer.kernel, layer.layer.kernel)


def test_safetensors_save_model_of_a_torch_module(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    model = torchkeras.Model(module=module)
    other = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    safetensors.torch.save_model(other, str(tmp_path / "w.safetensors"))
    prefixed = safetensors.torch.load_file(tmp_path / "w.safetensors")
    safetensors.torch.save_file(
        {f"module.{k}": v for k, v in prefixed.items()}, tmp_path / "w.safetensors"
    )
    model.load_weights(tmp_path / "w.safetensors", strict=True)
    assert torch.equal(module[0].weight, other[0].weight)


def test_header(tmp_path):
    model, _ = MODELS["dense"](torchkeras)
    path = tmp_path / "w.safetensors"
    model.save_weights(path)
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + struct.unpack_from("<Q", data)[0]])
    assert header["__metadata__"]["format"] == "pt"
    assert set(json.loads(header["__metadata__"]["torchkeras_crc32"])) == set(header) - {
        "__metadata__"
    }


def test_optimizer_is_not_held(suffix, tmp_path):
    model, _ = MODELS["dense"](torchkeras)
    model.compile("adam", "mse")
    path = tmp_path / f"w{suffix}"
    model.save_weights(path)
    model.load_weights(path)
    with pytest.raises(ModelFileError, match="the file has none"):
        model.load_weights(path, require_optimizer=True)
    for call in (model.save, torchkeras.saving.load_model):
        with pytest.raises(ValueError, match=f"'{suffix}', which holds weights alone"):
            call(path)


def test_values(suffix, tmp_path):
    model, _ = MODELS["dense"](torchkeras)
    path = tmp_path / f"w{suffix}"
    arrays = {k: v.numpy().copy() for k, v in model.state_dict().items()}
    name = next(iter(arrays))
    arrays[name][0] = np.nan
    write(path, arrays)
    with pytest.raises(ModelFileError, match="holds NaN"):
        model.load_weights(path, check_finite=True)
    with pytest.warns(UserWarning, match="NaN or infinity in"):
        model.load_weights(path)
    write(path, {**arrays, name: np.zeros((5, 3), "f4")})
    with pytest.raises(ModelFileError, match=r"/kernel: file \(5, 3\), model \(4, 3\)"):
        model.load_weights(path)
    with pytest.warns(UserWarning, match="skipped what does not fit"):
        model.load_weights(path, skip_mismatch=True)


def test_module_that_keeps_more_than_tensors(suffix, tmp_path):
    class Extra(torch.nn.Linear):
        def get_extra_state(self):
            return {"a": 1}

        def set_extra_state(self, state):
            assert state == {"a": 1}

    model = torchkeras.Model(module=Extra(2, 2))
    with pytest.raises(ValueError, match="this format holds tensors only"):
        model.save_weights(tmp_path / f"w{suffix}")
    assert not list(tmp_path.iterdir())


def test_without_the_library(monkeypatch, tmp_path):
    model, _ = MODELS["dense"](torchkeras)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    model.save_weights(tmp_path / "w.safetensors")
    with pytest.raises(ImportError, match=r'pip install "torchkeras\[safetensors\]"'):
        model.load_weights(tmp_path / "w.safetensors")
