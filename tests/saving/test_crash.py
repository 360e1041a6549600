"""A save that dies leaves the old file whole: kills, full disks, exceptions, two at a time."""

import contextlib
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
from saving.faults import fail_at_call, sweep

import torchkeras as keras
from torchkeras.saving import formats, weights
from torchkeras.saving import snapshot as snapshots

# A file name of each format; test_every_format_is_here holds that none is missing.
FORMATS = [
    "m.keras", "m.weights.h5", "m.weights.json", "folder", "m.pt", "m.weights.safetensors",
    "m.weights.npz", "m.h5", "m.yaml", "backup-1.ckpt",
]  # fmt: skip
STATE_DICTS = (".pt", ".safetensors", ".npz")


def make(value):
    """A model of about 300 kB whose every weight is `value`."""
    L = keras.layers
    model = keras.Sequential(
        [keras.Input((128,)), L.Dense(256), L.Dense(128), L.BatchNormalization()],
        name=f"m{int(value)}",
    )
    model.compile("adam", "mse")
    model.set_weights([np.full(w.shape, value, w.dtype) for w in model.get_weights()])
    return model


def save(model, path):
    if path.suffix == ".ckpt":
        snapshots.write(str(path), "owner", {"epoch": 1}, model)
    elif path.suffix == ".json":
        model.save_weights(path, max_shard_size=2e-4)  # three files
    elif ".weights." in path.name:
        model.save_weights(path)
    else:
        model.save(path, zipped=None if path.suffix else False)


def value_in(path):
    """Load a file, and return the value that all of its weights have."""
    if path.suffix == ".ckpt":
        model = make(-1.0)
        with snapshots.open_snapshot(str(path)) as found:
            weights.load_state(model, found.weights, weights.Rules(strict=True), str(path))
    elif ".weights." in path.name:
        model = make(-1.0)
        model.load_weights(path)
    else:
        model = keras.saving.load_model(path)
    if path.suffix == ".yaml":  # an architecture, which has a name only
        return float(model.name[1:])
    values = {float(x) for w in model.get_weights() for x in (w.min(), w.max())}
    assert len(values) == 1, values
    return values.pop()


def shards(path):
    """The names that an index holds."""
    if path.suffix != ".json" or not path.exists():
        return set()
    places = json.loads(path.read_text())["weight_map"].values()
    return {name for names in places for name in names}


def litter(path):
    mine = {path.name} | shards(path)
    return [p.name for p in path.parent.iterdir() if p.name not in mine]


def snapshot(path):
    """All files of a save, by name."""
    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    files += [path.with_name(name) for name in shards(path)]
    return {p.relative_to(path.parent): p.read_bytes() for p in files}


def put_back(path, content):
    """Restore a snapshot, with nothing beside it."""
    for p in path.parent.iterdir():
        if p.relative_to(path.parent) not in content:
            shutil.rmtree(p) if p.is_dir() else p.unlink()
    for name, data in content.items():
        target = path.parent / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)


def most_litter(path):
    """What one killed save may leave: a temporary file, or of a set what it holds besides.

    Of a set of three files: those that are noted, those that are being written, and one more,
    the index's or that of a file that takes its usual name.
    """
    return 1 if path.suffix != ".json" else 3 + 3 + 1


def in_child(action):
    """Fork a child that runs `action` and never comes back to the tests."""
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(BaseException):
            action()
            code = 0
        os._exit(code)
    return pid


USUAL = ("m.keras", "m.weights.json", "folder", "m.pt", "backup-1.ckpt")  # one of each kind


@pytest.fixture(
    params=[n if n in USUAL else pytest.param(n, marks=pytest.mark.sweep) for n in FORMATS]
)
def path(request, tmp_path):
    return tmp_path / request.param


@pytest.mark.safety("R1", "R2", "R3", "R4", "R9")
def test_every_format_is_here():
    """A new format joins FORMATS, and what is said below of all holds for it."""
    missing = [
        f.suffixes
        for f in formats.FORMATS
        if f.suffixes != (".json",)  # written as YAML is
        and not any(name.endswith(s) for name in FORMATS for s in f.suffixes)
    ]
    assert not missing


@pytest.mark.safety("R4")
@pytest.mark.parametrize("rounds", [4, pytest.param(50, marks=pytest.mark.sweep)])
def test_kill_at_random_moments(path, rounds):
    old, new = make(1.0), make(2.0)
    save(old, path)

    def forever():
        while True:
            save(new, path)
            save(old, path)

    rng = random.Random(0)
    for _ in range(rounds):
        pid = in_child(forever)
        time.sleep(rng.uniform(0.002, 0.06))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert value_in(path) in (1.0, 2.0)
        assert len(litter(path)) <= most_litter(path)
    save(new, path)
    assert value_in(path) == 2.0 and not litter(path)


@pytest.mark.safety("R4")
def test_kills_at_the_same_call_pile_nothing_up(path):
    old, new = make(1.0), make(2.0)
    save(old, path)
    content = snapshot(path)
    outcome, n = "", 0
    while outcome != "finished":
        n += 1
        put_back(path, content)
        for model, value in ((new, 2.0), (old, 1.0), (new, 2.0), (old, 1.0)):
            before = value_in(path)
            outcome = fail_at_call(n, lambda m=model: save(m, path), None)
            assert value_in(path) in (before, value)
            assert len(litter(path)) <= most_litter(path)
        save(new, path)
        assert value_in(path) == 2.0 and not litter(path)
    assert n >= 8


ERRORS = {"kill": None, "ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EDQUOT": errno.EDQUOT,
          "EROFS": errno.EROFS}  # fmt: skip
USUAL_FAILURES = {
    ("m.keras", "kill"), ("folder", "kill"), ("backup-1.ckpt", "kill"), ("m.weights.h5", "ENOSPC"),
    ("m.pt", "ENOSPC"),
}  # fmt: skip
FAILURES = [
    pytest.param(
        name, error, id=f"{name}-{kind}",
        marks=[pytest.mark.safety("R2" if error else "R1"),
               *([] if (name, kind) in USUAL_FAILURES else [pytest.mark.sweep])],
    )
    for name in FORMATS
    for kind, error in ERRORS.items()
]  # fmt: skip


@pytest.mark.parametrize(("name", "error"), FAILURES)
def test_every_call_fails_once(tmp_path, name, error):
    path = tmp_path / name
    old, new = make(1.0), make(2.0)
    save(old, path)
    content = snapshot(path)
    outcomes, late = [], 0
    for outcome in sweep(lambda: save(new, path), error, lambda: put_back(path, content)):
        outcomes.append(outcome)
        if snapshot(path) != content:
            assert value_in(path) == 2.0
            assert len(litter(path)) <= 4  # what was old, or comes by its name next time
            late += outcome == "os error"
        else:
            assert len(litter(path)) <= (0 if error is not None else 4)
    # "ok": the old folder could not be removed, though the new one is in its place.
    assert set(outcomes) <= {"finished", "ok", "killed" if error is None else "os error"}
    assert len(outcomes) >= 8
    if path.suffix not in ("", ".json"):  # one file: an error with the new one in its place
        assert late <= 2, "comes only from opening the folder, or from its fsync"
    save(new, path)
    assert not litter(path)


@pytest.mark.safety("R3")
def test_file_size_limit(path):
    old, new = make(1.0), make(2.0)
    save(old, path)
    content = snapshot(path)
    largest = max(map(len, content.values()))
    for limit in (0, 100, 1000, largest // 2, largest - 1):

        def limited(limit=limit):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            try:
                save(new, path)
            except OSError as e:
                os._exit(9 if e.errno == errno.EFBIG and e.filename else 8)

        _, status = os.waitpid(in_child(limited), 0)
        assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 9
        assert snapshot(path) == content and not litter(path)


@pytest.mark.safety("R3")
def test_full_device(path):
    """A file system of 64 kB, where one can be mounted; the limit above is for the others."""
    old, new = make(1.0), make(2.0)
    folder = path.parent / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        return
    try:
        target = folder / path.name
        (folder / "other").write_bytes(b"x" * 60_000)

        def full():
            try:
                save(new, target)
            except OSError as e:
                os._exit(9 if e.errno == errno.ENOSPC and e.filename else 8)

        _, status = os.waitpid(in_child(full), 0)
        assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 9
        assert os.listdir(folder) == ["other"]
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    save(old, path)
    assert value_in(path) == 1.0


@pytest.mark.safety("R12")
def test_out_of_memory(path):
    """A limit on the process's data, met while a file is written, and while it is read."""
    old, new = make(1.0), make(2.0)
    save(old, path)
    content = snapshot(path)
    for action in (lambda: save(new, path), lambda: value_in(path)):
        for room in (0, 1 << 16, 1 << 19, 1 << 21):

            def limited(action=action, room=room):
                with open("/proc/self/statm") as f:
                    used = int(f.read().split()[5]) * resource.getpagesize()
                resource.setrlimit(resource.RLIMIT_DATA, (used + room, used + room))
                try:
                    action()
                except (MemoryError, keras.saving.ModelFileError):
                    os._exit(9)
                except RuntimeError as e:  # torch's own word for it
                    os._exit(9 if "alloc" in str(e) else 8)

            _, status = os.waitpid(in_child(limited), 0)
            assert os.WIFEXITED(status) and os.WEXITSTATUS(status) in (0, 9)
            if snapshot(path) != content:
                assert action is not None and value_in(path) == 2.0
                put_back(path, content)
            assert not litter(path)


@pytest.mark.safety("R9")
@pytest.mark.parametrize("method", ["get_config", "save_own_variables"])
@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_exception_in_a_layer(path, method, failure, monkeypatch):
    model = make(1.0)
    save(model, path)
    content = snapshot(path)

    def fail(*args):
        raise failure("in the layer")

    monkeypatch.setattr(keras.layers.BatchNormalization, method, fail)
    if method == "get_config":
        asked = ".weights." not in path.name and path.suffix != ".ckpt"
    else:
        asked = path.suffix not in (*STATE_DICTS, ".yaml") and path.name != "m.h5"
    if not asked:
        save(model, path)  # weights need no config, state dicts are torch's
        content = snapshot(path)
    else:
        with pytest.raises(failure, match="in the layer"):
            save(model, path)
    assert snapshot(path) == content and not litter(path)


@pytest.mark.safety("R10")
@pytest.mark.parametrize("saves", [10, pytest.param(200, marks=pytest.mark.sweep)])
def test_two_writers_and_a_reader(path, saves):
    models = [make(1.0), make(2.0)]
    save(models[0], path)

    def writer(model):
        return lambda: [save(model, path) for _ in range(saves)]

    pids = {in_child(writer(m)) for m in models}
    loads = 0
    while pids:
        assert value_in(path) in (1.0, 2.0)
        loads += 1
        for pid in list(pids):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                assert os.WEXITSTATUS(status) == 0
                pids.remove(pid)
    assert loads > 2 and not litter(path)


def test_failed_load_leaves_the_model(path):
    save(make(1.0), path)
    if path.suffix in (".yaml", ".ckpt"):  # they set no weights of a model that is there
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(keras.saving.ModelFileError):
            value_in(path)
        return
    wanted = np.ones(64, "f4").tobytes()
    files = snapshot(path)
    name, data = next((n, d) for n, d in files.items() if wanted in d)
    data = bytearray(data)
    data[data.find(wanted)] ^= 1
    (path.parent / name).write_bytes(data)
    model = make(3.0)
    with pytest.raises(keras.saving.ModelFileError):
        model.load_weights(path)
    assert {float(w.min()) for w in model.get_weights()} == {3.0}
