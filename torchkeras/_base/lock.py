"""A folder that one process at a time works in."""

import contextlib
import json
import os
import socket
import stat
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: the process number alone tells whether a lock is stale
    fcntl = None  # type: ignore[assignment]

_LONGEST = 4096  # bytes of a lock file that are read


class FolderLock:
    """A lock file that names its holder.

    The kernel's lock on the file ends with its process, so that of a killed one is taken over.
    Where the file system has no such locks, and for workers that outlive a killed process, the
    process number in the file decides.

    Args:
        path: The lock file.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "lock")
    >>> lock = FolderLock(path)
    >>> lock.take() is None, FolderLock(path).take()["pid"] == os.getpid()
    (True, True)
    >>> lock.release()
    >>> os.path.exists(path)
    False
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd: int | None = None

    def take(self) -> dict[str, Any] | None:
        """Take the lock; return None, or `{"pid": …, "host": …}` of the process that has it.

        Raises:
            OSError: if the file cannot be written.
        """
        holder = None
        for _ in range(10):
            try:
                taken, holder = self._try()
            except OSError as e:
                if e.errno is not None and e.filename is None:
                    e.filename = self.path
                raise
            if taken:
                return None
            if holder is not None:
                return holder
        return {"pid": None, "host": None}  # others keep taking it between two looks

    def _try(self) -> tuple[bool, dict[str, Any] | None]:
        """Return whether the lock is taken, and else by whom; None: look again."""
        fd = os.open(self.path, _flags(os.O_RDWR | os.O_CREAT), 0o666)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(22, "a lock must be a regular file", self.path)
            holder = _holder(fd)
            if not self._locked(fd, holder):
                if not _is_dead(holder):
                    return False, holder
                os.unlink(self.path)  # its workers hold it still: the next file is ours
            elif self._is_current(fd):
                self._write(fd)
                self._fd = fd
                return True, None
            return False, None
        finally:
            if self._fd != fd:
                os.close(fd)

    def _locked(self, fd: int, holder: dict[str, Any]) -> bool:
        """Take the kernel's lock; without one, a file that names nobody alive is free."""
        if fcntl is not None:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False
            except OSError:  # a file system without locks
                pass
        return holder["pid"] is None or _is_dead(holder)

    def _is_current(self, fd: int) -> bool:
        """Tell whether the path still leads to the file that was locked."""
        try:
            there, here = os.stat(self.path), os.fstat(fd)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def _write(self, fd: int) -> None:
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        os.lseek(fd, 0, os.SEEK_SET)
        os.ftruncate(fd, 0)
        os.write(fd, text.encode())

    def release(self) -> None:
        """Remove the lock file; one that cannot be removed is free as well."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        with contextlib.suppress(OSError):
            if self._is_current(fd):
                os.unlink(self.path)
        os.close(fd)


def _flags(flags: int) -> int:
    for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW"):  # a link would have its end truncated
        flags |= getattr(os, name, 0)
    return flags


def _holder(fd: int) -> dict[str, Any]:
    """Return what a lock file says; a part of a text says nothing."""
    try:
        found = json.loads(
            os.pread(fd, _LONGEST, 0) if hasattr(os, "pread") else os.read(fd, _LONGEST)
        )
    except (ValueError, RecursionError):
        found = None
    found = found if isinstance(found, dict) else {}
    pid, host = found.get("pid"), found.get("host")
    known = type(pid) is int and 0 < pid < 2**31 and isinstance(host, str)
    return {"pid": pid, "host": host[:200]} if known else {"pid": None, "host": None}


def _is_dead(holder: dict[str, Any]) -> bool:
    """Tell whether the holder was a process of this machine that is no more."""
    pid = holder["pid"]
    if pid is None or holder["host"] != socket.gethostname() or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Tell whether a process has ended and only waits to be asked how."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rpartition(b")")[2].split()[0] == b"Z"
    except (OSError, IndexError):
        return False
