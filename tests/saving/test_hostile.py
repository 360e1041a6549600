"""Bad archives through the public loaders: the stated error, and nothing else happens."""

import io
import os
import random
import struct
import tarfile
import zipfile

import pytest
from saving.containers import members
from saving.damage import flip, patch_central, rezip
from saving.hostile import MFE, SAME

from saving.hostile import UME, Batch, Child  # isort: skip  # noqa: F401  (others take them here)


@pytest.mark.safety("A1")
def test_a1_cut(batch, files):
    data = (files / "good.keras").read_bytes()
    points = {0, 1, 29, len(data) // 2, len(data) - 22, len(data) - 1}
    for info, content in members(data):
        start = info.header_offset
        points |= {start, start + 30 + len(info.filename), start + 40 + len(content) // 2}
    points |= {data.find(b"PK\x01\x02") + n for n in (0, 20, 60)}
    for n in sorted(points):
        batch.add(f"cut {n}", data[:n], MFE, where="truncated")
    batch.run()


@pytest.mark.safety("A2")
def test_a2_flip(batch, files):
    data = (files / "good.keras").read_bytes()
    rng = random.Random(0)
    points = {rng.randrange(len(data)) for _ in range(200)}
    for info, content in members(data):
        start = info.header_offset
        points |= {start + n for n in (0, 6, 8, 14, 18, 26, 30)}
        points |= {start + 30 + len(info.filename) + i * len(content) // 4 for i in (0, 1, 2, 3)}
    central = data.find(b"PK\x01\x02")
    points |= set(range(central, len(data), 5)) | set(range(len(data) - 22, len(data)))
    for n in sorted(points):
        batch.add(f"flip {n}", flip(data, n, n % 8), "error or same")
    batch.run()


@pytest.mark.sweep
@pytest.mark.safety("A2")
def test_a2_flip_every_byte_of_the_directory(batch, files):
    data = (files / "good.keras").read_bytes()
    for n in range(data.find(b"PK\x01\x02"), len(data)):
        for bit in (0, 3, 7):
            batch.add(f"flip {n}.{bit}", flip(data, n, bit), "error or same")
    batch.run()


@pytest.mark.safety("A3", "A4", "A5", "A8")
def test_a3_a4_a5_a8_members(batch, files):
    K = files / "good.keras"
    data = K.read_bytes()
    other = b'{"class_name": "Sequential", "config": {"layers": []}}'
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = rezip(K, add=[("config.json", other)])
    batch.add("a3 duplicate", twice, MFE, where="duplicate member")
    batch.add("a3 case", rezip(K, add=[("Config.json", other)]), MFE, where="duplicate member")
    nul = rezip(K, add=[("config.jsonXx", other)]).replace(b"config.jsonXx", b"config.json\0x")
    batch.add("a3 nul", nul, MFE)
    for name in ("config.json", "metadata.json", "model.weights.h5"):
        batch.add(f"a4 {name}", rezip(K, {name: None}), MFE, where=f"missing member {name}")
    for field in ("size", "stored"):
        for value in (0xEFFFFFFF, 0xFFFFFFFF, 0):
            lie = patch_central(data, "config.json", field, value)
            batch.add(f"a5 {field} {value}", lie, MFE, where="config.json")
    batch.add("a8 encrypted", patch_central(data, "config.json", "flags", 1), MFE, where="encrypt")
    batch.add("a8 method", patch_central(data, "config.json", "method", 99), MFE, where="compres")
    batch.add("deflated", rezip(K, method=8), SAME)
    batch.run()


@pytest.mark.safety("A6")
def test_a6_bombs(batch, files):
    K = files / "good.keras"
    batch.add("config", rezip(K, {"config.json": b" " * (80 << 20)}, method=8), MFE, where="limit")
    batch.add("asset", rezip(K, add=[("assets/z", bytes(120 << 20))], method=8), MFE, where="limit")
    spaces = rezip(K, {"config.json": b" " * (70 << 20)})
    batch.add("stored config", spaces, MFE, where="limit")
    weights = rezip(K, {"model.weights.h5": bytes(40 << 20)}, method=8)
    batch.add("weights", weights, MFE, where="limit")
    batch.run()


@pytest.mark.safety("A7")
def test_a7_names_and_links(batch, files):
    K = files / "good.keras"
    data = K.read_bytes()
    names = (
        "../../evil", "/abs", "assets/../../evil", "a\\..\\..\\b", "C:x", "n" * 2000,
        "assets/../x", "assets//x", "assets/./x", "assets/x\n", "assets/" + "n" * 300,
    )  # fmt: skip
    for i, name in enumerate(names):
        batch.add(f"name {i}", rezip(K, add=[(name, b"x")]), MFE)
    for kind in (0o120777, 0o010777, 0o020777, 0o140777):
        link = patch_central(data, "config.json", "attributes", kind << 16)
        batch.add(f"link {kind:o}", link, MFE, where="config.json")
    batch.add("unknown", rezip(K, add=[("evil.py", b"x")]), MFE, where="evil.py")
    batch.add("unknown folder", rezip(K, add=[("code/x.py", b"x")]), MFE, where="code/x.py")
    batch.run()


@pytest.mark.safety("A9")
def test_a9_other_things(batch, files, tmp_path):
    K = files / "good.keras"
    data = K.read_bytes()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.add(K, "m.keras")
    for name, content in {
        "prefix": b"#!/bin/sh\n" + data,
        "suffix": data + b"X" * 100,
        "comment": data[:-2] + struct.pack("<H", 4) + b"evil",
        "twice": data + data,
        "tar": tar.getvalue(),
        "hdf5": (files / "good.weights.h5").read_bytes(),
        "png": b"\x89PNG\r\n\x1a\n" + bytes(99),
        "text": (files / "good.json").read_bytes(),
    }.items():
        batch.add(name, content, MFE)
    pipe, folder = tmp_path / "pipe.keras", tmp_path / "folder.keras"
    os.mkfifo(pipe)
    folder.mkdir()
    zero = tmp_path / "zero.keras"
    zero.symlink_to("/dev/zero")
    batch.add("pipe", pipe, MFE, where="pipe or device")
    batch.add("device", zero, MFE, where="pipe or device")
    batch.add("folder", folder, "IsADirectoryError")
    batch.add("missing", tmp_path / "nope.keras", "FileNotFoundError")
    batch.run()


def empty_members(count):
    """An archive of so many members without content."""
    names = [b"%d" % i for i in range(count)]
    locals_ = [struct.pack("<4s5H3L2H", b"PK\3\4", 20, *[0] * 7, len(n), 0) + n for n in names]
    at, central = 0, []
    for name, header in zip(names, locals_, strict=True):
        fields = (20, 20, *[0] * 7, len(name), *[0] * 5, at)
        central.append(struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields) + name)
        at += len(header)
    size = sum(map(len, central))
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, at)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, size, at, 0)
    return b"".join([*locals_, *central, end64, locator, end])


@pytest.mark.safety("A10")
def test_a10_too_many_and_shared(batch, files):
    data = (files / "good.keras").read_bytes()
    with zipfile.ZipFile(io.BytesIO(empty_members(70_000))) as archive:
        assert len(archive.namelist()) == 70_000, "the builder makes a valid archive"
    batch.add("members", empty_members(200_000), MFE, where="200000 members are over the limit")
    offsets = {i.filename: i.header_offset for i, _ in members(data)}
    for name in offsets:
        for other, offset in offsets.items():
            if other != name:
                shared = patch_central(data, name, "header", offset)
                batch.add(f"{name} at {other}", shared, MFE)
    batch.run()
