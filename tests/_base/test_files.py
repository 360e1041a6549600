"""A file is replaced whole or not at all."""

import errno
import os
import stat
import threading

import pytest
from saving.faults import sweep

from torchkeras._base import files
from torchkeras._base.errors import ModelFileError
from torchkeras._base.files import (
    atomic_folder,
    atomic_path,
    atomic_write_bytes,
    atomic_writer,
    check_local,
    open_regular,
)

OLD, NEW = b"old" * 1000, b"new" * 2000


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(OLD)
    return path


def siblings(path):
    return [p.name for p in path.parent.iterdir() if p.name.endswith(".tmp")]


def test_new_file_gets_the_usual_mode(tmp_path):
    path = tmp_path / "new"
    before = os.umask(0o027)
    try:
        atomic_write_bytes(path, NEW)
    finally:
        os.umask(before)
    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.safety("R11")
def test_mode_of_the_old_file_is_kept(target):
    target.chmod(0o604)
    atomic_write_bytes(target, [b"a", memoryview(b"b"), bytearray(b"c")])
    assert target.read_bytes() == b"abc"
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


@pytest.mark.safety("R11")
def test_symlink_is_written_through(target, tmp_path):
    link = tmp_path / "deep" / "link"
    link.parent.mkdir()
    link.symlink_to("../model.bin")
    atomic_write_bytes(link, NEW)
    assert link.is_symlink() and target.read_bytes() == NEW
    assert os.listdir(link.parent) == ["link"]


@pytest.mark.safety("R11")
def test_relative_path_survives_a_change_of_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    with atomic_writer("m.bin") as out:
        out.write(NEW)
        os.chdir("other")
    assert (tmp_path / "m.bin").read_bytes() == NEW and not os.listdir(tmp_path / "other")


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_exception_leaves_the_old_file_and_no_litter(target, failure):
    def write(manager):
        with manager(target) as out:
            if manager is atomic_writer:
                out.write(NEW)
            raise failure

    for manager in (atomic_writer, atomic_path):
        with pytest.raises(failure):
            write(manager)
        assert target.read_bytes() == OLD and not siblings(target)


def test_atomic_path_is_for_writers_that_want_a_name(target):
    with atomic_path(target) as name:
        assert os.path.dirname(name) == str(target.parent)
        with open(name, "wb") as f:
            f.write(NEW)
        assert target.read_bytes() == OLD
    assert target.read_bytes() == NEW and not siblings(target)


@pytest.mark.safety("R11")
def test_refused_targets(tmp_path):
    for path, error in (
        (tmp_path, IsADirectoryError),
        (tmp_path / "none" / "m.bin", FileNotFoundError),
        (tmp_path / ("x" * 300), OSError),
        ("/dev/null", ValueError),
    ):
        with pytest.raises(error) as info:
            atomic_write_bytes(path, NEW)
        assert os.path.basename(path) in str(info.value)
    assert not os.listdir(tmp_path)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="pipe"):
        atomic_write_bytes(pipe, NEW)


def test_read_only_file_is_respected(target, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    with pytest.raises(PermissionError, match=r"model\.bin"):
        atomic_write_bytes(target, NEW)
    assert target.read_bytes() == OLD


@pytest.mark.safety("R11")
def test_long_and_odd_names(tmp_path):
    for name in ("n" * 250, "line\nbreak", " ", "ü" * 120):
        atomic_write_bytes(tmp_path / name, NEW)
        assert (tmp_path / name).read_bytes() == NEW
    assert len(os.listdir(tmp_path)) == 4


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_every_failing_call_leaves_old_or_new(target, code):
    outcomes = []
    for outcome in sweep(
        lambda: atomic_write_bytes(target, [NEW[:100], NEW[100:]]),
        code,
        lambda: target.write_bytes(OLD),
    ):
        outcomes.append(outcome)
        assert target.read_bytes() in (OLD, NEW)
        assert not siblings(target)
    assert set(outcomes) <= {"os error", "ok", "finished"} and len(outcomes) > 6


def test_kill_at_every_call_leaves_old_or_new(target):
    outcomes = []
    for outcome in sweep(
        lambda: atomic_write_bytes(target, [NEW[:100], NEW[100:]]),
        None,
        lambda: target.write_bytes(OLD),
    ):
        outcomes.append(outcome)
        assert target.read_bytes() in (OLD, NEW)
        assert len(siblings(target)) <= 1  # the next save removes it
    assert outcomes[-1] == "finished" and set(outcomes[:-1]) == {"killed"}
    assert target.read_bytes() == NEW and not siblings(target)


def test_sibling_of_a_living_writer_is_left_alone(target):
    other = target.parent / f".{target.name}.notes.tmp"
    other.write_bytes(b"not ours")
    with atomic_writer(target) as out:
        atomic_write_bytes(target, b"second")
        out.write(b"first")
    assert target.read_bytes() == b"first"
    assert siblings(target) == [other.name]


def test_concurrent_writers(target):
    def work(content):
        for _ in range(50):
            atomic_write_bytes(target, content)

    threads = [threading.Thread(target=work, args=(c,)) for c in (OLD, NEW, b"x")]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        assert target.read_bytes() in (OLD, NEW, b"x")
    assert not siblings(target)


def test_open_regular(tmp_path, target):
    with open_regular(target) as f:
        assert f.read() == OLD
    os.mkfifo(tmp_path / "pipe")
    for path, error in (
        (tmp_path, IsADirectoryError),
        (tmp_path / "nope", FileNotFoundError),
        (tmp_path / "pipe", ModelFileError),
        ("/dev/zero", ModelFileError),
    ):
        with pytest.raises(error):
            open_regular(path)


def test_addresses_are_no_paths(tmp_path):
    assert check_local(tmp_path / "a") == str(tmp_path / "a")
    with pytest.raises(ValueError, match="only local files"):
        check_local("hf://user/model", "load_model")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    path.mkdir(mode=0o750)
    (path / "mark").write_bytes(OLD)
    (path / "old only").write_bytes(b"x")
    return path


def content(path):
    return {p.name: p.read_bytes() for p in path.iterdir()}


def is_ours(name):
    return os.path.exists(os.path.join(name, "mark"))


def write_folder(path):
    with atomic_folder(path, is_ours) as new:
        for name in ("mark", "b"):
            with open(os.path.join(new, name), "wb") as f:
                f.write(NEW)


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced_whole(folder, exchange, monkeypatch):
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    write_folder(folder)
    assert content(folder) == {"mark": NEW, "b": NEW}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert not siblings(folder)
    other = folder.parent / "new"
    write_folder(other)
    assert content(other) == content(folder)
    empty = folder.parent / "empty"
    empty.mkdir()
    write_folder(empty)
    assert content(empty) == content(folder)


def test_a_folder_of_other_things_stays(folder, tmp_path):
    before = content(folder)
    (folder / "mark").rename(folder / "notes")
    before = content(folder)
    with pytest.raises(FileExistsError, match="holds other things"):
        write_folder(folder)
    assert content(folder) == before
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError, match="holds other things"):
        write_folder(tmp_path / "file")
    assert not siblings(folder)


def test_a_folder_whose_writer_fails_stays(folder):
    before = content(folder)

    def fail():
        with atomic_folder(folder, is_ours) as new:
            with open(os.path.join(new, "a"), "wb") as f:
                f.write(NEW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert content(folder) == before
    assert not siblings(folder)


def test_folders_of_killed_writers_go(folder):
    left = folder.parent / f".{folder.name}.0123456789.tmp"
    left.mkdir()
    (left / "part").write_bytes(b"x")
    with atomic_folder(folder, is_ours) as new:
        assert not left.exists()
        with atomic_folder(folder, is_ours):  # the other's sibling is in use
            assert os.path.isdir(new)
    assert not siblings(folder)


@pytest.mark.parametrize("error", [None, errno.ENOSPC])
def test_a_folder_survives_every_failure(folder, error):
    old, new = content(folder), {"mark": NEW, "b": NEW}

    def reset():
        for entry in list(folder.iterdir()):
            entry.unlink()
        for name, data in old.items():
            (folder / name).write_bytes(data)

    outcomes = []
    for outcome in sweep(lambda: write_folder(folder), error, reset):
        outcomes.append(outcome)
        assert outcome in ("finished", "killed", "os error", "ok")
        assert content(folder) in (old, new)
        assert len(siblings(folder)) <= (1 if error is None else 0)
    write_folder(folder)
    assert not siblings(folder)
    assert len(outcomes) > 5
