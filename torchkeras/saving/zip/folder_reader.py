"""A model's folder, read with the checks that an archive gets."""

import errno
import os
import stat
from dataclasses import dataclass
from typing import BinaryIO

from torchkeras.saving.safety import LoadLimits, ModelFileError, UnsafeModelError, is_plain_path

_DEPTH = 64
_BY_HANDLE = os.open in os.supports_dir_fd and os.scandir in os.supports_fd


@dataclass(frozen=True)
class FolderMember:
    """A file below the folder."""

    name: str
    size: int
    is_folder: bool = False


class FolderReader:
    """The files of a folder, under the names that they have in an archive.

    Where the system can, they are opened in the folder that was found first, so that another one
    that takes its place meanwhile is never mixed with it. Links are refused, never followed.

    Args:
        path: The folder.
        limits: What is accepted.
    """

    def __init__(self, path: str, limits: LoadLimits) -> None:
        self._path, self._limits = path, limits
        self.members: dict[str, FolderMember] = {}
        self._handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY) if _BY_HANDLE else None

    def __enter__(self) -> "FolderReader":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def scan(self) -> None:
        """List the files in `members`.

        Raises:
            ModelFileError: for a name that cannot be, or too many files.
            UnsafeModelError: for links, pipes and devices.
        """
        self.members.clear()
        self._walk("", 0)

    def close(self) -> None:
        """Let go of the folder."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def replaced(self) -> bool:
        """Tell whether another folder has the name by now."""
        if self._handle is None:
            return False
        now, then = os.stat(self._path), os.fstat(self._handle)
        return (now.st_dev, now.st_ino) != (then.st_dev, then.st_ino)

    def _error(self, message: str, where: str | None, kind: type = ModelFileError) -> Exception:
        return kind(f"{message}.", path=self._path, where=where)

    def _open(self, name: str, flags: int) -> int:
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        if self._handle is not None:
            return os.open(name or ".", flags, dir_fd=self._handle)
        return os.open(os.path.join(self._path, name), flags)

    def _walk(self, prefix: str, depth: int) -> None:
        if depth > _DEPTH:
            raise self._error(f"folders are nested deeper than {_DEPTH}", prefix)
        handle = (
            self._open(prefix, os.O_RDONLY | os.O_DIRECTORY) if self._handle is not None else None
        )
        try:
            with os.scandir(
                os.path.join(self._path, prefix) if handle is None else handle
            ) as found:
                entries = sorted(found, key=lambda e: e.name)
                kinds = [(e.name, e.stat(follow_symlinks=False)) for e in entries]
        finally:
            if handle is not None:
                os.close(handle)
        for own_name, info in kinds:
            name = f"{prefix}/{own_name}" if prefix else own_name
            if not prefix and (own_name.startswith(".") or own_name.lower() == "readme.md"):
                continue  # what file managers, git and people leave; nothing here reads it
            if not is_plain_path(name) or len(os.fsencode(name)) > self._limits.name_bytes:
                raise self._error("a file's name must be a plain relative path", repr(name)[:99])
            if len(self.members) >= self._limits.members:
                raise self._error(f"over the limit of {self._limits.members} files", None)
            if stat.S_ISDIR(info.st_mode):
                self.members[name + "/"] = FolderMember(name + "/", 0, True)
                self._walk(name, depth + 1)
            elif stat.S_ISREG(info.st_mode):
                self.members[name] = FolderMember(name, info.st_size)
            else:
                message = "a link, pipe or device is refused; a model's folder has files alone"
                raise self._error(message, name, UnsafeModelError)

    def verify(self) -> None:
        """Nothing to do: files have no checksums of their own, weights in HDF5 do."""

    def open(self, name: str) -> BinaryIO:
        """Open a file of the folder."""
        try:
            handle = self._open(name, os.O_RDONLY)
        except OSError as e:
            if e.errno == errno.ELOOP:
                raise self._error("a link is refused", name, UnsafeModelError) from e
            e.filename = os.path.join(self._path, name)
            raise
        file = open(handle, "rb")  # noqa: SIM115
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            file.close()
            raise self._error("a regular file is needed", name, UnsafeModelError)
        return file

    def read(self, name: str, limit: int) -> bytes:
        """Return a file's content if it is not longer than `limit`."""
        with self.open(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise self._error(f"more than the limit of {limit} bytes", name)
        return data
