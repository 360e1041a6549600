"""Several files that are replaced together: an index names them, and it changes last.

New files are written beside the old ones under names of their own. Then the index is replaced,
which is the moment that counts: before it the old files are whole and named, after it the new
ones. Only then do the new files take their usual names, over the old ones, and the index with
them. An exception leaves no litter; what a killed process left, the next save removes.
"""

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence

from torchkeras._base.files import Writer, atomic_write_bytes, named_error, sync_folder

try:
    import fcntl
except ImportError:  # Windows: two writers of one set must not run at a time
    fcntl = None  # type: ignore[assignment]

_TOKEN = r"-[0-9a-f]{10}"


def replace_set(
    index: str | os.PathLike[str],
    names: Sequence[str],
    suffix: str,
    write: Callable[[int, Writer], None],
    index_of: Callable[[Sequence[str], Sequence[str]], bytes],
    old: Callable[[], tuple[Collection[str], Collection[str]] | None],
) -> None:
    """Write files and the index that names them, in place of those that are there.

    Args:
        index: The index file; the others stand beside it.
        names: The usual names of the new files.
        suffix: What they end in.
        write: Writes file i.
        index_of: Returns the index that names files, and notes those that it takes the place of.
        old: Returns what the index that is there names, and what it notes; None if that cannot be
            told, and then nothing is taken for left over.

    Raises:
        OSError: if one cannot be written; then the index and the files it names are whole.
    """
    index = os.path.realpath(index)
    folder = os.path.dirname(index)
    with named_error(index), _lock_of(folder):
        surplus = _surplus(folder, names, suffix, old())
        before = _identity(index)
        fresh: list[str] = []
        litter: list[str] = fresh
        try:
            for i, name in enumerate(names):
                fresh.append(_fresh_name(name, suffix))
                with _created(os.path.join(folder, fresh[-1])) as fd:
                    write(i, Writer(fd, name))
                    os.fsync(fd)
            taken = any(os.path.lexists(os.path.join(folder, n)) for n in names)
            if taken:
                sync_folder(index)
                atomic_write_bytes(index, index_of(fresh, [*names, *surplus]))
            else:
                litter = [*fresh, *names]
            for new, name in zip(fresh, names, strict=True):
                _take_name(os.path.join(folder, new), os.path.join(folder, name), keep=taken)
            _remove(folder, surplus)
            sync_folder(index)
            atomic_write_bytes(index, index_of(names, ()))
        except BaseException:
            if _identity(index) == before:  # else the new ones are what it names
                _remove(folder, litter)
            raise
        _remove(folder, fresh)


def _identity(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


@contextlib.contextmanager
def _lock_of(folder: str) -> Iterator[None]:
    """Let one process at a time replace sets in a folder."""
    if fcntl is None:
        yield
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


@contextlib.contextmanager
def _created(path: str) -> Iterator[int]:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    fd = os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        yield fd
    finally:
        os.close(fd)


def _fresh_name(name: str, suffix: str) -> str:
    return f"{name.removesuffix(suffix)}-{secrets.token_hex(5)}{suffix}"


def _take_name(new: str, name: str, keep: bool) -> None:
    """Give a file its usual name; with `keep` the one that the index has stays too."""
    if not keep:
        os.rename(new, name)
        return
    aside = f"{new}.tmp"
    try:
        try:
            os.link(new, aside)
        except OSError:  # a file system without links
            shutil.copyfile(new, aside)
        os.replace(aside, name)
    except BaseException:
        _remove("", [aside])
        raise


def _remove(folder: str, names: Sequence[str]) -> None:
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, name))


def _surplus(
    folder: str,
    names: Sequence[str],
    suffix: str,
    old: tuple[Collection[str], Collection[str]] | None,
) -> list[str]:
    """Remove what killed writers left, and return the old files that new ones do not overwrite.

    Under the folder's lock no writer lives, so what has a token is needed only if it is named.
    What is only noted must not wait for a save that ends: each further kill would leave a set
    more. Names of another form are left alone: an index that was copied or renamed has them, and
    the one that they were written for may still be there.
    """
    if old is None:
        return []
    named, noted = old
    stem = re.escape(re.sub(r"\d+$", "", names[0].removesuffix(suffix)))
    usual = re.compile(rf"{stem}\d+{re.escape(suffix)}")
    fresh = re.compile(rf"{stem}\d+{_TOKEN}{re.escape(suffix)}(\.tmp)?")
    _remove(folder, [n for n in os.listdir(folder) if fresh.fullmatch(n) and n not in named])
    kept = {n for n in named if fresh.fullmatch(n)} | set(filter(usual.fullmatch, {*named, *noted}))
    return sorted(kept.difference(names))
