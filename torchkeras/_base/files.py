"""Files that are replaced only by a complete new one.

Everything is written to a sibling of the target, flushed to the device, and renamed over it. Who
reads the target sees the old content or the new, never a part; an exception leaves the old file as
it was and no litter. A killed process can leave its sibling, which the next save removes.
"""

import contextlib
import ctypes
import errno
import io
import os
import secrets
import shutil
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from torchkeras._base.errors import ModelFileError

try:
    import fcntl
except ImportError:  # Windows has no advisory locks: a dead writer's sibling stays there
    fcntl = None  # type: ignore[assignment]

_LONGEST_STEM = 180  # bytes of the target's name that its sibling's name repeats


class Writer(io.RawIOBase):
    """An open file that writes all it is given, for `zipfile` and `copyfileobj` alike."""

    def __init__(self, fd: int, name: str) -> None:
        self.fd = fd
        self.name = name

    def write(self, data: Any) -> int:
        """Write all bytes: `os.write` may take less than it is given."""
        view = memoryview(data).cast("B")
        size = view.nbytes
        while view:
            view = view[os.write(self.fd, view) :]
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset."""
        return os.lseek(self.fd, offset, whence)

    def tell(self) -> int:
        """Return the offset."""
        return os.lseek(self.fd, 0, os.SEEK_CUR)

    def seekable(self) -> bool:
        """Tell that `seek` works."""
        return True

    def writable(self) -> bool:
        """Tell that `write` works."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self.fd


def check_local(path: Any, owner: str = "path") -> str:
    """Return a path as a string; an address is refused without a look at the network."""
    path = os.fspath(path)
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if "://" in path:
        raise ValueError(f"{owner}: only local files are read and written. Received: {path!r}.")
    return path


def open_regular(path: str | os.PathLike[str], follow: bool = True) -> BinaryIO:
    """Open a regular file for reading; a pipe, a device or a folder is refused, not waited for.

    With `follow=False` a link is refused too, by the system's own error (`ELOOP` on Linux).

    Raises:
        OSError: if it cannot be opened (`FileNotFoundError`, `PermissionError`, …).
        ModelFileError: if it is neither a file nor a folder.
    """
    path = os.fspath(path)
    # Without O_NONBLOCK the open of a pipe waits for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    flags |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    fd = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, os.strerror(21), path)
        if not stat.S_ISREG(mode):
            raise ModelFileError("a regular file is needed; this is a pipe or device.", path=path)
        return open(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def _target(path: str | os.PathLike[str]) -> tuple[str, int | None]:
    """Resolve symlinks, and return the target with the mode of the file that is there."""
    path = os.path.realpath(path)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return path, None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(21, os.strerror(21), path)
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path}: only a regular file can be replaced; this is a pipe or device.")
    if not os.access(path, os.W_OK):
        raise PermissionError(13, os.strerror(13), path)  # a read-only file is meant to stay
    return path, stat.S_IMODE(mode)


def _sibling_prefix(path: str) -> str:
    stem = os.path.basename(path)
    if len(os.fsencode(stem)) > _LONGEST_STEM:
        stem = f"{zlib.crc32(os.fsencode(stem)):08x}"  # the whole name must still fit in 255 bytes
    return f".{stem}."


def _lock(fd: int) -> bool:
    """Lock a sibling as long as its writer lives; True also where locks do not exist."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _create_sibling(path: str, mode: int | None) -> tuple[str, int]:
    """Create `.name.<random>.tmp` beside `path`; return its name and open descriptor."""
    folder = os.path.dirname(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_BINARY", 0)
    while True:
        name = os.path.join(folder, f"{_sibling_prefix(path)}{secrets.token_hex(5)}.tmp")
        try:
            fd = os.open(name, flags, 0o666)  # the umask applies, as to a file made by open()
        except FileExistsError:
            continue
        try:
            if _lock(fd) and os.fstat(fd).st_nlink:
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(fd, mode)
                return name, fd
        except BaseException:
            _discard(name, fd)
            raise
        os.close(fd)  # another save took it for a dead one's before we had locked it


def _discard(name: str, fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)
    with contextlib.suppress(OSError):
        os.unlink(name)


def _remove_stale(path: str) -> None:
    """Remove the siblings that killed writers of this target left behind."""
    if fcntl is None:
        return
    prefix = _sibling_prefix(path)
    folder = os.path.dirname(path)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            tail = entry.name.removeprefix(prefix)
            if tail == entry.name or not tail.endswith(".tmp") or len(tail) != 14:
                continue
            with contextlib.suppress(OSError):
                is_folder = entry.is_dir(follow_symlinks=False)
                access = os.O_RDONLY if is_folder else os.O_RDWR
                fd = os.open(entry.path, access | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its writer lives
                    shutil.rmtree(entry.path) if is_folder else os.unlink(entry.path)
                finally:
                    os.close(fd)


def sync_folder(path: str) -> None:
    """Make a rename durable: it lives in the folder."""
    if os.name != "posix":
        return
    fd = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _sibling(path: str | os.PathLike[str]) -> Iterator[tuple[str, int]]:
    """Yield a new sibling's name and descriptor; replace the target with it at the end."""
    target, mode = _target(path)
    _remove_stale(target)
    name, fd = _create_sibling(target, mode)
    try:
        yield name, fd
        os.fsync(fd)
        os.replace(name, target)
    except BaseException:  # KeyboardInterrupt too
        _discard(name, fd)
        raise
    os.close(fd)
    sync_folder(target)


def make_folder_of(path: str | os.PathLike[str]) -> None:
    """Make the folder that a file is to be in, where Keras does so."""
    os.makedirs(os.path.dirname(os.path.realpath(path)), exist_ok=True)


@contextlib.contextmanager
def atomic_writer(path: str | os.PathLike[str]) -> Iterator[Writer]:
    """Open a file that takes the place of `path` when the block ends without an exception.

    Its mode is that of the file it replaces; a symlink is written through, not replaced.

    Raises:
        OSError: if it cannot be written; the old file is as it was.
    """
    with named_error(path), _sibling(path) as (name, fd):
        yield Writer(fd, name)


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the name of a new file, for a writer that wants names; it becomes `path` at the end.

    The file is there and empty; the writer must open it and write in place, not rename over it.
    """
    with named_error(path), _sibling(path) as (name, _):
        yield name


@contextlib.contextmanager
def atomic_folder(
    path: str | os.PathLike[str], ours: Callable[[str], bool] = lambda _: False
) -> Iterator[str]:
    """Yield the name of a new folder, which takes the place of `path` when the block ends well.

    On Linux the two change places in one step; elsewhere there is a moment without either.

    Args:
        path: The folder; there may be an empty one, or one that `ours` knows.
        ours: Tells whether the folder of a name is of the kind that is written, and may go.

    Raises:
        FileExistsError: if `path` is a file, or a folder with other things in it.
        OSError: if it cannot be written; what was there is as it was.
    """
    target = os.path.realpath(path)
    mode = None
    if os.path.lexists(target):
        if not os.path.isdir(target) or (os.listdir(target) and not ours(target)):
            raise FileExistsError(
                errno.EEXIST, "it holds other things and is not replaced", os.fspath(path)
            )
        mode = stat.S_IMODE(os.stat(target).st_mode)
    with named_error(path):
        _remove_stale(target)
        name, fd = _create_sibling_folder(target, mode)
        try:
            yield name
            _sync_tree(name)
            old = _put_folder(name, target)
        except BaseException:
            _remove_tree(name)
            raise
        finally:
            if fd is not None:
                os.close(fd)
        try:
            sync_folder(target)
        finally:
            if old is not None:
                _remove_tree(old)


def _remove_tree(folder: str) -> None:
    for _ in range(2):  # one failure on the way may be over by now
        shutil.rmtree(folder, ignore_errors=True)


def _create_sibling_folder(path: str, mode: int | None) -> tuple[str, int | None]:
    """Create `.name.<random>.tmp` beside `path`, locked while its writer lives."""
    while True:
        name = _sibling_prefix(path) + secrets.token_hex(5) + ".tmp"
        name = os.path.join(os.path.dirname(path), name)
        try:
            os.mkdir(name)
        except FileExistsError:
            continue
        if fcntl is None:
            return name, None
        fd = None
        try:
            fd = os.open(name, os.O_RDONLY)
            if _lock(fd) and os.path.exists(name):
                if mode is not None:
                    os.fchmod(fd, mode)
                return name, fd
        except FileNotFoundError:  # as in _create_sibling: another save took it for a dead one's
            pass
        except BaseException:
            if fd is not None:
                os.close(fd)
            os.rmdir(name)
            raise
        if fd is not None:
            os.close(fd)


def _sync_tree(folder: str) -> None:
    """Flush all files below a folder, and the folders, to the device."""
    for parent, _, files in os.walk(folder):
        for file in files:
            with open(os.path.join(parent, file), "rb+") as f:
                os.fsync(f.fileno())
        sync_folder(os.path.join(parent, ""))


def _put_folder(new: str, target: str) -> str | None:
    """Put a folder in its place; return where the one that was there is now."""
    try:
        os.rename(new, target)  # an empty folder gives way
        return None
    except OSError as e:
        if e.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    if _exchange(new, target):
        return new
    aside = new[:-14] + secrets.token_hex(5) + ".tmp"
    os.rename(target, aside)
    try:
        os.rename(new, target)
    except BaseException:
        os.rename(aside, target)
        raise
    return aside


def _exchange(a: str, b: str) -> bool:
    """Let two folders change places in one step, where the system can."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # not Linux
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return renameat2(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0


def atomic_write_bytes(path: str | os.PathLike[str], data: Any) -> None:
    """Replace `path` with bytes, or with the chunks of an iterable of them.

    >>> import tempfile
    >>> name = os.path.join(tempfile.mkdtemp(), "a.txt")
    >>> atomic_write_bytes(name, b"new")
    >>> open(name, "rb").read()
    b'new'
    """
    chunks: Iterable[Any] = (data,) if isinstance(data, (bytes, bytearray, memoryview)) else data
    with atomic_writer(path) as out:
        for chunk in chunks:
            out.write(chunk)


@contextlib.contextmanager
def named_error(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the target in an OSError: `os.write` knows a number, `os.open` the sibling."""
    try:
        yield
    except OSError as e:
        named = os.path.basename(os.fsdecode(e.filename)) if isinstance(e.filename, str) else ""
        ours = named.startswith(_sibling_prefix(os.path.realpath(path))) and named.endswith(".tmp")
        if e.errno is not None and (e.filename is None or ours):
            e.filename = os.fspath(path)
            if e.filename2 is not None:
                del e.filename2
        raise
