"""A save that dies leaves the old file whole: kills, full disks, exceptions, two at a time."""

import contextlib
import errno
import os
import random
import resource
import signal
import time

import numpy as np
import pytest
from saving.faults import sweep

import torchkeras as keras


def make(value):
    """A model of about 300 kB whose every weight is `value`."""
    L = keras.layers
    model = keras.Sequential(
        [keras.Input((128,)), L.Dense(256), L.Dense(128), L.BatchNormalization()]
    )
    model.compile("adam", "mse")
    model.set_weights([np.full(w.shape, value, w.dtype) for w in model.get_weights()])
    return model


def save(model, path):
    model.save_weights(path) if str(path).endswith(".h5") else model.save(path)


def value_in(path):
    """Load a file, and return the value that all of its weights have."""
    if str(path).endswith(".h5"):
        model = make(-1.0)
        model.load_weights(path)
    else:
        model = keras.saving.load_model(path)
    values = {float(x) for w in model.get_weights() for x in (w.min(), w.max())}
    assert len(values) == 1, values
    return values.pop()


def litter(path):
    return [p.name for p in path.parent.iterdir() if p.name != path.name]


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


@pytest.fixture(params=["m.keras", "m.weights.h5"])
def path(request, tmp_path):
    return tmp_path / request.param


def test_kill_at_random_moments(path):
    old, new = make(1.0), make(2.0)
    save(old, path)

    def forever():
        while True:
            save(new, path)
            save(old, path)

    rng = random.Random(0)
    for _ in range(30):
        pid = in_child(forever)
        time.sleep(rng.uniform(0.002, 0.06))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert value_in(path) in (1.0, 2.0)
        assert len(litter(path)) <= 1
    save(new, path)
    assert value_in(path) == 2.0 and not litter(path)


@pytest.mark.parametrize("error", [None, errno.ENOSPC, errno.EIO], ids=["kill", "ENOSPC", "EIO"])
def test_every_call_fails_once(path, error):
    old, new = make(1.0), make(2.0)
    save(old, path)
    content = path.read_bytes()
    outcomes = []
    for outcome in sweep(lambda: save(new, path), error, lambda: path.write_bytes(content)):
        outcomes.append(outcome)
        if path.read_bytes() != content:
            assert value_in(path) == 2.0
        assert len(litter(path)) <= (error is None)
    assert set(outcomes) <= {"finished", "killed" if error is None else "os error"}
    assert len(outcomes) >= 8 and not litter(path)


def test_file_size_limit(path):
    old, new = make(1.0), make(2.0)
    save(old, path)
    content = path.read_bytes()
    for limit in (0, 100, 1000, 50_000, len(content) - 1):

        def limited(limit=limit):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            try:
                save(new, path)
            except OSError as e:
                os._exit(9 if e.errno == errno.EFBIG and e.filename else 8)

        _, status = os.waitpid(in_child(limited), 0)
        assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 9
        assert path.read_bytes() == content and not litter(path)


@pytest.mark.parametrize("method", ["get_config", "save_own_variables"])
@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_exception_in_a_layer(path, method, failure, monkeypatch):
    model = make(1.0)
    save(model, path)
    content = path.read_bytes()

    def fail(*args):
        raise failure("in the layer")

    monkeypatch.setattr(keras.layers.BatchNormalization, method, fail)
    if method == "get_config" and path.suffix == ".h5":
        save(model, path)  # weights need no config
        content = path.read_bytes()
    else:
        with pytest.raises(failure, match="in the layer"):
            save(model, path)
    assert path.read_bytes() == content and not litter(path)


def test_two_writers_and_a_reader(path):
    models = [make(1.0), make(2.0)]
    save(models[0], path)

    def writer(model):
        return lambda: [save(model, path) for _ in range(25)]

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
    data = bytearray(path.read_bytes())
    data[data.find(np.ones(64, "f4").tobytes())] ^= 1
    path.write_bytes(data)
    model = make(3.0)
    with pytest.raises(keras.saving.ModelFileError):
        model.load_weights(path)
    assert {float(w.min()) for w in model.get_weights()} == {3.0}
