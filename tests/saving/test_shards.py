"""Weights in several files: with real Keras, and never half of one set and half of another."""

import json
import os
import threading
import warnings

import keras as real
import numpy as np
import pytest
from saving.zoo import MODELS, rand

import torchkeras as keras
from torchkeras.saving import ModelFileError, UnsafeModelError

GB = 1 << 30


def make(k, value=None):
    L = k.layers
    model = k.Sequential([k.Input((3,)), L.Dense(4), L.BatchNormalization(), L.Dense(2)])
    model.compile("adam", "mse")
    if value is None:
        model.train_on_batch(rand(4, 3), rand(4, 2))
    else:
        model.set_weights([np.full_like(w, value) for w in model.get_weights()])
    return model


def state(model):
    return [np.asarray(w) for w in model.get_weights()] + [
        np.asarray(v.detach() if hasattr(v, "detach") else v) for v in model.optimizer.variables
    ]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(state(a), state(b), strict=True))


def index(path):
    return json.loads(path.read_text())


def named(path):
    return sorted({n for names in index(path)["weight_map"].values() for n in names})


@pytest.fixture
def path(tmp_path):
    make(keras).save_weights(tmp_path / "m.weights.json", max_shard_size=100 / GB)
    return tmp_path / "m.weights.json"


@pytest.mark.parametrize("largest", [48, 100, 250, 1e9])
def test_as_real_keras_writes_them(largest, tmp_path):
    model = make(real)
    model.save_weights(tmp_path / "k.weights.json", max_shard_size=largest / GB)
    ours = make(keras)
    ours.load_weights(tmp_path / "k.weights.json")
    assert same(ours, model)
    ours.save_weights(tmp_path / "o.weights.json", max_shard_size=largest / GB)
    theirs = make(real)
    theirs.load_weights(tmp_path / "o.weights.json")
    assert same(theirs, model)
    a, b = (index(tmp_path / f"{n}.weights.json") for n in "ok")
    rename = {n: n.replace("o_", "k_") for n in named(tmp_path / "o.weights.json")}
    a["weight_map"] = {k: [rename[n] for n in v] for k, v in a["weight_map"].items()}
    assert a == b


@pytest.mark.parametrize("name", ["two_inputs", "nested", "sequence", "subclass", "attention"])
def test_models_both_ways(name, tmp_path):
    ours, _ = MODELS[name](keras)
    theirs, _ = MODELS[name](real)
    path = tmp_path / "my mödel.x.weights.json"
    for source, target in ((theirs, ours), (ours, theirs)):
        source.set_weights([np.asarray(w) + 0.25 for w in source.get_weights()])
        largest = max(np.asarray(w).nbytes for w in source.get_weights())
        source.save_weights(path, max_shard_size=largest / GB)
        target.load_weights(path)
        for a, b in zip(source.get_weights(), target.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert len(named(path)) > 1


def test_overwriting_keeps_the_usual_names(tmp_path):
    """Real Keras finds `m_00000.weights.h5` by its name alone."""
    path = tmp_path / "m.weights.json"
    for largest, count in ((48, 9), (100, 6), (1e9, 1), (100, 6)):
        model = make(keras)
        model.save_weights(path, max_shard_size=largest / GB)
        names = [f"m_{i:05d}.weights.h5" for i in range(len(named(path)))]
        assert named(path) == names and len(names) >= min(count, 2)
        assert sorted(os.listdir(tmp_path)) == [path.name, *names]
        assert "replaces" not in index(path)["metadata"]
        theirs = make(real)
        theirs.load_weights(path)
        assert same(theirs, model)


def test_other_files_of_such_names_stay(tmp_path):
    (tmp_path / "m_00007.weights.h5").write_bytes(b"of another epoch")
    (tmp_path / "m_00000-x.weights.h5").write_bytes(b"mine")
    path = tmp_path / "m.weights.json"
    for _ in range(2):
        make(keras).save_weights(path, max_shard_size=1)
    assert sorted(os.listdir(tmp_path)) == [
        "m.weights.json", "m_00000-x.weights.h5", "m_00000.weights.h5", "m_00007.weights.h5",
    ]  # fmt: skip


def test_a_name_of_one_file_becomes_that_of_an_index(tmp_path):
    make(keras).save_weights(tmp_path / "m.weights.h5", max_shard_size=1)
    assert sorted(os.listdir(tmp_path)) == ["m.weights.json", "m_00000.weights.h5"]


def test_a_weight_that_is_too_large(path):
    before = {n: (path.parent / n).read_bytes() for n in os.listdir(path.parent)}
    with pytest.raises(ValueError, match=r"at least 4.47e-08, the size of layers/dense/0 in GB"):
        make(keras).save_weights(path, max_shard_size=20 / GB)
    assert before == {n: (path.parent / n).read_bytes() for n in os.listdir(path.parent)}


# ------------------------------------------------------------------ bad files


def refused(path, match, kind=ModelFileError):
    model = make(keras)
    before = state(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an optimizer's state that is not there
        with pytest.raises(kind, match=match) as info:
            model.load_weights(path)
    assert not isinstance(info.value, ModelFileError) or info.value.path.startswith(
        str(path.parent)
    )
    assert all(np.array_equal(a, b) for a, b in zip(before, state(model), strict=True))


def edit(path, change):
    content = index(path)
    path.write_text(json.dumps(change(content) or content))


@pytest.mark.parametrize(
    "name",
    ["../m_00000.weights.h5", "/etc/passwd", "/etc/x.weights.h5", "sub/x.weights.h5", "x.h5",
     "..\\x.weights.h5", "a\0.weights.h5", "", 5, None, "http://x/y.weights.h5", {}],
    ids=ascii,
)  # fmt: skip
def test_names_of_other_places(path, name):
    edit(path, lambda c: c["weight_map"].update({"/layers/dense/vars": [name]}))
    refused(path, "only files '.weights.h5' beside the index", UnsafeModelError)


def test_links(path):
    shard = path.parent / "m_00001.weights.h5"
    os.rename(shard, path.parent / "away.weights.h5")
    shard.symlink_to(path.parent / "away.weights.h5")
    refused(path, "a link is refused", UnsafeModelError)
    shard.unlink()
    os.mkfifo(shard)
    refused(path, "pipe or device")
    shard.unlink()
    shard.mkdir()
    refused(path, "", IsADirectoryError)
    shard.rmdir()
    refused(path, "", FileNotFoundError)


def test_an_index_that_does_not_fit(path):
    good = path.read_text()

    def case(change, match, kind=ModelFileError):
        path.write_text(good)
        edit(path, change)
        refused(path, match, kind)

    case(lambda c: [1], "no weight_map")
    case(lambda c: {"weight_map": []}, "no weight_map")
    case(lambda c: {"weight_map": {}}, "missing in the file")
    first = "m_00000.weights.h5"
    case(lambda c: c["weight_map"].update({"/layers/dense/vars": [first, first]}), "different file")
    case(lambda c: c["weight_map"].update({"/layers/dense/vars": []}), "different file")
    case(lambda c: c["weight_map"].update({"/layers/dense/vars": {}}), "different file")
    case(lambda c: c["weight_map"].update({"/evil/vars": [first]}), "does not have")
    case(lambda c: c["weight_map"].pop("/layers/dense/vars") and None, "does not name it here")
    for text in ("", "{", good + "x", '{"weight_map": {}, "weight_map": {}}', "5"):
        path.write_text(text)
        refused(path, "not JSON|twice|no weight_map")


def test_files_of_two_saves(path, tmp_path):
    """Each is whole; together they are not what anybody saved."""
    other = tmp_path / "other"
    other.mkdir()
    make(keras).save_weights(other / "m.weights.json", max_shard_size=48 / GB)
    os.replace(other / "m_00001.weights.h5", tmp_path / "m_00001.weights.h5")
    refused(path, "does not have|does not name it here")


def test_damage(path):
    shard = path.parent / "m_00001.weights.h5"
    data = shard.read_bytes()
    for bad in (data[:100], b"", data[:-1], b"x" + data[1:]):
        shard.write_bytes(bad)
        refused(path, "damaged|truncated|not an HDF5|part of the file is missing")
    at = data.find(np.float32(0.99).tobytes())
    if at > 0:
        flipped = bytearray(data)
        flipped[at] ^= 1
        shard.write_bytes(flipped)
        refused(path, "checksum")


# ------------------------------------------------------------------ many at a time


def test_two_writers_and_a_reader(tmp_path):
    path = tmp_path / "m.weights.json"
    models = [make(keras, 1.0), make(keras, 2.0)]
    models[0].save_weights(path, max_shard_size=60 / GB)
    failed, running = [], [2]

    def save(model, largest):
        try:
            for _ in range(25):
                model.save_weights(path, max_shard_size=largest / GB)
        except Exception as e:
            failed.append(e)
        running[0] -= 1

    threads = [threading.Thread(target=save, args=a) for a in zip(models, (60, 100), strict=True)]
    for t in threads:
        t.start()
    loads = 0
    reader = make(keras, 0.0)
    while running[0]:
        reader.load_weights(path)
        assert len({float(x) for w in reader.get_weights() for x in w.ravel()}) == 1
        loads += 1
    for t in threads:
        t.join()
    assert not failed and loads > 2
    assert sorted(os.listdir(tmp_path)) == [path.name, *named(path)]


def test_a_save_that_ends_between_the_two_names(path, monkeypatch):
    """The new files are named by the index, under names of their own; the next save tidies up."""
    from torchkeras._base import file_sets

    model, last = make(keras), make(keras)
    monkeypatch.setattr(file_sets, "_take_name", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save_weights(path, max_shard_size=60 / GB)
    monkeypatch.undo()
    assert all(len(n) > 20 for n in named(path))
    reader = make(keras)
    reader.load_weights(path)
    assert same(reader, model)
    last.save_weights(path, max_shard_size=1)
    assert sorted(os.listdir(path.parent)) == ["m.weights.json", "m_00000.weights.h5"]
    reader.load_weights(path)
    assert same(reader, last)


def test_the_files_of_a_copied_index_stay(path):
    """Both indices name the same files until one is written anew."""
    copy = path.with_name("n.weights.json")
    copy.write_bytes(path.read_bytes())
    wanted = make(keras)
    wanted.load_weights(path)
    make(keras).save_weights(copy, max_shard_size=100 / GB)
    found = make(keras)
    found.load_weights(path)
    assert same(found, wanted)


def test_without_hard_links(path, monkeypatch):
    def link(*args):
        raise OSError(95, "not supported")

    monkeypatch.setattr(os, "link", link)
    model, reader = make(keras), make(real)
    model.save_weights(path, max_shard_size=60 / GB)
    reader.load_weights(path)
    assert same(reader, model)
    assert sorted(os.listdir(path.parent)) == [path.name, *named(path)]


def test_a_broken_index_is_replaced_and_nothing_else_touched(path):
    fresh = path.parent / "m_00003-0123456789.weights.h5"
    os.rename(path.parent / "m_00003.weights.h5", fresh)
    path.write_text("{")
    make(keras).save_weights(path, max_shard_size=1)
    assert fresh.exists()
    make(keras).save_weights(path, max_shard_size=1)
    assert not fresh.exists()
    make(keras).load_weights(path)
