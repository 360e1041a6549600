"""A strict reader of zip archives, small enough to be read in full.

Python's `zipfile` is made to open all that some tool once wrote: it takes the last of two members
of one name, skips bytes before and after the archive, and believes the sizes. Here the two
descriptions of each member must agree, nothing may overlap or hide, and every CRC is verified.
"""

import io
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from torchkeras.saving.safety import (
    DEFAULT_LIMITS,
    LoadLimits,
    ModelFileError,
    is_plain_path,
)

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_PIECE = 1 << 20
_RATIO_ABOVE = 1 << 20
_STORED, _DEFLATED = 0, 8
_FLAG_DESCRIPTOR, _FLAGS_KNOWN = 0x0008, 0x080E  # descriptor, UTF-8 name, deflate level
_NO_TRAILER = (0,)
_TRAILERS = (12, 16, 20, 24)  # CRC and sizes that a writer without seek puts behind the data
_NO_ZIP = "truncated or not a zip archive"


@dataclass
class Member:
    """One member, as the central directory describes it."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    stored: int
    size: int
    header: int  # offset of the local header
    start: int = 0  # offset of the data

    @property
    def is_folder(self) -> bool:
        """Tell whether it only stands for a folder."""
        return self.name.endswith("/")


class Window(io.RawIOBase):
    """A part of an open file, as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        """Tell that `read` works."""
        return True

    def seekable(self) -> bool:
        """Tell that `seek` works."""
        return True

    def tell(self) -> int:
        """Return the offset within the part."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset within the part."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the part goes."""
        view = memoryview(buffer).cast("B")
        view = view[: max(0, self._size - self._at)]
        self._file.seek(self._start + self._at)
        done = 0
        while done < view.nbytes:
            n = self._file.readinto(view[done:])  # type: ignore[attr-defined]
            if not n:
                break
            done += n
        self._at += done
        return done


class ZipReader:
    """The members of an open archive, checked as a whole before any is read.

    Args:
        file: The archive, open for reading.
        path: Its name, for messages.
        limits: What is accepted.
        fold: Whether names that differ in case alone are duplicates, as on some file systems.

    Raises:
        ModelFileError: for anything but a plain zip archive whose every CRC is right.
    """

    def __init__(
        self, file: BinaryIO, path: str, limits: LoadLimits = DEFAULT_LIMITS, *, fold: bool = True
    ) -> None:
        self._file, self._path, self._limits, self._fold = file, path, limits, fold
        self._file_size = file.seek(0, os.SEEK_END)
        self.members: dict[str, Member] = {}
        try:
            directory = self._read_directory()
        except struct.error as e:
            raise self._error(_NO_ZIP) from e
        self._check_headers(directory)

    def _error(self, message: str, where: str | None = None) -> ModelFileError:
        return ModelFileError(f"{message}.", path=self._path, where=where)

    def _at(self, offset: int, size: int) -> bytes:
        if offset < 0 or offset + size > self._file_size:
            raise self._error(_NO_ZIP)
        self._file.seek(offset)
        return self._file.read(size)

    # ---------------------------------------------------------------------- the directory

    def _read_end(self) -> tuple[int, int, int]:
        """Return count, size and offset of the central directory, which must end the file."""
        end_at = self._file_size - _END.size
        end = _END.unpack(self._at(end_at, _END.size))
        if end[0] != b"PK\x05\x06" or end[7]:
            raise self._error(_NO_ZIP)
        disk, start_disk, here, count, size, offset = end[1:7]
        wide = 0xFFFF in (here, count) or 0xFFFFFFFF in (size, offset)
        if wide or offset + size == end_at - 20 - _END64.size:  # torch writes both records always
            locator = _END64_LOCATOR.unpack(self._at(end_at - 20, 20))
            end_at = end_at - 20 - _END64.size
            end64 = _END64.unpack(self._at(end_at, _END64.size))
            if locator[0] != b"PK\x06\x07" or end64[0] != b"PK\x06\x06" or locator[2] != end_at:
                raise self._error(_NO_ZIP)
            if not wide and (disk, start_disk, here, count, size, offset) != end64[4:10]:
                raise self._error("the two end records disagree")
            disk, start_disk, here, count, size, offset = end64[4:10]
        if disk or start_disk or here != count or offset + size != end_at:
            raise self._error(
                "the end record disagrees with the archive: it is truncated, or has bytes before "
                "or behind it"
            )
        return count, size, offset

    def _read_directory(self) -> int:
        """Read the central directory into `members`; return its offset."""
        count, size, offset = self._read_end()
        if count > self._limits.members:
            raise self._error(f"{count} members are over the limit of {self._limits.members}")
        if size > count * (_CENTRAL.size + self._limits.name_bytes + 1024):
            raise self._error("the central directory is larger than its members explain")
        raw = self._at(offset, size)
        at, seen = 0, set()
        for _ in range(count):
            member, at = self._read_entry(raw, at)
            folded = (member.name.casefold() if self._fold else member.name).rstrip("/")
            if folded in seen:
                raise self._error("duplicate member", member.name)
            seen.add(folded)
            self.members[member.name] = member
        if at != size:
            raise self._error("the central directory holds more than its members")
        return offset

    def _read_entry(self, raw: bytes, at: int) -> tuple[Member, int]:
        entry = _CENTRAL.unpack_from(raw, at)
        if entry[0] != b"PK\x01\x02":
            raise self._error(_NO_ZIP)
        flags, method = entry[3:5]
        crc, stored, size = entry[7:10]
        name_size, extra_size, comment_size, disk = entry[10:14]
        attributes, header = entry[15:17]
        at += _CENTRAL.size
        raw_name = raw[at : at + name_size]
        extra = raw[at + name_size : at + name_size + extra_size]
        at += name_size + extra_size + comment_size
        if at > len(raw):
            raise self._error(_NO_ZIP)
        name = self._checked_name(raw_name)
        if 0xFFFFFFFF in (stored, size, header):
            size, stored, header = self._wide(extra, size, stored, header, name)
        if flags & ~_FLAGS_KNOWN or method not in (_STORED, _DEFLATED) or disk:
            raise self._error(
                "encrypted, split or unknown compression; stored and deflated members are read",
                name,
            )
        if stat.S_IFMT(attributes >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise self._error("a member must be a file, not a link or device", name)
        member = Member(name, raw_name, flags, method, crc, stored, size, header)
        self._check_size(member)
        return member, at

    def _checked_name(self, raw: bytes) -> str:
        if len(raw) > self._limits.name_bytes:
            raise self._error(f"a member's name is over {self._limits.name_bytes} bytes")
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError as e:
            raise self._error("a member's name is not UTF-8") from e
        if not is_plain_path(name.removesuffix("/")):
            raise self._error("a member's name must be a plain relative path", name)
        return name

    def _wide(
        self, extra: bytes, size: int, stored: int, header: int, name: str
    ) -> tuple[int, int, int]:
        """Take the 64-bit values that stand in for those at their maximum."""
        at = 0
        while at + 4 <= len(extra):
            tag, length = struct.unpack_from("<HH", extra, at)
            if tag == 1:
                values = [size, stored, header]
                field = extra[at + 4 : at + 4 + length]
                for i, value in enumerate(values):
                    if value == 0xFFFFFFFF:
                        (values[i],) = struct.unpack_from("<Q", field)
                        field = field[8:]
                return values[0], values[1], values[2]
            at += 4 + length
        raise self._error("a member's sizes are missing", name)

    def _check_size(self, member: Member) -> None:
        if member.method == _STORED and member.size != member.stored:
            raise self._error("the sizes of a stored member disagree", member.name)
        if member.size > max(_RATIO_ABOVE, self._limits.ratio * member.stored):
            raise self._error(
                f"a member that expands more than {self._limits.ratio} times is over the limit",
                member.name,
            )
        if member.is_folder and member.size:
            raise self._error("a folder cannot have content", member.name)

    def _check_headers(self, directory: int) -> None:
        """Check that local headers agree with the directory and that the data tile the file."""
        end, trailers = 0, _NO_TRAILER
        for member in sorted(self.members.values(), key=lambda m: m.header):
            if member.header - end not in trailers:
                raise self._error("members overlap, or bytes lie between them", member.name)
            local = _LOCAL.unpack(self._at(member.header, _LOCAL.size))
            name_at = member.header + _LOCAL.size
            streamed = bool(member.flags & _FLAG_DESCRIPTOR)
            if (
                local[0] != b"PK\x03\x04"
                or local[2] != member.flags
                or local[3] != member.method
                or (local[6] != member.crc and not streamed)
                or self._at(name_at, local[9]) != member.raw_name
            ):
                raise self._error("the two headers of a member disagree", member.name)
            member.start = name_at + local[9] + local[10]
            end = member.start + member.stored
            trailers = _TRAILERS if streamed else _NO_TRAILER
        if directory - end not in trailers:
            raise self._error("members overlap, or bytes lie between them")

    # ---------------------------------------------------------------------- the content

    def verify(self) -> None:
        """Read every member in full and check its CRC."""
        for member in self.members.values():
            for _ in self._pieces(member):
                pass

    def read(self, name: str, limit: int) -> bytes:
        """Return a member's content if it is not longer than `limit`."""
        member = self._member(name)
        if member.size > limit:
            raise self._error(f"{member.size} bytes are over the limit of {limit}", name)
        return b"".join(self._pieces(member))

    def head(self, name: str, size: int) -> bytes:
        """Return the first bytes of a member, at most 1 MiB; nothing more of it is unpacked."""
        return next(self._unpacked(self._member(name)), b"")[:size]

    def open(self, name: str) -> BinaryIO:
        """Return a member as a file; only a compressed one takes memory."""
        member = self._member(name)
        if member.method == _STORED:
            return Window(self._file, member.start, member.size)  # type: ignore[return-value]
        content = io.BytesIO()
        for piece in self._pieces(member):
            content.write(piece)
        content.seek(0)
        return content

    def _member(self, name: str) -> Member:
        if name not in self.members:
            raise self._error(f"missing member {name}")
        return self.members[name]

    def _pieces(self, member: Member) -> Iterator[bytes]:
        """Yield the content; the last piece comes only if size and CRC are right."""
        crc = size = 0
        for piece in self._unpacked(member):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
            if size > member.size:
                raise self._error("it holds more than it declares", member.name)
            yield piece
        if size != member.size or crc != member.crc:
            raise self._error("damaged: its CRC or size is wrong", member.name)

    def _stored(self, member: Member) -> Iterator[bytes]:
        for done in range(0, member.stored, _PIECE):
            yield self._at(member.start + done, min(_PIECE, member.stored - done))

    def _unpacked(self, member: Member) -> Iterator[bytes]:
        """Yield the content in pieces of bounded size, whatever it expands to."""
        if member.method == _STORED:
            yield from self._stored(member)
            return
        unpack = zlib.decompressobj(-15)
        try:
            for piece in self._stored(member):
                yield unpack.decompress(piece, _PIECE)
                while unpack.unconsumed_tail:
                    yield unpack.decompress(unpack.unconsumed_tail, _PIECE)
            while rest := unpack.decompress(b"", _PIECE):
                yield rest
        except zlib.error as e:
            raise self._error("damaged: it cannot be unpacked", member.name) from e
        if not unpack.eof or unpack.unused_data:
            raise self._error("damaged: its packed data end early or late", member.name)
