"""BackupAndRestore: a run that was broken off ends as one that never was."""

import contextlib
import errno
import hashlib
import json
import os
import random
import signal
import socket
import warnings
import zipfile

import keras
import numpy as np
import pytest
import torch
from saving.damage import flip
from saving.faults import sweep

import torchkeras
from oracle import clear_names
from torchkeras._base.lock import FolderLock
from torchkeras.saving import ModelFileError

L, C = torchkeras.layers, torchkeras.callbacks
RNG = np.random.default_rng(0)
X = RNG.normal(size=(26, 5)).astype("float32")
Y = RNG.normal(size=(26, 2)).astype("float32")
pytestmark = pytest.mark.filterwarnings("ignore:Your input ran out of data")


class Kill(C.Callback):
    """Ends the process after so many batches."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def build(units=8, optimizer=None):
    clear_names()
    model = torchkeras.Sequential(
        [L.Dense(units, "relu"), L.Dropout(0.3), L.BatchNormalization(), L.GaussianNoise(0.1)]
    )
    model.add(L.Dense(2))
    optimizer = optimizer or torchkeras.optimizers.Adam(
        0.01, use_ema=True, gradient_accumulation_steps=2, clipnorm=1.0
    )
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def train(folder, *more, model=None, data=None, seed=7, epochs=3, **options):
    """One `fit` with all that has a state; returns the model and its history."""
    torchkeras.utils.set_random_seed(seed)
    model = model or build()
    arguments = {"validation_split": 0.2} if data is None else {}
    arguments["batch_size"] = 6
    if "steps_per_epoch" in options:
        arguments["steps_per_epoch"] = options.pop("steps_per_epoch")
    arguments["callbacks"] = [
        C.BackupAndRestore(folder / "backup", **{"save_freq": 1, **options}),
        C.EarlyStopping("loss", patience=2, restore_best_weights=True),
        C.ReduceLROnPlateau("loss", patience=0, factor=0.5),
        C.CSVLogger(folder / "log.csv"),
        *more,
    ]
    given = (X, Y) if data is None else (data(),)
    return model, model.fit(*given, epochs=epochs, verbose=0, **arguments)


def outcome(folder, model, history):
    """All that a run leaves: weights, optimizer, history, log, and the next random numbers."""
    digest = hashlib.sha256()
    for v in [*model.variables, *model.optimizer.variables]:
        digest.update(v.detach().numpy().tobytes())
    drawn = random.random(), np.random.rand(), torch.rand(()).item()
    log = (folder / "log.csv").read_text()
    return [digest.hexdigest(), history.history, history.epoch, drawn, log]


def in_child(action):
    """What `action()` returns in a process of its own; None if it is killed."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            result = json.dumps(action())
        except BaseException as e:
            result = json.dumps([type(e).__name__, str(e)])
        os.write(write, result.encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as f:
        text = f.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else None


def run(folder, *more, **options):
    return in_child(lambda: outcome(folder, *train(folder, *more, **options)))


def restarted(folder, kill_after, **options):
    """Start a run until it comes to its end, killed each time after so many batches."""
    folder.mkdir()
    for starts in range(1, 60):
        found = run(folder, Kill(kill_after), **options)
        if found is not None:
            return found, starts
    raise AssertionError("the run makes no way")


@pytest.fixture
def whole(tmp_path):
    """What the same run leaves that nothing disturbs."""

    def wanted(**options):
        folder = tmp_path / "whole"
        folder.mkdir()
        return run(folder, **options)

    return wanted


# ---------------------------------------------------------------------- goes on bit for bit


@pytest.mark.safety("R5")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="epochs"),
        pytest.param({"steps_per_epoch": 5}, id="steps", marks=pytest.mark.sweep),
    ],
)
def test_killed_at_every_batch(whole, tmp_path, options):
    """Dropout, noise, shuffling, averages, accumulated gradients, rates, callbacks, logs."""
    want = whole(**options)
    assert len(want[2]) >= 1
    found, starts = restarted(tmp_path / "broken", 2, **options)
    assert found == want
    assert starts == (12 if not options else 4)  # two batches a start, one of them saved
    assert not (tmp_path / "broken" / "backup").exists()


@pytest.mark.sweep
@pytest.mark.safety("R5")
@pytest.mark.parametrize("kill_after", range(1, 13))
@pytest.mark.parametrize("save_freq", [1, 2, 3, 5, "epoch"])
def test_killed_once_at_each_batch(whole, tmp_path, kill_after, save_freq):
    want = whole(save_freq=save_freq)
    folder = tmp_path / "broken"
    folder.mkdir()
    assert run(folder, Kill(kill_after), save_freq=save_freq) is None
    assert run(folder, save_freq=save_freq) == want


@pytest.mark.safety("R5")
def test_killed_with_a_save_each_epoch(whole, tmp_path):
    want = whole(save_freq="epoch", double_checkpoint=True)
    folder = tmp_path / "broken"
    folder.mkdir()
    for after in (3, 6, 6):
        assert run(folder, Kill(after), save_freq="epoch", double_checkpoint=True) is None
    assert run(folder, save_freq="epoch", double_checkpoint=True) == want


class Shuffled(torchkeras.utils.PyDataset):
    """Puts what it has in a new order after each epoch, as many do."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.order = np.arange(24)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        rows = self.order[6 * index : 6 * index + 6]
        return X[rows], Y[rows]

    def on_epoch_end(self):
        np.random.shuffle(self.order)


def loader():
    data = torch.utils.data.TensorDataset(torch.tensor(X[:24]), torch.tensor(Y[:24]))
    return torch.utils.data.DataLoader(data, 6, shuffle=True)


def generator():
    while True:
        rows = np.random.permutation(26)[:6]
        yield X[rows], Y[rows]


class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 23

    def __getitem__(self, i):
        return X[i], Y[i]


class Batches:
    """Anything that can be iterated again."""

    def __iter__(self):
        return iter([(X[:6], Y[:6]), (X[6:12], Y[6:12]), (X[12:20], Y[12:20])])


SOURCES = {
    "loader": (loader, {}),
    "dataset": (Rows, {}),
    "pydataset": (Shuffled, {}),
    "threads": (lambda: Shuffled(workers=2), {}),
    "generator": (generator, {"steps_per_epoch": 4}),
    "steps of a loader": (loader, {"steps_per_epoch": 3}),
    "iterable": (Batches, {}),
}


@pytest.mark.safety("R5")
@pytest.mark.parametrize(
    "source",
    [
        s if s in ("loader", "pydataset", "generator") else pytest.param(s, marks=pytest.mark.sweep)
        for s in SOURCES
    ],
)
def test_every_source_of_data(whole, tmp_path, source):
    data, options = SOURCES[source]
    want = whole(data=data, **options)
    folder = tmp_path / "broken"
    folder.mkdir()
    assert run(folder, Kill(4), data=data, **options) is None
    assert run(folder, data=data, **options) == want


@pytest.mark.safety("R5")
@pytest.mark.parametrize("save_freq", [1, "epoch"])
def test_averages_in_the_model_between_epochs(whole, tmp_path, save_freq):
    def one(folder, *more):
        def action():
            model, history = train(
                folder, C.SwapEMAWeights(swap_on_epoch=True), *more, save_freq=save_freq
            )
            return outcome(folder, model, history)

        return in_child(action)

    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    want = one(folders[0])
    assert one(folders[1], Kill(8)) is None
    assert one(folders[1]) == want


def test_stopped_in_the_middle_of_an_epoch(tmp_path):
    """The flag to stop is part of the backup: the rest of the epoch is not trained later."""

    class Stop(C.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = int(self.model.optimizer._iterations) == 6

    class Die(C.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                os.kill(os.getpid(), signal.SIGKILL)

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    want = run(tmp_path / "a", Stop())
    assert run(tmp_path / "b", Stop(), Die()) is None
    assert run(tmp_path / "b", Stop()) == want
    assert want[2] == [0, 1]


def test_interrupted_in_one_process_as_in_keras(tmp_path):
    """Keras's own example: the epochs that are trained again are those that Keras trains."""

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 4:
                raise RuntimeError("interrupted")

    trained = {}
    for library in (keras, torchkeras):
        seen = trained[library.__name__] = []
        backup = library.callbacks.BackupAndRestore(str(tmp_path / library.__name__))
        model = library.Sequential([library.Input((20,)), library.layers.Dense(10)])
        model.compile("sgd", "mse")
        x = np.arange(100, dtype="float32").reshape(5, 20) / 100
        note = library.callbacks.LambdaCallback(on_epoch_begin=lambda e, _, s=seen: s.append(e))
        with pytest.raises(RuntimeError, match="interrupted"):
            model.fit(x, np.zeros((5, 10)), epochs=10, batch_size=1, verbose=0,
                      callbacks=[backup, note, Interrupt()])  # fmt: skip
        history = model.fit(x, np.zeros((5, 10)), epochs=10, batch_size=1, verbose=0,
                            callbacks=[backup, note])  # fmt: skip
        assert not (tmp_path / library.__name__).exists()
    assert trained["torchkeras"] == trained["keras"]
    assert history.epoch == list(range(10)) and len(history.history["loss"]) == 10


def test_kept_and_prolonged(tmp_path):
    """`delete_checkpoint=False`: a later fit with more epochs goes on, one without has none."""
    keep = {"delete_checkpoint": False, "save_freq": "epoch"}
    _, history = train(tmp_path, epochs=2, **keep)
    assert len(history.epoch) == 2
    kept = sorted(p.name for p in (tmp_path / "backup").iterdir())
    assert kept == ["backup-000000008.ckpt"]
    with pytest.warns(UserWarning, match="after epoch 2, and epochs=2: nothing is left"):
        model, history = train(tmp_path, epochs=2, **keep)
    assert history.epoch == [0, 1]
    with pytest.warns(UserWarning, match="epochs=1: nothing is left"):
        train(tmp_path, epochs=1, save_freq="epoch")
    assert sorted(p.name for p in (tmp_path / "backup").iterdir()) == kept
    prolonged = train(tmp_path, epochs=4, save_freq="epoch")
    assert not (tmp_path / "backup").exists()
    (tmp_path / "new").mkdir()
    want = outcome(tmp_path / "new", *train(tmp_path / "new", epochs=4))
    model, history = prolonged
    assert outcome(tmp_path / "new", model, history)[:3] == want[:3]


# ---------------------------------------------------------------------- the file and folder


@pytest.fixture
def broken(tmp_path):
    """A folder with the two backups of a run that was killed in its second epoch."""
    assert run(tmp_path, Kill(7), double_checkpoint=True) is None
    backups = sorted((tmp_path / "backup").glob("backup-*.ckpt"))
    assert [p.name for p in backups] == ["backup-000000005.ckpt", "backup-000000006.ckpt"]
    return backups


def edit(path, change):
    """Change the state in a backup, and write it with the right checksums."""
    with zipfile.ZipFile(path) as archive:
        members = {i.filename: archive.read(i) for i in archive.infolist()}
    state, label = json.loads(members["state.json"]), json.loads(members["metadata.json"])
    change(state, label)
    members["state.json"] = json.dumps(state).encode()
    members["metadata.json"] = json.dumps(label).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def put(*path):
    """An edit that sets a value of the state: `put("place", "epoch", -1)`."""
    *keys, last, value = path

    def change(state, label):
        for key in keys:
            state = state[key]
        state[last] = value

    return change


def half(data):
    return data[: len(data) // 2]


DAMAGE = {
    "empty": lambda p: p.write_bytes(b""),
    "cut": lambda p: p.write_bytes(half(p.read_bytes())),
    "flipped": lambda p: p.write_bytes(flip(p.read_bytes(), p.stat().st_size // 2)),
    "text": lambda p: p.write_text("{}"),
    "epoch": lambda p: edit(p, put("place", "epoch", 99999)),
    "all epochs": lambda p: edit(p, lambda s, _: s["place"].update(epoch=99999, epochs=99999)),
    "epoch text": lambda p: edit(p, put("place", "epoch", "1")),
    "epoch bool": lambda p: edit(p, put("place", "epoch", True)),
    "batch": lambda p: edit(p, put("place", "batch", -1)),
    "total": lambda p: edit(p, put("place", "total", 1.5)),
    "place": lambda p: edit(p, put("place", [])),
    "streams": lambda p: edit(p, put("streams", "python", None)),
    "stream": lambda p: edit(p, put("streams", "torch", [1, 2])),
    "array": lambda p: edit(p, put("streams", "torch", {"$array": 9999})),
    "data": lambda p: edit(p, put("data", "taken", "2")),
    "told": lambda p: edit(p, put("data", "told", [["__init__", None]])),
    "metrics": lambda p: edit(p, put("metrics", {"loss": 1})),
    "callbacks": lambda p: edit(p, put("callbacks", ["EarlyStopping"])),
    "history": lambda p: edit(p, put("callbacks", -1, "state", {"epoch": [7], "history": {}})),
    "stopped": lambda p: edit(p, put("place", "stopped", 1)),
    "missing": lambda p: edit(p, lambda s, _: s.pop("rates")),
    "label": lambda p: edit(p, lambda _, label: label.update(format="other")),
}


@pytest.mark.safety("R6")
@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged(broken, tmp_path, kind):
    """The one before is used, with a warning; if there is none, the error says how to begin."""
    DAMAGE[kind](broken[1])
    damaged = broken[1].read_bytes()
    with pytest.warns(UserWarning, match=r"000006\.ckpt.*goes on from the one before it"):
        model, _ = train(tmp_path, double_checkpoint=True, delete_checkpoint=False)
    assert int(model.optimizer._iterations) == 12
    kept = [p for p in (tmp_path / "backup").iterdir() if p.read_bytes() == damaged]
    assert len(kept) == 1, "what could not be read must stay"
    for path in (tmp_path / "backup").glob("*.ckpt"):
        DAMAGE[kind](path) if path.read_bytes() != damaged else None
    before = sorted((p.name, p.read_bytes()) for p in (tmp_path / "backup").iterdir())
    model = build()
    with pytest.raises(ModelFileError, match="start fresh") as found:
        train(tmp_path, model=model)
    assert ".ckpt" in str(found.value)
    assert len(str(found.value)) <= 500 and str(found.value).isprintable()
    assert not model.built and not model.optimizer.built
    assert sorted((p.name, p.read_bytes()) for p in (tmp_path / "backup").iterdir()) == before


@pytest.mark.sweep
@pytest.mark.safety("R6")
def test_flipped_anywhere(broken, tmp_path):
    """Each damaged byte is seen: the run that goes on from the one before ends the same."""

    def content(path):
        with torchkeras.saving.snapshot.open_snapshot(str(path)) as found:
            source = found.weights
            return repr((found.state, [source.read(d) for d in source.datasets.values()]))

    good, want, seen = broken[1].read_bytes(), content(broken[1]), 0
    places = random.Random(0).sample(range(len(good)), 150)
    for at in places:
        broken[1].write_bytes(flip(good, at, at % 8))
        try:
            found = content(broken[1])
        except ModelFileError:
            seen += 1
            continue
        assert found == want, "a place that means nothing, as the date of a member"
    assert seen > 120


class Other:
    """Runs that the backups of `broken` are not of."""

    @staticmethod
    def units():
        return {"model": build(units=9)}

    @staticmethod
    def optimizer():
        return {"model": build(optimizer=torchkeras.optimizers.SGD(0.1))}

    @staticmethod
    def data():
        return {"data": loader}


@pytest.mark.safety("R6")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps_per_epoch": 3}, "steps=4 there and 3 here"),
        (Other.units, "(8,), model (9,)"),
        (Other.optimizer, "optimizer='Adam' there and 'SGD' here"),
        (Other.data, "samples=20 there and None here"),
    ],
    ids=["steps", "model", "optimizer", "data"],
)
def test_of_another_run(broken, tmp_path, change, words):
    before = [p.read_bytes() for p in broken]
    options = change() if callable(change) else change
    with pytest.raises(ModelFileError, match="start fresh") as found:
        train(tmp_path, **options)
    assert words in str(found.value)
    assert [p.read_bytes() for p in broken] == before


@pytest.mark.safety("R6")
def test_of_another_batch_size_and_shuffle(tmp_path):
    model = build()
    x = {"batch_size": 4, "verbose": 0, "epochs": 2}
    crash = C.LambdaCallback(on_epoch_end=lambda e, _: 1 / 0 if e else None)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y, callbacks=[C.BackupAndRestore(tmp_path / "b"), crash], **x)
    for other, words in (
        ({"batch_size": 2}, "batch_size=4 there and 2 here"),
        ({"shuffle": False}, "shuffle='True' there and 'False' here"),
    ):
        with pytest.raises(ModelFileError, match="start fresh") as found:
            model.fit(X, Y, callbacks=[C.BackupAndRestore(tmp_path / "b")], **{**x, **other})
        assert words in str(found.value)
    with pytest.raises(ModelFileError, match="samples=26 there and 25 here"):
        model.fit(X[:25], Y[:25], callbacks=[C.BackupAndRestore(tmp_path / "b")], **x)


@pytest.mark.safety("R6")
def test_of_a_newer_version(broken, tmp_path):
    """No fall-back: an older backup would throw away what the newer library has trained."""
    edit(broken[1], lambda _, label: label.update(version=2))
    before = [p.read_bytes() for p in broken]
    with pytest.raises(ModelFileError, match=r"start fresh.*newer version of torchkeras"):
        train(tmp_path)
    assert [p.read_bytes() for p in broken] == before


@pytest.mark.safety("R13")
def test_the_step_decides_not_the_clock(broken, tmp_path):
    old = broken[0].read_bytes()
    for step in (1, 2, 3, 4, 55, 77, 88, 99):
        (broken[0].parent / f"backup-{step}.ckpt").write_bytes(b"" if step > 6 else old)
    for i, path in enumerate(sorted((tmp_path / "backup").glob("backup-*.ckpt"), reverse=True)):
        os.utime(path, (10**9 - i, 10**9 - i))
    os.utime(broken[1], (1, 1))
    with pytest.warns(UserWarning, match="goes on from the one before it"):
        _, history = train(tmp_path, C.LambdaCallback(on_train_begin=lambda _: started.append(1)))
    assert history.epoch == [0, 1, 2]
    left = {p.name for p in (tmp_path / "backup").iterdir()}
    assert left == {f"backup-{n}.ckpt" for n in (55, 77, 88, 99)}, "what it could not read stays"


started: list[int] = []


@pytest.mark.safety("R7")
@pytest.mark.parametrize("link", [False, True])
def test_the_users_files_stay(tmp_path, link):
    folder = tmp_path / "real" if link else tmp_path / "backup"
    folder.mkdir()
    if link:
        (tmp_path / "backup").symlink_to(folder)
    names = ("notes.txt", "latest.weights.h5", "backup-x.ckpt", "backup-1.ckpt.bak", "backup.txt")
    for name in names:
        (folder / name).write_text("mine")
    (folder / "sub").mkdir()
    train(tmp_path, epochs=1)
    assert sorted(os.listdir(folder)) == sorted([*names, "sub"])
    assert all((folder / name).read_text() == "mine" for name in names)
    assert (tmp_path / "backup").is_symlink() is link


@pytest.mark.safety("R7")
def test_an_empty_link_stays(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "backup").symlink_to(tmp_path / "real")
    train(tmp_path, epochs=1)
    assert (tmp_path / "backup").is_symlink() and not os.listdir(tmp_path / "real")


@pytest.mark.safety("D9")
@pytest.mark.parametrize("kind", ["below a file", "a file", "proc"])
def test_a_folder_that_cannot_be_written(tmp_path, kind):
    (tmp_path / "file").write_text("")
    path = {"below a file": tmp_path / "file" / "b", "a file": tmp_path / "file", "proc": "/proc/x"}
    model = build()
    with pytest.raises(OSError, match="BackupAndRestore"):
        model.fit(X, Y, callbacks=[C.BackupAndRestore(path[kind])], verbose=0)
    assert not model.built


# ---------------------------------------------------------------------- one at a time


@pytest.mark.safety("R10")
def test_two_trainings_in_one_folder(tmp_path):
    """The second one is told who has it; a dead one's lock is taken over."""
    read, write = os.pipe()
    wait, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            hold = C.LambdaCallback(
                on_train_begin=lambda _: (os.write(write, b"x"), os.read(wait, 1))
            )
            train(tmp_path, hold)
        os._exit(0)
    os.read(read, 1)
    try:
        with pytest.raises(OSError, match=rf"process {pid} on host {socket.gethostname()!r}"):
            train(tmp_path)
        os.kill(pid, signal.SIGKILL)
    finally:
        os.write(go, b"x")
        os.waitpid(pid, 0)
    assert (tmp_path / "backup" / "backup.lock").exists()
    _, history = train(tmp_path)
    assert len(history.epoch) == 3


@pytest.mark.safety("R10")
def test_the_lock_is_given_back(tmp_path):
    for hook in ("on_train_begin", "on_epoch_end", "on_train_end"):

        def fail(*_):
            raise RuntimeError("fails")

        with pytest.raises(RuntimeError, match="fails"):
            train(tmp_path, C.LambdaCallback(**{hook: fail}))
        assert not (tmp_path / "backup" / "backup.lock").exists()
        lock = FolderLock(str(tmp_path / "backup" / "backup.lock"))
        assert lock.take() is None
        lock.release()


# ---------------------------------------------------------------------- crashes of a save


def small():
    clear_names()
    model = torchkeras.Sequential([L.Input((5,)), L.Dense(2)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.sweep
@pytest.mark.safety("R1", "R2")
@pytest.mark.parametrize("error", [None, errno.ENOSPC, errno.EIO], ids=["kill", "ENOSPC", "EIO"])
def test_every_call_of_a_save_fails_once(tmp_path, error):
    """A whole `fit` with a backup each epoch: the next one always finds a good backup, or none."""
    model = small()
    weights = model.get_weights()

    def fit():
        model.set_weights(weights)
        backup = C.BackupAndRestore(tmp_path / "b", delete_checkpoint=False)
        try:
            return model.fit(X, Y, epochs=2, verbose=0, callbacks=[backup])
        except OSError as e:
            named = str(tmp_path) if str(tmp_path) in str(e) else None
            raise OSError(e.errno, str(e), named) from e

    def reset():
        for path in (tmp_path / "b").glob("*") if (tmp_path / "b").exists() else ():
            path.unlink()

    outcomes = []
    for found in sweep(fit, error, reset):
        outcomes.append(found)
        names = (
            sorted(p.name for p in (tmp_path / "b").iterdir()) if (tmp_path / "b").exists() else []
        )
        assert sum(name.endswith(".tmp") for name in names) <= (error is None), names
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "BackupAndRestore.*nothing is left")
            assert fit().epoch == [0, 1]
        names = sorted(p.name for p in (tmp_path / "b").iterdir())
        assert names == ["backup-000000002.ckpt"], names
    # An old backup that cannot be removed is no error: the new one is there.
    assert set(outcomes) <= {"finished", *(["os error", "ok"] if error else ["killed"])}
    assert len(outcomes) > 20


@pytest.mark.safety("R8")
@pytest.mark.parametrize("where", ["forward", "optimizer", "callback", "save", "validation"])
@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_interrupted(tmp_path, monkeypatch, where, twice, signum):
    """It propagates; each step is done or not; logs are closed; the next fit goes on from there."""
    model = small()
    dense = model.layers[0]
    state = {"calls": 0, "steps": 0}

    def strike():
        state["calls"] += 1
        if state["calls"] == 3:
            os.kill(os.getpid(), signum)
            if twice:
                os.kill(os.getpid(), signum)

    def also(function, before=strike, after=None):
        def call(*args, **kwargs):
            before()
            result = function(*args, **kwargs)
            if after:
                after()
            return result

        return call

    def step():
        state["steps"] += 1

    optimizer = model.optimizer
    monkeypatch.setattr(optimizer, "step", also(optimizer.step, lambda: None, step))
    callbacks = []
    if where == "forward":
        monkeypatch.setattr(dense, "call", also(dense.call))
    elif where == "optimizer":
        inner = optimizer._iterations.add_
        monkeypatch.setattr(optimizer, "_step", also(optimizer._step))
        del inner
    elif where == "callback":
        callbacks.append(C.LambdaCallback(on_train_batch_end=lambda *_: strike()))
    elif where == "validation":
        callbacks.append(C.LambdaCallback(on_test_batch_end=lambda *_: strike()))
    else:
        monkeypatch.setattr(os, "fsync", also(os.fsync))
    log = C.CSVLogger(tmp_path / "log.csv")
    exit_hooks = []
    callbacks += [
        C.BackupAndRestore(tmp_path / "b", save_freq=1), log,
        C.LambdaCallback(on_exception=lambda e: exit_hooks.append(e)),
    ]  # fmt: skip

    def turned(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signum, turned)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, batch_size=13, epochs=4, verbose=0, callbacks=callbacks,
                      validation_data=(X, Y))  # fmt: skip
        assert signal.getsignal(signum) is turned
    finally:
        signal.signal(signum, before)
    monkeypatch.undo()
    assert int(optimizer.iterations) == state["steps"], "a step is done or not"
    assert log.csv_file is None and len(exit_hooks) == 1
    assert not [p for p in (tmp_path / "b").iterdir() if not p.name.endswith(".ckpt")]
    history = model.fit(X, Y, batch_size=13, epochs=4, verbose=0, validation_data=(X, Y),
                        callbacks=[C.BackupAndRestore(tmp_path / "b", save_freq=1)])  # fmt: skip
    assert history.epoch == [0, 1, 2, 3] and int(optimizer.iterations) == 8


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize("given", ["", None])
def test_an_empty_folder_name(given):
    for library in (keras, torchkeras):
        with pytest.raises(ValueError, match="Empty `backup_dir`"):
            library.callbacks.BackupAndRestore(given)


@pytest.mark.parametrize("given", ["batch", 2.5, 0, -1, True])
def test_a_bad_frequency(given):
    with pytest.raises(ValueError, match="save_freq must be 'epoch', a positive integer or False"):
        C.BackupAndRestore("x", given)


def test_other_arguments(tmp_path):
    with pytest.raises(TypeError, match="backup_dir must be a path"):
        C.BackupAndRestore(5)
    with pytest.raises(ValueError, match="works in fit"):
        C.BackupAndRestore(tmp_path / "b").on_train_begin()
    model = small()
    never = C.BackupAndRestore(tmp_path / "never", save_freq=False)
    seen = []
    look = C.LambdaCallback(on_epoch_end=lambda *_: seen.append(os.listdir(tmp_path / "never")))
    model.fit(X, Y, verbose=0, callbacks=[never, look])
    assert seen == [["backup.lock"]]
    assert not (tmp_path / "never").exists()


def test_relative_folder_and_chdir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    move = C.LambdaCallback(on_train_begin=lambda _: os.chdir("/"))
    small().fit(X, Y, epochs=2, verbose=0, callbacks=[
        C.BackupAndRestore("b", delete_checkpoint=False), move])  # fmt: skip
    assert os.listdir(tmp_path / "b") == ["backup-000000002.ckpt"]
