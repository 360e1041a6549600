"""A folder's lock: named, and free again when its process is dead."""

import json
import os
import signal
import socket

import pytest

from torchkeras._base import lock as lock_module
from torchkeras._base.lock import FolderLock


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


def hold(path):
    """A process that has the lock and waits; returns its number."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        lock = FolderLock(path)
        os.write(write, b"x" if lock.take() is None else b"-")
        signal.pause()
    assert os.read(read, 1) == b"x"
    os.close(read), os.close(write)
    return pid


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def dead_pid():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def test_one_at_a_time(path):
    first, second = FolderLock(path), FolderLock(path)
    assert first.take() is None
    me = {"pid": os.getpid(), "host": socket.gethostname()}
    assert second.take() == me
    second.release()
    assert FolderLock(path).take() == me
    first.release()
    first.release()
    assert not os.path.exists(path)
    assert second.take() is None
    second.release()


def test_another_process_and_its_death(path):
    pid = hold(path)
    try:
        assert FolderLock(path).take() == {"pid": pid, "host": socket.gethostname()}
    finally:
        end(pid)
    assert os.path.exists(path)
    lock = FolderLock(path)
    assert lock.take() is None
    lock.release()


@pytest.mark.parametrize("reaped", [True, False])
def test_workers_that_outlive_their_process(path, reaped):
    """A worker forked off the killed process still holds the kernel's lock."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        FolderLock(path).take()
        worker = os.fork()
        if worker == 0:
            signal.pause()
        os.write(write, str(worker).encode())
        signal.pause()
    worker = int(os.read(read, 20))
    os.kill(pid, signal.SIGKILL)
    if reaped:
        os.waitpid(pid, 0)
    else:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        lock = FolderLock(path)
        assert lock.take() is None
        assert FolderLock(path).take()["pid"] == os.getpid()
        lock.release()
    finally:
        os.kill(worker, signal.SIGKILL)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "5", '{"pid": "1", "host": "a"}', '{"pid": -1, "host": "a"}', "x" * 10_000,
     '{"pid": 99999999999, "host": 5}'],
)  # fmt: skip
@pytest.mark.parametrize("kernel", [True, False])
def test_a_file_that_says_nothing_is_free(path, text, kernel, monkeypatch):
    if not kernel:
        monkeypatch.setattr(lock_module, "fcntl", None)
    with open(path, "w") as f:
        f.write(text)
    lock = FolderLock(path)
    assert lock.take() is None
    with open(path) as f:
        assert json.load(f)["pid"] == os.getpid()
    lock.release()


def test_without_the_kernels_locks(path, monkeypatch):
    """Then the process number decides; another host's cannot be asked."""
    monkeypatch.setattr(lock_module, "fcntl", None)
    for holder, free in (
        ({"pid": dead_pid(), "host": socket.gethostname()}, True),
        ({"pid": os.getppid(), "host": socket.gethostname()}, False),
        ({"pid": 1, "host": "elsewhere"}, False),
    ):
        with open(path, "w") as f:
            json.dump(holder, f)
        lock = FolderLock(path)
        assert lock.take() == (None if free else holder)
        lock.release()


def test_a_link_or_pipe_in_its_place(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="a lock must be a regular file"):
        FolderLock(str(pipe)).take()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="link"):
        FolderLock(str(tmp_path / "link")).take()
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(IsADirectoryError):
        FolderLock(str(tmp_path)).take()
    with pytest.raises(FileNotFoundError):
        FolderLock(str(tmp_path / "no" / "lock")).take()
