"""Builders of damaged and hostile files; nothing binary is kept in git."""

import io
import json
import struct
import zipfile
from pathlib import Path

import h5py

_CENTRAL = {
    "flags": (8, "<H"), "method": (10, "<H"), "crc": (16, "<I"), "stored": (20, "<I"),
    "size": (24, "<I"), "disk": (34, "<H"), "attributes": (38, "<I"), "header": (42, "<I"),
}  # fmt: skip


def rezip(source, change=None, add=(), method=zipfile.ZIP_STORED) -> bytes:
    """Copy an archive; `change` maps names to new content (None drops), `add` may repeat names."""
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", method) as new:
        for info in old.infolist():
            data = (change or {}).get(info.filename, old.read(info))
            if data is not None:
                new.writestr(info.filename, data)
        for name, data in add:
            new.writestr(name, data)
    return out.getvalue()


def edit_config(source, change) -> bytes:
    """Copy an archive with another config: `change(config)` edits it or returns a new one."""
    with zipfile.ZipFile(source) as archive:
        config = json.loads(archive.read("config.json"))
    config = change(config) or config
    return rezip(source, {"config.json": json.dumps(config).encode()})


def patch_central(data: bytes, name: str, field: str, value: int) -> bytes:
    """Lie in the central directory about one member."""
    out = bytearray(data)
    at, form = _CENTRAL[field]
    entry = out.find(b"PK\x01\x02")
    while entry >= 0:
        (length,) = struct.unpack_from("<H", out, entry + 28)
        if bytes(out[entry + 46 : entry + 46 + length]) == name.encode():
            struct.pack_into(form, out, entry + at, value)
        entry = out.find(b"PK\x01\x02", entry + 4)
    return bytes(out)


def flip(data: bytes, offset: int, bit: int = 6) -> bytes:
    """Turn over one bit."""
    out = bytearray(data)
    out[offset] ^= 1 << bit
    return bytes(out)


def edit_h5(source, change) -> bytes:
    """Copy an HDF5 file (bytes or a path), edited by `change(file)`."""
    buffer = io.BytesIO(source if isinstance(source, bytes) else Path(source).read_bytes())
    with h5py.File(buffer, "r+") as f:
        change(f)
    return buffer.getvalue()


def make_h5(change, **options) -> bytes:
    """Make a new HDF5 file, filled by `change(file)`."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as f:
        change(f)
    return buffer.getvalue()


def swap(path, **options):
    """An edit that replaces a dataset by another declaration."""

    def change(f):
        if path in f:
            del f[path]
        f.create_dataset(path, **options)

    return change


def put(path, value):
    """An edit that replaces an object or link."""

    def change(f):
        if path in f:
            del f[path]
        f[path] = value

    return change


def virtual(path, source, key, shape):
    """An edit that replaces a dataset by one that maps another file's data."""

    def change(f):
        layout = h5py.VirtualLayout(shape, "f4")
        layout[...] = h5py.VirtualSource(source, key, shape)
        del f[path]
        f.create_virtual_dataset(path, layout)

    return change


def unknown_filter(path, shape, filter_id=32015):
    """An edit that replaces a dataset by one packed with a plugin's filter."""

    def change(f):
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(shape)
        plan.set_filter(filter_id, h5py.h5z.FLAG_OPTIONAL, ())
        del f[path]
        group, name = path.rsplit("/", 1)
        space = h5py.h5s.create_simple(shape)
        h5py.h5d.create(f[group].id, name.encode(), h5py.h5t.IEEE_F32LE, space, plan)

    return change
