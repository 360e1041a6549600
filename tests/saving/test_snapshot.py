"""Snapshots: what goes in comes out, and nothing else does."""

import json
import math
import zipfile

import numpy as np
import pytest
import torch
from saving.damage import edit_h5, flip, rezip

import torchkeras as keras
from torchkeras.saving import snapshot, weights
from torchkeras.saving.safety import ModelFileError, UnsafeModelError


def model(units=2):
    made = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(units), keras.layers.Dropout(0.5)]
    )
    made.compile("adam", "mse")
    made.fit(np.ones((4, 3)), np.ones((4, units)), verbose=0)
    return made


STATE = {
    "numbers": [0, -5, 2**70, 1.5, 1e-300, 0.1, True, False, None],
    "odd": [math.inf, -math.inf],
    "text": ["", "ü\U0001f600", "a\nb", "$array"],
    "nested": {"a": {"b": [[], {}, [[1]]]}, "": 1},
    "keys": {1: "a", "$array": 3, None: 2, 2.5: "x", False: "y"},
    "marks": {"$float": "nan"},
}
ARRAYS = {
    "f8": np.array([[1.5, np.nan], [np.inf, -0.0]]), "u4": np.arange(5, dtype="u4"),
    "bool": np.array([True, False]), "none": np.zeros((0, 3), "f4"), "one": np.array(2.5),
    "f2": np.ones(3, "f2"), "i8": np.array(2**60), "u1": np.arange(256, dtype="u1"),
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "x.ckpt")


def read(path):
    with snapshot.open_snapshot(path) as found:
        return found.state


def test_state_round_trip(path):
    snapshot.write(path, "me", {**STATE, "nan": math.nan, "arrays": ARRAYS}, model())
    found = read(path)
    assert math.isnan(found.pop("nan"))
    arrays = found.pop("arrays")
    assert found == STATE and [type(k) for k in found["keys"]] == [type(k) for k in STATE["keys"]]
    for name, value in ARRAYS.items():
        assert arrays[name].dtype == value.dtype
        np.testing.assert_array_equal(arrays[name], value)
        assert np.array_equal(np.signbit(arrays["f8"]), np.signbit(ARRAYS["f8"]))
    assert snapshot.read_owner(path) == "me"


def test_tensors_and_numpys_numbers(path):
    given = {"t": torch.ones(2, dtype=torch.bfloat16), "g": torch.ones(2, requires_grad=True),
             "n": np.float32(0.1), "i": np.int64(3), "tuple": (1, 2)}  # fmt: skip
    snapshot.write(path, "me", given, model())
    found = read(path)
    assert found["t"].dtype.name == "bfloat16" and found["g"].tolist() == [1, 1]
    assert found["n"] == float(np.float32(0.1)) and found["i"] == 3 and found["tuple"] == [1, 2]


def test_weights_and_optimizer(path):
    first, second = model(), model()
    snapshot.write(path, "me", {}, first)
    with snapshot.open_snapshot(path) as found:
        weights.load_state(second, found.weights, weights.Rules(strict=True), path)
        with pytest.raises(ModelFileError, match="do not fit"):
            weights.load_state(model(5), found.weights, weights.Rules(), path)
    for a, b in zip([*first.variables, *first.optimizer.variables],
                    [*second.variables, *second.optimizer.variables], strict=True):  # fmt: skip
        assert torch.equal(a, b)


@pytest.mark.parametrize("value", [object(), {1}, b"x", 1j, lambda: 1, [object()], {"a": {1: b""}}])
def test_what_cannot_be_kept(path, value, tmp_path):
    with pytest.raises(TypeError, match=r"^state\.x.*Received: a "):
        snapshot.write(path, "me", {"x": value}, model())
    assert not list(tmp_path.iterdir())


def refused(path, data, match, kind=ModelFileError):
    with open(path, "wb") as f:
        f.write(data)
    with pytest.raises(kind, match=match) as found:
        read(path)
    assert len(str(found.value)) <= 500 and str(found.value).isprintable()
    assert path in str(found.value)


@pytest.mark.safety("R6")
def test_damaged_and_hostile(path):
    snapshot.write(path, "me", {"a": np.ones(3), "f": math.nan}, model())
    with open(path, "rb") as f:
        good = f.read()
    with zipfile.ZipFile(path) as archive:
        members = {i.filename: archive.read(i) for i in archive.infolist()}
    made = path.replace("x.ckpt", "made.zip")
    with open(made, "wb") as f:
        f.write(good)

    def member(name, value):
        data = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
        return rezip(made, {name: data})

    for n in (0, 1, 30, len(good) // 3, len(good) - 22, len(good) - 1):
        refused(path, good[:n], "truncated|damaged|zip")
    for n in range(7, len(good), len(good) // 50):
        refused(path, flip(good, n), ".")
    label = json.loads(members["metadata.json"])
    for change, match in (
        ({"format": "x"}, "not a snapshot"), ({"version": "1"}, "malformed"),
        ({"version": 0}, "malformed"), ({"owner": None}, "malformed"),
    ):  # fmt: skip
        refused(path, member("metadata.json", {**label, **change}), match)
    newer = member("metadata.json", {**label, "version": 9})
    refused(path, newer, "newer version", snapshot.NewerVersionError)
    refused(path, member("metadata.json", []), "not a snapshot")
    for name in members:
        refused(path, member(name, None), "other members|missing")
    refused(path, rezip(made, add=[("x.py", b"")]), "other members")
    for state in ({"$array": 99}, {"$array": "0"}, {"$array": [1]}, {"$float": "1"}, {"$float": 1},
                  {"$pairs": 5}, {"$pairs": [[1]]}, {"$pairs": [[[], 1]]}):  # fmt: skip
        refused(path, member("state.json", {"a": state}), "malformed")
    refused(path, member("state.json", b"{"), "not JSON")
    refused(path, member("state.json", b'{"a": NaN}'), "no JSON number")
    packed = rezip(made, method=zipfile.ZIP_DEFLATED)
    with open(path, "wb") as f:
        f.write(packed)
    assert read(path)["a"].tolist() == [1, 1, 1]

    def zeros(f):
        del f["vars/0"]
        f.create_dataset("vars/0", data=np.zeros(1 << 20), chunks=(1 << 16,), compression=9)

    refused(path, member("arrays.h5", edit_h5(members["arrays.h5"], zeros)), "bytes are declared")

    def elsewhere(f):
        del f["vars/0"]
        f.create_dataset("vars/0", (3,), "f4", external=[("/etc/passwd", 0, 12)])

    bad = member("arrays.h5", edit_h5(members["arrays.h5"], elsewhere))
    refused(path, bad, "another file", UnsafeModelError)
    refused(path, member("model.weights.h5", b"x"), "HDF5")
