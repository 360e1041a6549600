"""Text in the attributes of HDF5 objects, and its length before libhdf5 allocates it.

A string of variable length stands elsewhere in the file, and the attribute only refers to it. HDF5
does not tell its length, and reads whatever is referred to: a small file can ask for a huge string,
or for one string a million times. So the references are looked up in the object's header first.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np

_ATTRIBUTE, _CONTINUATION = 0x0C, 0x10
_REFERENCE = 16  # bytes: length, address of a heap, index in it
_MOST_BLOCKS = 1000  # of one object's header


def text_bytes(file: BinaryIO, address: int, name: bytes) -> int | None:
    """Return the sum of the lengths that an attribute's variable-length strings declare.

    Args:
        file: The HDF5 file.
        address: Where in it the object's header begins.
        name: Name of the attribute.

    Returns:
        None if it is kept in a way that no file of Keras has.
    """
    try:
        for kind, body in _messages(file, address):
            if kind == _ATTRIBUTE:
                found, data = _attribute(body)
                if found == name:
                    return sum(
                        struct.unpack_from("<I", data, at)[0]
                        for at in range(0, len(data) - _REFERENCE + 1, _REFERENCE)
                    )
    except (struct.error, IndexError, ValueError):
        pass
    return None


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    data = file.read(size)
    if len(data) != size:
        raise ValueError
    return data


def _messages(file: BinaryIO, address: int) -> Iterator[tuple[int, bytes]]:
    """Yield (type, content) of an object's header messages; what is shared is left out."""
    start = _read(file, address, 32)
    new = start[:4] == b"OHDR"
    if new:
        flags = start[5]
        at = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(_read(file, at, width), "little")
        blocks = [(at + width, size)]
        head = 6 if flags & 4 else 4
    else:
        if start[0] != 1:
            raise ValueError
        blocks = [(address + 16, struct.unpack_from("<I", start, 8)[0])]
        head = 8
    for done, (at, size) in enumerate(blocks):
        if done > _MOST_BLOCKS or size > 1 << 24:
            raise ValueError
        data = _read(file, at, size)
        here = 0
        while here + head <= len(data):
            if new:
                kind, length, flag = struct.unpack_from("<BHB", data, here)
            else:
                kind, length, flag = struct.unpack_from("<HHB", data, here)
            body = data[here + head : here + head + length]
            here += head + length
            if kind == _CONTINUATION:
                where, much = struct.unpack_from("<QQ", body)
                blocks.append((where + 4, much - 8) if new else (where, much))
            elif not flag & 2:
                yield kind, body


def _attribute(body: bytes) -> tuple[bytes, bytes]:
    """Return an attribute's name and raw data."""
    version = body[0]
    name, dtype, space = struct.unpack_from("<HHH", body, 2)
    at = 8 if version < 3 else 9
    label = body[at : at + name].split(b"\0")[0]
    sizes = (name, dtype, space)
    if version == 1:
        sizes = tuple(-(-n // 8) * 8 for n in sizes)  # type: ignore[assignment]
    return label, body[at + sum(sizes) :]


def as_strings(value: np.ndarray) -> list[str]:
    """Return the strings of an array as h5py reads it: bytes (padded) or str.

    Raises:
        UnicodeDecodeError: if one is not UTF-8.
    """
    return [_as_string(v) for v in value.reshape(-1).tolist()]


def _as_string(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    text = str(value)
    text.encode("utf-8")  # h5py lets bytes that are not UTF-8 pass as lone surrogates
    return text


class Attributes:
    """The attributes of the objects of an open HDF5 file that was walked and found harmless.

    Args:
        h5: The h5py module.
        file: The open `h5py.File`.
        raw: The file under it.
        room: Bytes of the file that are no data of datasets: all strings stand there.
        limit: Bytes that may be read together.
        error: Makes an error of `(message, place)`.
    """

    def __init__(
        self,
        h5: Any,
        file: Any,
        raw: BinaryIO,
        room: int,
        limit: int,
        error: Callable[[str, str], Exception],
    ) -> None:
        self._h5, self._file, self._raw = h5, file, raw
        self._room, self._left, self._error = room, limit, error

    def has(self, at: str, name: str) -> bool:
        """Tell whether an object has an attribute."""
        return self._open(at, name) is not None

    def text(self, at: str, name: str) -> str | None:
        """Return an attribute that is one string; None if there is none of the name."""
        found = self._strings(at, name)
        if found is None:
            return None
        shape, values = found
        if shape != ():
            raise self._error(f"the attribute {name} must be a string", at)
        return values[0]

    def names(self, at: str, name: str) -> list[str] | None:
        """Return an attribute that is a list of strings; a long one stands in name0, name1, …"""
        found = self._strings(at, name)
        if found is not None:
            return self._row(at, name, found)
        out: list[str] = []
        part = 0
        while (found := self._strings(at, f"{name}{part}")) is not None:
            out += self._row(at, f"{name}{part}", found)
            part += 1
        return out if part else None

    def _row(self, at: str, name: str, found: tuple[tuple[int, ...], list[str]]) -> list[str]:
        if len(found[0]) != 1:
            raise self._error(f"the attribute {name} must be a list of strings", at)
        return found[1]

    def number(self, at: str, name: str) -> int | None:
        """Return an attribute that is a whole number; None if there is none of the name."""
        attribute = self._open(at, name)
        if attribute is None:
            return None
        if attribute.shape not in ((), (1,)) or attribute.dtype.kind not in "iu":
            raise self._error(f"the attribute {name} must be a whole number", at)
        value = np.empty(attribute.shape, attribute.dtype)
        attribute.read(value)
        return int(value.reshape(-1)[0])

    def _open(self, at: str, name: str) -> Any:
        obj, raw = self._file[at or "/"].id, name.encode()
        return self._h5.h5a.open(obj, raw) if self._h5.h5a.exists(obj, raw) else None

    def _strings(self, at: str, name: str) -> tuple[tuple[int, ...], list[str]] | None:
        try:
            return self._read(at, name)
        except UnicodeError as e:
            raise self._error(f"the attribute {name} is not UTF-8", at) from e
        except (OSError, RuntimeError, KeyError, TypeError) as e:
            if isinstance(e, OSError) and e.errno is not None and e.errno != 22:
                raise  # the device failed, not the file
            raise self._error(
                f"the attribute {name} cannot be read ({type(e).__name__})", at
            ) from e

    def _read(self, at: str, name: str) -> tuple[tuple[int, ...], list[str]] | None:
        attribute = self._open(at, name)
        if attribute is None:
            return None
        space = attribute.get_space()
        if space.get_simple_extent_type() == self._h5.h5s.NULL:
            raise self._error(f"the attribute {name} is without a shape", at)
        shape = tuple(int(n) for n in space.get_simple_extent_dims())
        if 0 in shape:
            return shape, []  # h5py writes an empty list as numbers
        kind = attribute.get_type()
        if not isinstance(kind, self._h5.h5t.TypeStringID):
            raise self._error(f"the attribute {name} must hold text", at)
        if kind.is_variable_str():
            obj = self._file[at or "/"].id
            size = text_bytes(self._raw, self._h5.h5o.get_info(obj).addr, name.encode())
            if size is None or size > self._room or size > self._left:
                raise self._error(f"the attribute {name} is over the size limit", at)
            self._left -= size
        value = np.empty(shape, attribute.dtype)
        attribute.read(value)
        return shape, as_strings(value)
