"""A writer of zip archives whose members can be written in place, not only handed over whole.

Members are stored, not packed: weights hardly shrink. A member that is written in place has its
CRC counted once, from the pages that the writing left in memory; nothing is held twice.
"""

import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torchkeras._base.files import Writer
from torchkeras._base.region import Region

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_LOCATOR = struct.Struct("<4sLQL")
_WIDE = struct.Struct("<2H2Q")  # the 64-bit sizes of a local header
_MAX32, _MAX16 = 0xFFFFFFFF, 0xFFFF
_VERSION, _VERSION_WIDE = 20, 45
_UNIX = 3 << 8
_MODE = 0o600 << 16
_UTF8 = 0x0800
_PIECE = 1 << 20


@dataclass
class _Member:
    name: bytes
    header: int
    size: int = 0
    crc: int = 0

    @property
    def flags(self) -> int:
        return 0 if self.name.isascii() else _UTF8


class ZipWriter:
    """An archive that is being written to an open file.

    Args:
        out: The file, at its start.
    """

    def __init__(self, out: Writer) -> None:
        self._out = out
        self._members: list[_Member] = []
        now = time.localtime()[:6]
        year, month, day, hour, minute, second = (
            now if 1980 <= now[0] <= 2107 else (1980, 1, 1) + (0,) * 3
        )
        self._date = (year - 1980) << 9 | month << 5 | day
        self._time = hour << 11 | minute << 5 | second // 2

    def add(self, name: str, content: Any) -> None:
        """Add a member of known content."""
        data = memoryview(content).cast("B")
        member = _Member(name.encode(), self._out.tell(), data.nbytes, zlib.crc32(data))
        self._out.write(self._local(member))
        self._out.write(data)
        self._members.append(member)

    @contextmanager
    def open(self, name: str) -> Iterator[Region]:
        """Add a member that is written in place, from its beginning to where the file ends."""
        member = _Member(name.encode(), self._out.tell())
        header = self._local(member)
        self._out.write(header)
        region = Region(self._out, member.header + len(header))
        yield region
        region.finish()
        member.size, member.crc = region.size, _crc_of(region)
        self._out.seek(member.header)
        self._out.write(self._local(member))
        self._out.seek(region.start + region.size)
        self._members.append(member)

    def close(self) -> None:
        """Write the directory, which completes the archive."""
        start = self._out.tell()
        directory = b"".join(map(self._central, self._members))
        self._out.write(directory)
        count, size = len(self._members), len(directory)
        if count > _MAX16 or start > _MAX32:
            versions = _UNIX | _VERSION_WIDE, _VERSION_WIDE
            end64 = (b"PK\x06\x06", _END64.size - 12, *versions, 0, 0, count, count, size, start)
            self._out.write(_END64.pack(*end64))
            self._out.write(_END64_LOCATOR.pack(b"PK\x06\x07", 0, start + size, 1))
        count, start = min(count, _MAX16), min(start, _MAX32)
        self._out.write(_END.pack(b"PK\x05\x06", 0, 0, count, count, size, start, 0))

    def _local(self, member: _Member) -> bytes:
        """Return a local header, of the same length whatever the size will be."""
        fields = (_VERSION_WIDE, member.flags, 0, self._time, self._date, member.crc)
        lengths = (_MAX32, _MAX32, len(member.name), _WIDE.size)
        wide = _WIDE.pack(1, 16, member.size, member.size)
        return _LOCAL.pack(b"PK\x03\x04", *fields, *lengths) + member.name + wide

    def _central(self, member: _Member) -> bytes:
        values = [v for v in (member.size, member.size, member.header) if v >= _MAX32]
        extra = struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values) if values else b""
        size, header = min(member.size, _MAX32), min(member.header, _MAX32)
        fields = (_UNIX | _VERSION_WIDE, _VERSION_WIDE, member.flags, 0, self._time, self._date)
        lengths = (size, size, len(member.name), len(extra), 0, 0, 0, _MODE, header)
        return _CENTRAL.pack(b"PK\x01\x02", *fields, member.crc, *lengths) + member.name + extra


def _crc_of(region: Region) -> int:
    piece, crc = memoryview(bytearray(_PIECE)), 0
    region.seek(0)
    while n := region.readinto(piece):
        crc = zlib.crc32(piece[:n], crc)
    return crc
