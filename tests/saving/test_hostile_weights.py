"""Weights that do not fit the model: nothing changes, or one warning tells."""

import warnings

import h5py
import numpy as np
import pytest
from saving.containers import P, add_weights
from saving.damage import edit_h5, put, rezip, swap
from saving.hostile import MFE

import torchkeras
from torchkeras.saving import ModelFileError


@pytest.mark.safety("W1")
def test_w1_shapes(batch):
    batch.every = True
    for name, data, text in (
        ("transposed", np.ones((3, 4), "f4"), "file (3, 4), model (4, 3)"),
        ("flat", np.ones(12, "f4"), "file (12,), model (4, 3)"),
        ("same count", np.ones((2, 6), "f4"), "file (2, 6), model (4, 3)"),
        ("more dimensions", np.ones((1, 4, 3), "f4"), "file (1, 4, 3), model (4, 3)"),
        ("scalar", np.float32(1), "file (), model (4, 3)"),
    ):
        add_weights(batch, name, lambda p, d=data: swap(p, data=d), MFE, text)
        add_weights(batch, f"{name} kernel", lambda p, d=data: swap(p, data=d), MFE, "dense/kernel")

    def second(path):
        other = path.replace("/dense/", "/dense_1/").replace("vars/0", "vars/1")
        return swap(other.replace("kernel", "bias"), data=np.ones((1, 2), "f4"))

    add_weights(batch, "another layer", second, MFE, "dense_1/bias")
    batch.run()


@pytest.mark.safety("W1")
@pytest.mark.parametrize("suffix", [".weights.h5", ".h5", ".pt", ".safetensors", ".npz"])
def test_w1_a_number_and_a_vector_of_one(tmp_path, suffix):
    L = torchkeras.layers

    def make(first, units=1):
        layers = [L.Input((2,)), L.Dense(first), L.Dense(units)]
        return torchkeras.Sequential(layers)

    path = tmp_path / f"m{suffix}"
    make(3, 2).save_weights(path)
    model = make(3)
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=r"file \(3, 2\), model \(3, 1\)"):
        model.load_weights(path)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    if suffix == ".weights.h5":
        model.save_weights(path)
        path.write_bytes(edit_h5(path, swap("layers/dense_1/vars/1", data=np.float32(5))))
        with pytest.raises(ModelFileError, match=r"dense_\d+/bias: file \(\), model \(1,\)"):
            model.load_weights(path)
        assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.safety("W2")
def test_w2_missing_and_surplus(batch):
    def without(find):
        return lambda path: lambda f: f.__delitem__(find(path))

    def other(path):
        return "layers/dense_1" if path == P else "model_weights/dense_1"

    batch.every = True
    add_weights(batch, "no layer", without(other), MFE, "dense_1")
    add_weights(batch, "no kernel", without(lambda p: p), MFE, "dense")
    surplus = put("layers/zzz/vars/0", np.ones(2, "f4"))
    only = ("weights.h5", "keras", "folder")
    add_weights(batch, "group, strict", lambda p: surplus, MFE, "zzz", only, strict=True)
    add_weights(batch, "group", lambda p: surplus, "loads", only=only)
    third = put("layers/dense/vars/2", np.ones(2, "f4"))
    add_weights(batch, "third", lambda p: third, MFE, "vars/2", only)
    batch.run()


@pytest.mark.safety("W2")
def test_w2_lists_the_first_ten(tmp_path):
    L = torchkeras.layers
    small = torchkeras.Sequential([L.Input((2,)), L.Dense(2)])
    large = torchkeras.Sequential([L.Input((2,)), *(L.Dense(2) for _ in range(14))])
    small.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ModelFileError) as found:
        large.load_weights(tmp_path / "m.weights.h5")
    text = found.value.message
    assert [n for n in range(14) if f"layers/dense_{n}: 2 weights" in text] == list(range(1, 11))
    assert "and 3 more" in text
    assert len(str(found.value)) <= 500


def load(files, tmp_path, change, **options):
    data = edit_h5(files / "good.weights.h5", change)
    path = tmp_path / "m.keras"
    path.write_bytes(rezip(files / "good.keras", {"model.weights.h5": data}))
    return torchkeras.saving.load_model(path, **options)


def nan(f):
    f[P][0, 0] = np.nan


def infinity(f):
    f[P][1, 1] = -np.inf


def none(f):
    del f["optimizer"]


def shorter(f):
    del f["optimizer/vars/5"]


def another(f):
    """As RMSprop's: one slot for each weight."""
    for i in range(6, 10):
        del f[f"optimizer/vars/{i}"]


@pytest.mark.safety("W2", "W3", "W4")
@pytest.mark.parametrize(
    ("change", "match"),
    [
        (nan, "NaN or infinity in .*dense/kernel"),
        (infinity, "NaN or infinity in .*dense/kernel"),
        (put("layers/zzz/vars/0", np.ones(2, "f4")), "no place for: layers/zzz"),
        (none, "optimizer state not restored: 0 variables in the file"),
        (shorter, "optimizer state not restored"),
        (another, "optimizer state not restored: 6 variables in the file, 10 in the model's Adam"),
        (swap("optimizer/vars/2", data=np.ones(9, "f4")), "optimizer state not restored"),
    ],
    ids=["nan", "infinity", "surplus", "no optimizer", "shorter", "another", "shape"],
)
def test_w2_w3_w4_load_with_one_warning(files, tmp_path, change, match):
    with pytest.warns(UserWarning, match=match) as seen:
        model = load(files, tmp_path, change)
    assert len(seen) == 1
    assert model.layers[0].kernel.shape == (4, 3)
    with h5py.File(files / "good.weights.h5") as good:
        np.testing.assert_array_equal(model.layers[1].kernel.numpy(), good["layers/dense_1/vars/0"])


@pytest.mark.safety("W3", "W4")
@pytest.mark.parametrize(
    ("change", "options", "match"),
    [
        (nan, {"check_finite": True}, "dense/kernel holds NaN"),
        (infinity, {"check_finite": True}, "dense/kernel holds NaN or infinity"),
        (none, {"require_optimizer": True}, "optimizer"),
        (shorter, {"require_optimizer": True}, "optimizer"),
        (another, {"require_optimizer": True}, "optimizer"),
    ],
    ids=["nan", "infinity", "no optimizer", "shorter", "another"],
)
def test_w3_w4_are_errors_on_demand(files, tmp_path, change, options, match):
    with pytest.raises(ModelFileError, match=match) as found:
        load(files, tmp_path, change, **options)
    assert "m.keras" in str(found.value)


@pytest.mark.safety("W3", "W4")
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".pt"])
def test_w3_w4_in_every_format_of_models(tmp_path, suffix):
    """Weights that are no numbers are told of once; the state of another optimizer as well."""
    L = torchkeras.layers

    def make(optimizer):
        model = torchkeras.Sequential([L.Input((2,)), L.Dense(2)])
        model.compile(optimizer, "mse")
        model.fit(np.ones((2, 2)), np.ones((2, 2)), verbose=0)
        return model

    path = tmp_path / f"m{suffix}"
    model = make("adam")
    model.layers[0].bias.assign([1.0, np.nan])
    model.save(path)
    load_model = torchkeras.saving.load_model
    with pytest.warns(UserWarning, match="NaN or infinity in .*bias") as seen:
        loaded = load_model(path)
    assert len(seen) == 1 and np.isnan(loaded.get_weights()[1][1])
    with pytest.raises(ModelFileError, match=r"bias.*holds NaN"):
        load_model(path, check_finite=True)
    make("adam").save(path)
    other = make("rmsprop")
    before = [v.detach().numpy().copy() for v in other.optimizer.variables]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        other.load_weights(path)
    if suffix == ".h5":  # load_weights takes no optimizer's state from a whole model
        assert not seen
    else:
        assert len(seen) == 1 and "optimizer state not restored" in str(seen[0].message)
        with pytest.raises(ModelFileError, match="optimizer"):
            other.load_weights(path, require_optimizer=True)
    for v, b in zip(other.optimizer.variables, before, strict=True):
        np.testing.assert_array_equal(v.detach().numpy(), b)
